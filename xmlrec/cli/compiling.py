"""The first run after install compiles numeric kernels; later ones find them on disk."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer


def provide_cache() -> None:
    """Name a temporary folder for compiled kernels where they cannot be kept.

    They lie beside their source, else in the user's cache folder; numba fails if it can write to
    neither.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    while home and not os.path.exists(home):
        home = os.path.dirname(home)
    kept = any(os.access(folder, os.W_OK) for folder in (Path(__file__).parent, home))
    if not kept and "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="xmlrec-")


def announce_compilation() -> bool:
    """Say on stderr, and return, that kernels will be compiled as none of them lie on disk yet."""
    from label_trees.kernels.search import search_rows
    from xmlrec.text.kernels.ngrams import transform_rows

    return announce_missing((search_rows, transform_rows))


def announce_recommending() -> bool:
    """Say, and return, the same of the kernels that recommend items."""
    from xmlrec.recommend.kernels.candidates import find_candidates
    from xmlrec.recommend.neighbours.kernels import evidence_rows

    return announce_missing((find_candidates, evidence_rows))


def announce_missing(kernels: Iterable[Any]) -> bool:
    """Say on stderr, and return, whether one of the kernels does not lie on disk."""
    for kernel in kernels:
        if not hasattr(kernel, "stats"):  # NUMBA_DISABLE_JIT makes it a plain function
            return False
        name = kernel.py_func.__module__.rpartition(".")[2]
        found = Path(str(kernel.stats.cache_path)).glob(
            f"{name}.{kernel.py_func.__qualname__}-*.nbi"
        )
        if not any(found):
            typer.echo(
                "first run after install: compiling for this processor, once, about 10 s", err=True
            )
            return True
    return False
