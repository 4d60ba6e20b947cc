"""The instances of a node, copied out with its own feature numbers; see `kernels.solver`."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def gather_rows(X_indptr, X_indices, X_data, rows, local_of):
    """Copy ``rows`` of X, features of several rows apart from features of one row only.

    The former are renumbered 0, 1, ... in the order of first use. ``local_of`` (n_features) must
    hold zeros and is left so. Returns ``(indptr, indices, data, features)`` of the shared features
    and ``(own_indptr, own_features, own_data)`` of the others, which keep their numbers.
    """
    n_nonzeros = 0
    for row in rows:
        n_nonzeros += X_indptr[row + 1] - X_indptr[row]
        for p in range(X_indptr[row], X_indptr[row + 1]):
            local_of[X_indices[p]] += 1
    indptr = np.zeros(rows.shape[0] + 1, dtype=np.int64)
    indices = np.empty(n_nonzeros, dtype=np.int32)
    data = np.empty(n_nonzeros, dtype=np.float32)
    features = np.empty(n_nonzeros // 2, dtype=np.int32)
    own_indptr = np.zeros(rows.shape[0] + 1, dtype=np.int64)
    own_features = np.empty(n_nonzeros, dtype=np.int32)
    own_data = np.empty(n_nonzeros, dtype=np.float32)
    n_shared, q, s = 0, 0, 0
    for i in range(rows.shape[0]):
        for p in range(X_indptr[rows[i]], X_indptr[rows[i] + 1]):
            feature = X_indices[p]
            if local_of[feature] == 1:
                own_features[s] = feature
                own_data[s] = X_data[p]
                s += 1
                continue
            if local_of[feature] > 0:
                features[n_shared] = feature
                n_shared += 1
                local_of[feature] = -n_shared
            indices[q] = -local_of[feature] - 1
            data[q] = X_data[p]
            q += 1
        indptr[i + 1], own_indptr[i + 1] = q, s
    for j in range(n_shared):
        local_of[features[j]] = 0
    for j in range(s):
        local_of[own_features[j]] = 0
    shared = indptr, indices[:q], data[:q], features[:n_shared]
    return shared, (own_indptr, own_features[:s], own_data[:s])
