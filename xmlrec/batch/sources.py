"""What a run is made of, so that another one is told from it."""

import hashlib
import os
import zlib
from collections.abc import Sequence
from importlib.metadata import version

from xmlrec.batch.contract import AnyRequest
from xmlrec.catalog import CatalogSettings
from xmlrec.errors import InputError

_END_BYTES = 1 << 20


def run_facts(
    sources: Sequence[str], settings: CatalogSettings, request: AnyRequest, *, kind: str = "catalog"
) -> dict[str, str]:
    """Return the facts that settle every byte of a run's output, by name.

    Parameters
    ----------
    kind : str
        What the files are called.

    Raises
    ------
    InputError
        If a file is not there or cannot be read.
    """
    made_by = f"{version('xmlrec')} {zlib.ZLIB_RUNTIME_VERSION}"  # another zlib, other bytes
    asked = f"{request.digest()} {settings} {made_by}"
    return {
        kind: " ".join(map(file_fact, sources)),
        "model": request.model_name,
        "settings": hashlib.sha256(asked.encode()).hexdigest(),
    }


def file_fact(name: str) -> str:
    """Return the size, the time and a digest of the first and the last megabyte of a file.

    What is no regular file, standard input or a pipe, has none: its fact is its name.
    """
    if not os.path.isfile(name):
        return name
    try:
        with open(name, "rb") as file:
            facts = os.fstat(file.fileno())
            digest = hashlib.sha256(file.read(_END_BYTES))
            file.seek(max(facts.st_size - _END_BYTES, 0))
            digest.update(file.read(_END_BYTES))
    except OSError as error:
        raise InputError(name, f"it cannot be read ({error.strerror})") from None
    return f"{facts.st_size}-{facts.st_mtime_ns}-{digest.hexdigest()}"


def can_be_read_again(sources: Sequence[str]) -> bool:
    """Say whether all sources are files, whose parts can be gone on from."""
    return all(map(os.path.isfile, sources))
