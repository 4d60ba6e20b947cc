"""Checking a sparse matrix in one pass."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def is_canonical(indptr, indices, data, n_columns):
    """Say whether rows are in bounds, their columns rise, and all values are finite."""
    n_stored = indices.shape[0]
    if indptr[0] != 0 or indptr[-1] != n_stored or data.shape[0] != n_stored:
        return False
    for row in range(indptr.shape[0] - 1):
        lo, hi = indptr[row], indptr[row + 1]
        if hi < lo or hi > n_stored:
            return False
        last = -1
        for p in range(lo, hi):
            if indices[p] <= last or not np.isfinite(data[p]):
                return False
            last = indices[p]
        if last >= n_columns:
            return False
    return True
