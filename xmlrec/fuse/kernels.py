"""Scores of candidate labels, one row of candidates after the other."""

from numba import njit


@njit(cache=True, nogil=True)
def pair_dots(X_indptr, X_indices, X_data, L_indptr, L_indices, L_data, labels, lo, hi, row, out):
    """Fill ``out`` (n_rows, k) with the dot products of rows ``lo .. hi - 1`` and their labels.

    A label -1 is skipped. ``row`` (n_features) must hold zeros and is left so.
    """
    for i in range(lo, hi):
        for p in range(X_indptr[i], X_indptr[i + 1]):
            row[X_indices[p]] = X_data[p]
        for c in range(labels.shape[1]):
            label = labels[i, c]
            if label >= 0:
                total = 0.0
                for p in range(L_indptr[label], L_indptr[label + 1]):
                    total += row[L_indices[p]] * L_data[p]
                out[i, c] = total
        for p in range(X_indptr[i], X_indptr[i + 1]):
            row[X_indices[p]] = 0.0
