"""One balanced spherical 2-means split over sparse rows."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def add_row(Z_indptr, Z_indices, Z_data, row, factor, out):
    """Add ``factor`` times a row of Z to the dense ``out``."""
    for p in range(Z_indptr[row], Z_indptr[row + 1]):
        out[Z_indices[p]] += factor * Z_data[p]


@njit(cache=True, nogil=True)
def clear_rows(Z_indptr, Z_indices, members, out):
    """Set ``out`` to zero wherever a member of Z has an entry."""
    for row in members:
        for p in range(Z_indptr[row], Z_indptr[row + 1]):
            out[Z_indices[p]] = 0.0


@njit(cache=True, nogil=True)
def squared_norm(Z_indptr, Z_indices, members, centroid):
    """Return the squared norm of a ``centroid`` over the members' features, zeroing it."""
    total = 0.0
    for row in members:
        for p in range(Z_indptr[row], Z_indptr[row + 1]):
            total += centroid[Z_indices[p]] ** 2
            centroid[Z_indices[p]] = 0.0
    return total


@njit(cache=True, nogil=True)
def split_balanced(Z_indptr, Z_indices, Z_data, members, first, second, max_iter, work):
    """Reorder ``members`` so that the first half and the rest are two balanced clusters.

    ``first`` and ``second`` (row numbers) are the starting centroids. ``work`` (2, n_features)
    must hold zeros and is left so. Returns the size of the first half.
    """
    n_members = members.shape[0]
    half = (n_members + 1) // 2
    scores = np.empty(n_members, dtype=np.float64)
    side = np.zeros(n_members, dtype=np.bool_)
    difference, centroid = work[0], work[1]
    add_row(Z_indptr, Z_indices, Z_data, first, 1.0, difference)
    add_row(Z_indptr, Z_indices, Z_data, second, -1.0, difference)
    for iteration in range(max_iter):
        for i in range(n_members):
            total = 0.0
            for p in range(Z_indptr[members[i]], Z_indptr[members[i] + 1]):
                total += difference[Z_indices[p]] * Z_data[p]
            scores[i] = -total
        order = np.argsort(scores, kind="mergesort")
        n_changed = 0
        for position in range(n_members):
            in_first = position < half
            n_changed += side[order[position]] != in_first
            side[order[position]] = in_first
        if iteration > 0 and n_changed == 0:
            break
        clear_rows(Z_indptr, Z_indices, members, difference)
        norms = np.empty(2)
        for s in range(2):
            for i in range(n_members):
                if side[i] == (s == 0):
                    add_row(Z_indptr, Z_indices, Z_data, members[i], 1.0, centroid)
            norms[s] = np.sqrt(squared_norm(Z_indptr, Z_indices, members, centroid))
        for i in range(n_members):
            factor = 1.0 / max(norms[0], 1e-30) if side[i] else -1.0 / max(norms[1], 1e-30)
            add_row(Z_indptr, Z_indices, Z_data, members[i], factor, difference)
    clear_rows(Z_indptr, Z_indices, members, difference)
    unsorted = members.copy()
    n_first, n_second = 0, half
    for i in range(n_members):
        if side[i]:
            members[n_first] = unsorted[i]
            n_first += 1
        else:
            members[n_second] = unsorted[i]
            n_second += 1
    return half
