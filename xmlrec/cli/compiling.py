"""The first run after install compiles numeric kernels; later ones find them on disk."""

from pathlib import Path

import typer


def announce_compilation() -> None:
    """Say on stderr that kernels are compiled if none of this version lie on disk yet."""
    from label_trees.kernels.search import search_rows
    from xmlrec.text.kernels.ngrams import transform_rows

    for kernel in (search_rows, transform_rows):
        if not hasattr(kernel, "stats"):  # NUMBA_DISABLE_JIT makes it a plain function
            return
        name = kernel.py_func.__module__.rpartition(".")[2]
        found = Path(str(kernel.stats.cache_path)).glob(
            f"{name}.{kernel.py_func.__qualname__}-*.nbi"
        )
        if not any(found):
            typer.echo(
                "first run after install: compiling for this processor, once, about 10 s", err=True
            )
            return
