"""The versions of a model's taxonomy since it was trained: written once, read by whoever opens it.

``DIR/versions/0004/change.json`` holds the change as facts, when it was made, the sha256 of the
version before (of the base's manifest for the first) and of its own ``vectors.npy``: what an
encoder made of the labels that are new or called otherwise. ``DIR/CURRENT`` names the version in
use and the sha256 of its change, and so the whole chain. A version that `CURRENT` has never named
is what a killed process left; it does not count, and the next change replaces it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xmlrec.errors import ModelError
from xmlrec.models.disk import file_digest
from xmlrec.models.model_dir import CURRENT, VERSIONS, model_digest, read_manifest, verify_base
from xmlrec.taxonomy.change_sets import change_from_json, change_to_json
from xmlrec.taxonomy.changes import Change

FORMAT = 1
CHANGE = "change.json"
VECTORS = "vectors.npy"
_RESTORE = "bring the file back, or train again with `xmlrec train`"

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A change that was made.

    Attributes
    ----------
    number : int
        The first change of a taxonomy makes version 1.
    time : str
        UTC, such as ``2026-01-31T12:00:00Z``; empty for a training, which depends on no clock.
    text : str
        What was done, for people.
    change : Change
    columns : tuple of int
        The labels that ``vectors`` are for.
    vectors : float32 array, shape (len(columns), dim), or None
    """

    number: int
    time: str
    text: str
    change: Change
    columns: tuple[int, ...] = ()
    vectors: FloatArray | None = None


def version_to_json(version: Version) -> dict[str, Any]:
    """Return what JSON says of a version, its vectors left out."""
    return {
        "version": version.number,
        "time": version.time,
        "text": version.text,
        "change": change_to_json(version.change),
    }


def version_from_json(values: dict[str, Any]) -> Version:
    """Return what `version_to_json` gave; something else raises almost anything."""
    change = change_from_json(values["change"])
    return Version(int(values["version"]), str(values["time"]), str(values["text"]), change)


def read_versions(model_dir: Path, *, verify: bool = False) -> list[Version]:
    """Return the versions up to the one in use; none if the taxonomy never changed since training.

    Parameters
    ----------
    verify : bool
        Whether to check the digests of vectors too. Those of changes are always checked.

    Raises
    ------
    ModelError
        If a version is missing or damaged, or belongs to another model.
    """
    number, wanted = read_current(model_dir)
    if not number:
        return []
    versions: list[Version] = []
    digest = model_digest(model_dir)
    for folder in _folders(model_dir, number):
        versions.append(_read_version(model_dir, folder, digest, verify=verify))
        digest = file_digest(folder / CHANGE)
    if digest != wanted or not versions or versions[-1].number != number:
        raise ModelError(str(model_dir), f"{CURRENT} does not belong to its versions", _RESTORE)
    return versions


def current_version(model_dir: Path) -> int:
    """Return the number of the version in use; 0 is what was trained on first.

    Raises
    ------
    ModelError
        If there is no model, or what says so is damaged.
    """
    return read_current(model_dir)[0] or int(read_manifest(model_dir).get("version", 0))


def verify_model(model_dir: Path) -> dict[str, Any]:
    """Return the manifest of a model after checking every file's digest, versions included.

    Raises
    ------
    ModelError
        Naming what is missing, was changed or does not belong there.
    """
    manifest = verify_base(model_dir)
    read_versions(model_dir, verify=True)
    return manifest


def version_name(number: int) -> str:
    """Return the name of a version's folder."""
    return f"{number:04d}"


def _folders(model_dir: Path, number: int) -> list[Path]:
    """Return the folders of the versions up to ``number``; the first follows the base's own."""
    first = int(read_manifest(model_dir).get("version", 0)) + 1
    return [model_dir / VERSIONS / version_name(n) for n in range(first, number + 1)]


def read_current(model_dir: Path) -> tuple[int, str]:
    """Return the number of the version in use and the digest of its change; 0 and "" if none is.

    Raises
    ------
    ModelError
        If the file that says so is damaged.
    """
    try:
        number, digest = (model_dir / CURRENT).read_text(encoding="utf-8").split()
        return int(number), digest
    except FileNotFoundError:
        return 0, ""
    except (OSError, ValueError) as error:
        problem = f"{CURRENT} is damaged ({type(error).__name__})"
        raise ModelError(str(model_dir), problem, _RESTORE) from error


def _read_version(model_dir: Path, folder: Path, before: str, *, verify: bool) -> Version:
    place = f"{VERSIONS}/{folder.name}"
    try:
        values = json.loads((folder / CHANGE).read_text(encoding="utf-8"))
        if values["format"] > FORMAT:
            step = "upgrade with `pip install -U xmlrec`"
            raise ModelError(str(model_dir), f"{place} is of a newer format", step)
        version = version_from_json(values)
        is_linked = values["previous"] == before and version.number == int(folder.name)
        columns, file = tuple(values["columns"]), values["vectors"]
    except FileNotFoundError as error:
        raise ModelError(str(model_dir), f"{place}/{CHANGE} is missing", _RESTORE) from error
    except ModelError:
        raise
    except Exception as error:  # JSON of another shape raises anything
        problem = f"{place}/{CHANGE} is damaged ({type(error).__name__})"
        raise ModelError(str(model_dir), problem, _RESTORE) from error
    if not is_linked:
        problem = f"{place} does not follow the version before it"
        raise ModelError(str(model_dir), problem, _RESTORE)
    vectors = _read_vectors(model_dir, folder, file, verify=verify) if file else None
    if vectors is not None and vectors.shape[:-1] != (len(columns),):
        raise ModelError(str(model_dir), f"{place}/{VECTORS} has another shape", _RESTORE)
    return Version(version.number, version.time, version.text, version.change, columns, vectors)


def _read_vectors(
    model_dir: Path, folder: Path, file: dict[str, Any], *, verify: bool
) -> FloatArray:
    """Return the vectors of a version, memory-mapped."""
    path = folder / VECTORS
    place = f"{VERSIONS}/{folder.name}/{VECTORS}"
    try:
        if path.stat().st_size != file["bytes"]:
            problem = f"{place} has {path.stat().st_size} bytes, not {file['bytes']}"
            raise ModelError(str(model_dir), problem, _RESTORE)
        if verify and file_digest(path) != file["sha256"]:
            raise ModelError(str(model_dir), f"{place} was changed", _RESTORE)
        vectors: FloatArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise ModelError(str(model_dir), f"{place} is missing", _RESTORE) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{place} is damaged ({type(error).__name__})"
        raise ModelError(str(model_dir), problem, _RESTORE) from error
    return vectors
