"""Spherical k-means over label features (Khandagale et al., 2020, Bonsai, section 3).

A split maximises the mean cosine between labels and their cluster's mean, whatever the clusters'
sizes: from random labels as first means, labels go to the nearest mean and means follow, until
the mean cosine grows by less than 1e-4, at most 20 times. Means of very many labels are found
from a sample of them.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.kernels import kmeans as kernels
from label_trees.label_features import csr_arrays
from label_trees.parallel import thread_map

Array = np.ndarray[Any, np.dtype[Any]]
IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
CsrArrays = tuple[Array, Array, Array]

MAX_ITERATIONS = 20
MIN_GAIN = 1e-4

SAMPLE = 256
"""Labels a part that its mean is found from (Johnson et al., 2017, faiss, has the same bound)."""

BLOCK = 2**18
"""Entries of Z that make a job; a cluster with more of them is shared out over threads."""


def split_clusters(
    Z: sp.csr_array,
    clusters: list[IntArray],
    n_parts: list[int],
    *,
    seeds: list[tuple[int, ...]],
    n_threads: int,
) -> list[IntArray]:
    """Split every cluster by spherical k-means.

    Parameters
    ----------
    Z : csr_array of float32, shape (n_labels, n_features)
        Label features of unit length.
    clusters : list of int32 arrays
        Rows of Z.
    n_parts : list of int
        Into how many to split each cluster: at most half as many as it has labels.
    seeds : list of tuples of int
        Draw the starting labels of each split.
    n_threads : int
        The result does not depend on it.

    Returns
    -------
    list of int64 arrays
        For each label of each cluster the part, 0, 1, ..., that it falls into. Fewer than asked
        may come out: empty parts go, and a label alone joins the nearest part of several.
    """
    arrays = csr_arrays(Z)
    n_entries = [int(np.diff(arrays[0])[rows].sum()) for rows in clusters]
    parts = {}

    def split(number: int, n_threads: int = 1) -> IntArray:
        rows, here, n_features = clusters[number], arrays, Z.shape[1]
        if 2 * n_entries[number] < Z.nnz:  # few of the features occur
            local_of = np.zeros(n_features, dtype=np.int32)
            here, n_features = kernels.gather_rows(*arrays, rows, local_of)
            rows = np.arange(rows.size, dtype=np.int32)
        sums = np.zeros((n_features, n_parts[number]), dtype=np.float32)
        return kmeans(here, rows, sums, seed=seeds[number], n_threads=n_threads)

    for number in range(len(clusters)):
        if n_entries[number] > BLOCK:
            parts[number] = split(number, n_threads)
    small = sorted(set(range(len(clusters))) - set(parts), key=lambda number: -n_entries[number])
    parts |= dict(zip(small, thread_map(split, small, n_threads), strict=True))
    return [parts[number] for number in range(len(clusters))]


def kmeans(
    Z: CsrArrays, rows: IntArray, sums: Array, *, seed: tuple[int, ...], n_threads: int
) -> IntArray:
    """Return the part of each of ``rows``; ``sums`` (n_features, n_parts) comes with zeros."""
    n_parts = sums.shape[1]
    rng = np.random.default_rng(seed)
    drawn = rng.choice(rows.size, min(rows.size, SAMPLE * n_parts), replace=False)
    kernels.add_rows(*Z, rows[drawn[:n_parts]], np.float32(1.0), np.arange(n_parts), sums)
    counts, sample = np.ones(n_parts, dtype=np.int64), rows[np.sort(drawn)]
    codes = np.full(sample.size, -1)
    assign(Z, sample, sums, codes, counts=counts, n_threads=n_threads)
    sums[:] = 0.0
    kernels.add_rows(*Z, sample, np.float32(1.0), codes, sums)
    for _ in range(MAX_ITERATIONS):
        before, counts = codes.copy(), np.bincount(codes, minlength=n_parts)
        gain = assign(Z, sample, sums, codes, counts=counts, n_threads=n_threads)
        if gain < MIN_GAIN * sample.size:
            break
        moved = codes != before
        kernels.add_rows(*Z, sample[moved], np.float32(-1.0), before[moved], sums)
        kernels.add_rows(*Z, sample[moved], np.float32(1.0), codes[moved], sums)
    if sample.size < rows.size:
        codes = np.full(rows.size, -1)
        assign(Z, rows, sums, codes, counts=counts, n_threads=n_threads)
    join_alone(Z, rows, sums, codes, n_threads=n_threads)
    return np.unique(codes, return_inverse=True)[1]


def join_alone(
    Z: CsrArrays, rows: IntArray, sums: Array, codes: IntArray, *, n_threads: int
) -> None:
    """Put each row that is alone in its part into the nearest part of several."""
    counts = np.bincount(codes, minlength=sums.shape[1])
    alone = counts[codes] == 1
    joined, counts = codes[alone], np.where(counts > 1, counts, 0)
    assign(Z, rows[alone], sums, joined, counts=counts, n_threads=n_threads)
    codes[alone] = joined


def assign(
    Z: CsrArrays, rows: IntArray, sums: Array, codes: IntArray, *, counts: IntArray, n_threads: int
) -> float:
    """Put ``rows`` into the nearest part with labels; return the gain as `assign_rows` does."""
    scale = np.empty(counts.size, dtype=np.float32)
    kernels.invert_lengths(sums, counts, scale)
    before = np.concatenate([[0], np.cumsum(np.diff(Z[0])[rows])])
    cuts = np.searchsorted(before, np.arange(BLOCK, before[-1], BLOCK)).tolist()
    blocks = [slice(*ends) for ends in zip([0, *cuts], [*cuts, rows.size], strict=True)]

    def assign_block(block: slice) -> float:
        return float(kernels.assign_rows(*Z, rows[block], sums, scale, codes[block]))

    return sum(thread_map(assign_block, blocks, n_threads))
