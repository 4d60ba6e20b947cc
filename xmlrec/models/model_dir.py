"""A model directory: written aside and renamed at once, checked when it is opened.

``DIR/base/manifest.json`` holds the format number, the settings and the size and sha256 of every
other file below ``base``. Nothing in it depends on when or where it was written: the same training
gives the same bytes. No pickle. Beside it are the versions of the taxonomy since, see
`xmlrec.models.versions`.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xmlrec.errors import ModelError
from xmlrec.models.disk import LOCK, file_digest, locked, sync

FORMAT = 5
BASE = "base"
VERSIONS = "versions"
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
RETRAIN = "train it again with `xmlrec train`"


def write_model(
    model_dir: Path,
    description: dict[str, Any],
    fill: Callable[[Path], None],
    *,
    finish: Callable[[Path], None] | None = None,
    check: Callable[[], None] | None = None,
) -> None:
    """Make ``model_dir`` appear at once, complete, in the place of an older model if there is one.

    Parameters
    ----------
    description : dict
        What the manifest says besides ``format`` and ``files``.
    fill : callable
        Writes all other files into the folder of the base, which it is given.
    finish : callable, optional
        Writes what stands beside the base, whose manifest is there, into the folder it is given.
    check : callable, optional
        Raises if an older model may not be replaced; nobody changes that one meanwhile.

    Raises
    ------
    ModelError
        If ``model_dir`` holds something that is not a model, or cannot be written.
    """
    check_writable(model_dir)
    model_dir = model_dir.resolve()  # a link stays, the folder behind it is replaced
    aside = model_dir.with_name(f".{model_dir.name}.{os.getpid()}.new")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        base = aside / BASE
        base.mkdir(parents=True)
        fill(base)
        manifest = {"format": FORMAT, **description, "files": _describe_files(base)}
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (base / MANIFEST).write_text(text, encoding="utf-8")
        if finish is not None:
            finish(aside)
        for path in [*aside.rglob("*"), aside]:
            sync(path)
        _put_in_place(aside, model_dir, check)
    except OSError as error:
        problem = f"it cannot be written ({error.strerror or error})"
        raise ModelError(str(model_dir), problem) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_writable(model_dir: Path) -> None:
    """Raise `ModelError` if ``model_dir`` cannot be made, or holds more than a model."""
    parent = model_dir.resolve().parent
    if not parent.is_dir():
        raise ModelError(str(model_dir), f"there is no folder {parent}", "make it first")
    if not os.access(parent, os.W_OK):
        raise ModelError(str(model_dir), f"the folder {parent} cannot be written to")
    if model_dir.is_dir():
        names = {path.name for path in model_dir.iterdir()}
        is_model = (model_dir / BASE / MANIFEST).is_file()
        if names and not (is_model and names <= {BASE, VERSIONS, CURRENT, LOCK}):
            raise ModelError(
                str(model_dir), "the folder holds other files", "name a new folder with --model"
            )
    elif model_dir.exists():
        raise ModelError(str(model_dir), "a file has this name", "name a folder with --model")


def check_kind(model_dir: Path, kind: str) -> None:
    """Raise `ModelError` if a model of another kind would be lost with the one that is there."""
    try:
        there = read_manifest(model_dir).get("kind")
    except ModelError:
        return  # none, or it can only be made again
    if there != kind:
        problem = f"it is a {there}, which would be lost"
        raise ModelError(str(model_dir), problem, "name another folder with --model")


def read_manifest(model_dir: Path) -> dict[str, Any]:
    """Return the manifest of a model whose files are all there with the right sizes.

    Raises
    ------
    ModelError
        If there is no model, it is of a newer format, or a file is missing or of another size.
    """
    path = model_dir / BASE / MANIFEST
    if not path.is_file():
        problem = "it holds no model" if model_dir.is_dir() else "there is no such model directory"
        raise ModelError(str(model_dir), problem, "make one with `xmlrec train`")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        _check_format(model_dir, manifest["format"])
        sizes = {name: file["bytes"] for name, file in manifest["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        problem = f"{BASE}/{MANIFEST} is damaged ({type(error).__name__})"
        raise ModelError(str(model_dir), problem, RETRAIN) from error
    for name, size in sizes.items():
        file = model_dir / BASE / name
        if not file.is_file():
            raise ModelError(str(model_dir), f"{BASE}/{name} is missing", RETRAIN)
        if file.stat().st_size != size:
            problem = f"{BASE}/{name} has {file.stat().st_size} bytes, not {size}"
            raise ModelError(str(model_dir), problem, RETRAIN)
    return dict(manifest)


def _check_format(model_dir: Path, model_format: int) -> None:
    if model_format != FORMAT:
        problem = f"it is of format {model_format}, this xmlrec reads format {FORMAT}"
        is_newer = model_format > FORMAT
        step = "upgrade with `pip install -U xmlrec`" if is_newer else RETRAIN
        raise ModelError(str(model_dir), problem, step)


def verify_base(model_dir: Path) -> dict[str, Any]:
    """Return the manifest after checking the digest of every file of the base.

    Raises
    ------
    ModelError
        As `read_manifest`; also naming every file that was changed or does not belong there.
    """
    manifest = read_manifest(model_dir)
    files = manifest["files"]
    base = model_dir / BASE
    changed = [name for name in files if file_digest(base / name) != files[name].get("sha256")]
    if changed:
        raise ModelError(str(model_dir), f"changed since training: {', '.join(changed)}", RETRAIN)
    extra = sorted(set(_file_names(base)) - set(files))
    if extra:
        raise ModelError(str(model_dir), f"files that do not belong there: {', '.join(extra)}")
    return manifest


def model_digest(model_dir: Path) -> str:
    """Return the sha256 of the manifest, which covers every file: the model's identity."""
    return file_digest(model_dir / BASE / MANIFEST)


def _describe_files(base: Path) -> dict[str, dict[str, Any]]:
    return {
        name: {"bytes": (base / name).stat().st_size, "sha256": file_digest(base / name)}
        for name in _file_names(base)
    }


def _file_names(base: Path) -> list[str]:
    paths = (path for path in base.rglob("*") if path.is_file() and path != base / MANIFEST)
    return sorted(path.relative_to(base).as_posix() for path in paths)


def _put_in_place(aside: Path, model_dir: Path, check: Callable[[], None] | None) -> None:
    if not model_dir.exists():
        aside.rename(model_dir)
    else:
        with locked(model_dir):
            if check is not None:
                check()
            old = model_dir.with_name(f".{model_dir.name}.{os.getpid()}.old")
            model_dir.rename(old)
            try:
                aside.rename(model_dir)
            except BaseException:
                old.rename(model_dir)
                raise
        shutil.rmtree(old, ignore_errors=True)
    sync(model_dir.parent)
