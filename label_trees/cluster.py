"""Balanced spherical 2-means over label features (Prabhu et al., WWW 2018, section 3.1).

A split maximises the mean cosine between labels and their cluster's mean under the constraint that
both clusters have the same size: labels are sorted by the difference of their cosines to the two
means and cut in the middle, until no label changes side or the mean cosine grows by less than 1e-4
(as in the authors' code), at most 20 times.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.kernels import cluster as kernels
from label_trees.label_features import csr_arrays
from label_trees.parallel import thread_map

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

JOBS_PER_THREAD = 4
"""Clusters differ in weight: more jobs than threads let these finish together."""

MIN_BLOCK = 65_536
"""Entries of Z that are worth a job of their own."""


def halve_clusters(
    Z: sp.csr_array, members: IntArray, bounds: IntArray, *, seed: int, n_threads: int
) -> tuple[IntArray, IntArray]:
    """Split every cluster in two of (almost) equal size.

    Parameters
    ----------
    Z : csr_array of float32, shape (n_labels, n_features)
        Label features of unit length.
    members : int32
        Rows of Z, cluster by cluster, at least two in each.
    bounds : int64, shape (n_clusters + 1,)
        Cluster ``c`` is ``members[bounds[c] : bounds[c + 1]]``.
    seed : int
        Draws the starting labels of the splits.
    n_threads : int
        The result does not depend on it.

    Returns
    -------
    members, bounds
        Of twice as many clusters: the halves of ``c`` are ``2 * c``, which has one label more if
        their number is odd, and ``2 * c + 1``. Labels keep their order within a half.
    """
    n_clusters, sizes, members = bounds.size - 1, np.diff(bounds), members.copy()
    rng = np.random.default_rng((seed, n_clusters))
    first = rng.integers(0, sizes)
    second = (first + 1 + rng.integers(0, sizes - 1)) % sizes
    starts = np.column_stack([first, second])
    n_entries = np.add.reduceat(np.diff(Z.indptr)[members], bounds[:-1])

    def halve(job: IntArray) -> None:
        of_job = bounds[job[0] : job[-1] + 2]
        room = min(n_entries[job].max(), 2 * Z.nnz // (3 * n_threads))  # all: below the size of Z
        copy = (
            np.zeros(sizes[job].max() + 1, dtype=np.int64),
            np.empty(room, dtype=np.int32),
            np.empty(room, dtype=np.float32),
        )
        vector = np.zeros(Z.shape[1], dtype=np.float32)
        kernels.halve(*csr_arrays(Z), members, of_job, starts[job], vector, copy)

    if n_clusters < n_threads:  # idle threads: each helps with every cluster
        for c in range(n_clusters):
            halve_together(Z, members[bounds[c] : bounds[c + 1]], starts[c], n_threads)
    else:
        n_jobs = min(n_clusters, JOBS_PER_THREAD * n_threads)
        thread_map(halve, np.array_split(np.arange(n_clusters), n_jobs), n_threads)
    halved = np.repeat(bounds, 2)[:-1]
    halved[1::2] += (sizes + 1) // 2
    return members, halved


def halve_together(Z: sp.csr_array, rows: IntArray, start: IntArray, n_threads: int) -> None:
    """Reorder one cluster as the kernel `halve` does, the products shared out over threads."""
    arrays, (first, second) = csr_arrays(Z), start
    vector, side = np.zeros(Z.shape[1], dtype=np.float32), np.empty(rows.size, dtype=np.uint8)
    n_blocks = int(min(JOBS_PER_THREAD * n_threads, 1 + Z.nnz // MIN_BLOCK))
    cuts = np.linspace(0, rows.size, n_blocks + 1).astype(np.int64)
    blocks = [slice(lo, hi) for lo, hi in zip(cuts, cuts[1:], strict=False)]

    def dot_rows() -> FloatArray:
        dots = np.empty(rows.size, dtype=np.float32)

        def fill(block: slice) -> None:
            kernels.dot_rows(*arrays, rows[block], vector, dots[block])

        thread_map(fill, blocks, n_threads)
        return dots

    kernels.start_split(*arrays, rows, first, second, vector)
    kernels.cut_by_start(*arrays, rows, first, second, dot_rows(), side, vector)
    totals = dot_rows()
    kernels.leave_second(*arrays, rows, side, vector)
    for _ in range(kernels.MAX_ITERATIONS):
        if not kernels.improve(*arrays, rows, dot_rows(), totals, side, vector):
            break
    kernels.reorder(rows, side)
