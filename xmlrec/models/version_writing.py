"""Writing versions of a model's taxonomy, each at once or not at all."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from xmlrec.errors import ModelError
from xmlrec.models.disk import file_digest, locked, sync
from xmlrec.models.model_dir import CURRENT, VERSIONS, model_digest
from xmlrec.models.versions import (
    CHANGE,
    FORMAT,
    VECTORS,
    Version,
    read_current,
    version_name,
    version_to_json,
)


@contextmanager
def locked_model(model_dir: Path) -> Iterator[None]:
    """Be the only one that changes a model; others wait.

    Raises
    ------
    ModelError
        If it cannot be changed at all.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(model_dir))
        except OSError as error:
            problem = f"it cannot be changed ({error.strerror or error})"
            raise ModelError(str(model_dir), problem) from error
        yield


def append_version(model_dir: Path, version: Version) -> None:
    """Write the next version and make it the one in use; the caller holds the lock.

    If that fails at any moment, or the process is killed, the version in use stays.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    folder = model_dir / VERSIONS
    target = folder / version_name(version.number)
    try:
        before = read_current(model_dir)[1] or model_digest(model_dir)
        folder.mkdir(exist_ok=True)
        _clear(folder, target)
        try:
            digest = _write_version(folder, version, before)
            _write_current(folder, model_dir, version.number, digest)
        except BaseException:
            if read_current(model_dir)[0] != version.number:
                with suppress(OSError):
                    _clear(folder, target)
                    folder.rmdir()  # if it was the first
            raise
    except OSError as error:
        problem = f"the change cannot be written ({error.strerror or error})"
        raise ModelError(str(model_dir), problem) from error


def write_versions(model_dir: Path, versions: Sequence[Version]) -> None:
    """Write all versions of a model that nobody has opened yet.

    Raises
    ------
    OSError
        If that fails.
    """
    if not versions:
        return
    folder = model_dir / VERSIONS
    folder.mkdir()
    digest = model_digest(model_dir)
    for version in versions:
        digest = _write_version(folder, version, digest)
    _write_current(folder, model_dir, versions[-1].number, digest)


def _write_version(folder: Path, version: Version, before: str) -> str:
    """Write a version's folder at once and return the digest of its change."""
    aside = folder / f".{version_name(version.number)}.new"
    aside.mkdir()
    vectors = None
    if version.vectors is not None and version.vectors.size:
        path = aside / VECTORS
        np.save(path, np.ascontiguousarray(version.vectors, dtype=np.float32))
        vectors = {"bytes": path.stat().st_size, "sha256": file_digest(path)}
    values = {
        "format": FORMAT,
        "previous": before,
        **version_to_json(version),
        "columns": list(version.columns) if vectors else [],
        "vectors": vectors,
    }
    text = json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (aside / CHANGE).write_text(text, encoding="utf-8")
    for path in [*aside.iterdir(), aside]:
        sync(path)
    aside.rename(folder / version_name(version.number))
    sync(folder)
    return file_digest(folder / version_name(version.number) / CHANGE)


def _write_current(folder: Path, model_dir: Path, number: int, digest: str) -> None:
    """Name the version in use; ``folder`` is where the file is made ready."""
    ready = folder / f".{CURRENT}.new"
    ready.write_text(f"{version_name(number)} {digest}\n", encoding="utf-8")
    sync(ready)
    os.replace(ready, model_dir / CURRENT)
    with suppress(OSError):  # it is in use from here on
        sync(model_dir)


def _clear(folder: Path, target: Path) -> None:
    """Remove what was not finished: whatever is hidden in ``folder``, and ``target``."""
    for path in (*folder.glob(".*"), target):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
