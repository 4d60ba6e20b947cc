"""Spherical k-means over sparse rows; see `label_trees.kmeans` for the method.

Row-major ``sums[feature, cluster]`` turn the products of a row with all clusters into contiguous
multiply-adds: one pass over its entries serves all.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def gather_rows(indptr, indices, data, rows, local_of):
    """Copy ``rows`` with features renumbered 0, 1, ... in the order of their first use.

    ``local_of`` (n_features) must hold zeros and is left so. Also returns the number of features.
    """
    n_entries = 0
    for row in rows:
        n_entries += indptr[row + 1] - indptr[row]
    out_indptr = np.zeros(rows.shape[0] + 1, dtype=np.int64)
    out_indices = np.empty(n_entries, dtype=np.int32)
    out_data = np.empty(n_entries, dtype=np.float32)
    n_local, q = 0, 0
    for i in range(rows.shape[0]):
        for p in range(indptr[rows[i]], indptr[rows[i] + 1]):
            feature = np.uint32(indices[p])
            if local_of[feature] == 0:
                n_local += 1
                local_of[feature] = n_local
            out_indices[q] = local_of[feature] - 1
            out_data[q] = data[p]
            q += 1
        out_indptr[i + 1] = q
    for row in rows:
        for p in range(indptr[row], indptr[row + 1]):
            local_of[np.uint32(indices[p])] = 0
    return (out_indptr, out_indices, out_data), n_local


@njit(cache=True, nogil=True)
def score_row(features, values, sums, scores):
    """Fill ``scores`` with the products of a row and all ``sums``."""
    scores[:] = 0.0
    for p in range(features.shape[0]):
        value, of_feature = values[p], sums[np.uint32(features[p])]
        for c in range(scores.shape[0]):
            scores[c] += value * of_feature[c]


@njit(cache=True, nogil=True)
def assign_rows(indptr, indices, data, rows, sums, scale, codes):
    """Put ``rows`` into the cluster of largest cosine, the first of equals; return what is gained.

    ``scale`` (n_clusters) is 1 over the length of each sum, or 0 for a cluster that takes no rows.
    The gain is the sum of the cosines to the new clusters less those to the old ones, ``codes``
    before, where -1 stands for none.
    """
    scores = np.empty(sums.shape[1], dtype=np.float32)
    gain = 0.0
    for i in range(rows.shape[0]):
        lo, hi = indptr[rows[i]], indptr[rows[i] + 1]
        score_row(indices[lo:hi], data[lo:hi], sums, scores)
        best, best_score = max(codes[i], 0), np.float32(-np.inf)
        for c in range(scores.shape[0]):
            scores[c] *= scale[c]
            if scores[c] > best_score and scale[c] > 0:
                best, best_score = c, scores[c]
        if best != codes[i]:
            gain += np.float64(scores[best])
            if codes[i] >= 0:
                gain -= np.float64(scores[codes[i]])
            codes[i] = best
    return gain


@njit(cache=True, nogil=True)
def add_rows(indptr, indices, data, rows, factor, codes, sums):
    """Add ``factor`` times each of ``rows`` to the sum of its cluster."""
    for i in range(rows.shape[0]):
        for p in range(indptr[rows[i]], indptr[rows[i] + 1]):
            sums[np.uint32(indices[p]), codes[i]] += factor * data[p]


@njit(cache=True, nogil=True)
def invert_lengths(sums, counts, scale):
    """Fill ``scale`` with 1 over the length of each cluster's sum, 0 for an empty cluster."""
    squares = np.zeros(sums.shape[1], dtype=np.float64)
    for feature in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            squares[c] += np.float64(sums[feature, c]) ** 2
    for c in range(sums.shape[1]):
        is_used = counts[c] > 0 and squares[c] > 0
        scale[c] = 1.0 / np.sqrt(squares[c]) if is_used else 0.0
