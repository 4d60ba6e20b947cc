"""Time the opening of a saved forest: ``python -m bench.opening FOLDER X_TEST.npz``.

The clock runs from `load_forest` to the answer for one row. It runs twice: with the files in the
memory of the system, as after saving, and after they were dropped from it. Before that the same
forest is opened and asked for another row, which loads the kernels.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from label_trees import load_forest


def main(folder: Path, matrix: Path) -> None:
    X = sp.csr_matrix(sp.load_npz(matrix), dtype=np.float32)
    open_and_rank(folder, X[[0]])
    measures = {"open_ms": open_and_rank(folder, X[[-1]])}
    drop_from_memory(folder)
    measures["open_from_disk_ms"] = open_and_rank(folder, X[[-1]])
    print(json.dumps(measures))


def open_and_rank(folder: Path, row: sp.csr_matrix) -> float:
    """Return milliseconds; the forest is closed again."""
    start = time.perf_counter()
    load_forest(folder).rank(row, 10, beam=10, n_threads=1)
    return 1e3 * (time.perf_counter() - start)


def drop_from_memory(folder: Path) -> None:
    """Ask the system to forget the contents of the files, so that they are read from disk."""
    for path in folder.iterdir():
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
