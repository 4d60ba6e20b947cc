"""Dual coordinate descent over all outputs of a tree node at once.

Every output (child) of a node is a linear classifier over the same rows. Row-major weights
``W[feature, output]`` turn the two inner loops of Hsieh et al. (ICML 2008, Algorithm 1) into
contiguous multiply-adds over the outputs: one pass over a row serves all of them.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def next_random(state):
    """Advance the xorshift64 ``state`` (uint64 array of length 1) and return 32 random bits."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x >> np.uint64(32)


@njit(cache=True, nogil=True)
def gather_rows(X_indptr, X_indices, X_data, rows, local_of):
    """Copy ``rows`` of X with features renumbered 0, 1, ... in the order of their first use.

    ``local_of`` (n_features) must hold zeros and is left so.
    """
    n_nonzeros = 0
    for row in rows:
        n_nonzeros += X_indptr[row + 1] - X_indptr[row]
    indptr = np.zeros(rows.shape[0] + 1, dtype=np.int64)
    indices = np.empty(n_nonzeros, dtype=np.int32)
    data = np.empty(n_nonzeros, dtype=np.float32)
    features = np.empty(min(n_nonzeros, local_of.shape[0]), dtype=np.int32)
    n_local = 0
    q = 0
    for i in range(rows.shape[0]):
        for p in range(X_indptr[rows[i]], X_indptr[rows[i] + 1]):
            feature = X_indices[p]
            if local_of[feature] == 0:
                features[n_local] = feature
                n_local += 1
                local_of[feature] = n_local
            indices[q] = local_of[feature] - 1
            data[q] = X_data[p]
            q += 1
        indptr[i + 1] = q
    for j in range(n_local):
        local_of[features[j]] = 0
    return indptr, indices, data, features[:n_local]


@njit(cache=True, nogil=True)
def update_duals(alpha, margin, sign, diagonal, inv_curvature, delta, pg_max, pg_min):
    """Take one projected Newton step in every output's dual variable of one row."""
    for b in range(alpha.shape[0]):
        old = alpha[b]
        gradient = sign[b] * margin[b] - np.float32(1.0) + old * diagonal[b]
        projected = gradient if old > 0 else min(gradient, np.float32(0.0))
        pg_max[b] = max(pg_max[b], projected)
        pg_min[b] = min(pg_min[b], projected)
        new = max(old - gradient * inv_curvature[b], np.float32(0.0))
        alpha[b] = new
        delta[b] = (new - old) * sign[b]


@njit(cache=True, nogil=True)
def sweep(
    indptr, indices, data, order, curvature, cost, pos_indptr, pos_output, pos_cost,
    place, W, alpha, pg_max, pg_min,
):  # fmt: skip
    """Visit every row once, in ``order``, updating ``W`` and ``alpha`` of all live outputs.

    ``place`` maps an output of the node to its column of ``W``, or -1 when it has converged.
    """
    n_outputs = W.shape[1]
    bias = W.shape[0] - 1
    margin = np.empty(n_outputs, dtype=np.float32)
    delta = np.empty(n_outputs, dtype=np.float32)
    sign = np.full(n_outputs, np.float32(-1.0), dtype=np.float32)
    diagonal = np.empty(n_outputs, dtype=np.float32)
    inv_curvature = np.empty(n_outputs, dtype=np.float32)
    for i in order:
        row_diagonal = np.float32(0.5) / cost[i]
        row_inverse = np.float32(1.0) / (curvature[i] + row_diagonal)
        for b in range(n_outputs):
            diagonal[b] = row_diagonal
            inv_curvature[b] = row_inverse
            margin[b] = W[bias, b]
        for p in range(pos_indptr[i], pos_indptr[i + 1]):
            b = place[pos_output[p]]
            if b >= 0:
                sign[b] = np.float32(1.0)
                diagonal[b] = row_diagonal / pos_cost[p]
                inv_curvature[b] = np.float32(1.0) / (curvature[i] + diagonal[b])
        for p in range(indptr[i], indptr[i + 1]):
            value = data[p]
            w = W[indices[p]]
            for b in range(n_outputs):
                margin[b] += value * w[b]
        update_duals(alpha[i], margin, sign, diagonal, inv_curvature, delta, pg_max, pg_min)
        moved = False
        for b in range(n_outputs):
            if delta[b] != 0:
                moved = True
                break
        if moved:
            for p in range(indptr[i], indptr[i + 1]):
                value = data[p]
                w = W[indices[p]]
                for b in range(n_outputs):
                    w[b] += value * delta[b]
            for b in range(n_outputs):
                W[bias, b] += delta[b]
        for p in range(pos_indptr[i], pos_indptr[i + 1]):
            b = place[pos_output[p]]
            if b >= 0:
                sign[b] = np.float32(-1.0)


@njit(cache=True, nogil=True)
def copy_columns(source, columns, out):
    """Write column ``b`` of ``source`` to column ``columns[b]`` of ``out``, skipping -1."""
    for j in range(source.shape[0]):
        for b in range(columns.shape[0]):
            if columns[b] >= 0:
                out[j, columns[b]] = source[j, b]


@njit(cache=True, nogil=True)
def keep_live(W, alpha, outputs, live, solution):
    """Move the columns that converged into ``solution`` and pack the ``live`` ones together."""
    done = np.full(outputs.shape[0], -1)
    packed = np.full(outputs.shape[0], -1)
    n_live = 0
    for b in range(outputs.shape[0]):
        if live[b]:
            packed[b] = n_live
            n_live += 1
        else:
            done[b] = outputs[b]
    outputs_live = np.empty(n_live, dtype=outputs.dtype)
    for b in range(outputs.shape[0]):
        if live[b]:
            outputs_live[packed[b]] = outputs[b]
    W_live = np.empty((W.shape[0], n_live), dtype=np.float32)
    alpha_live = np.empty((alpha.shape[0], n_live), dtype=np.float32)
    copy_columns(W, done, solution)
    copy_columns(W, packed, W_live)
    copy_columns(alpha, packed, alpha_live)
    return W_live, alpha_live, outputs_live


@njit(cache=True, nogil=True)
def solve_outputs(
    indptr, indices, data, n_features, cost, pos_indptr, pos_output, pos_cost,
    n_outputs, eps, max_iter, seed,
):  # fmt: skip
    """Return the weights (n_features + 1, n_outputs), the bias last, of all outputs."""
    n_rows = indptr.shape[0] - 1
    curvature = np.ones(n_rows, dtype=np.float32)
    for i in range(n_rows):
        for p in range(indptr[i], indptr[i + 1]):
            curvature[i] += data[p] * data[p]
    solution = np.zeros((n_features + 1, n_outputs), dtype=np.float32)
    W = np.zeros((n_features + 1, n_outputs), dtype=np.float32)
    alpha = np.zeros((n_rows, n_outputs), dtype=np.float32)
    outputs = np.arange(n_outputs)
    place = np.arange(n_outputs)
    order = np.arange(n_rows)
    state = np.array([seed], dtype=np.uint64)
    for _ in range(max_iter):
        for i in range(n_rows - 1, 0, -1):
            j = np.int64(next_random(state) % np.uint64(i + 1))
            order[i], order[j] = order[j], order[i]
        pg_max = np.full(outputs.shape[0], -np.inf, dtype=np.float32)
        pg_min = np.full(outputs.shape[0], np.inf, dtype=np.float32)
        sweep(
            indptr, indices, data, order, curvature, cost, pos_indptr, pos_output, pos_cost,
            place, W, alpha, pg_max, pg_min,
        )  # fmt: skip
        live = np.zeros(outputs.shape[0], dtype=np.bool_)
        n_live = 0
        for b in range(outputs.shape[0]):
            live[b] = pg_max[b] - pg_min[b] > eps
            n_live += live[b]
        if n_live == 0:
            break
        if 4 * n_live <= 3 * outputs.shape[0]:
            W, alpha, outputs = keep_live(W, alpha, outputs, live, solution)
            for b in range(n_outputs):
                place[b] = -1
            for b in range(outputs.shape[0]):
                place[outputs[b]] = b
    copy_columns(W, outputs, solution)
    return solution


@njit(cache=True, nogil=True)
def prune(W, features, order, min_weight):
    """Return the rows of ``W`` in ``order`` without entries below ``min_weight``.

    The bias row comes last, as feature -1, and is kept whole. Returns
    ``(features, indptr, outputs, values)``.
    """
    n_rows = 0
    n_kept = 0
    for j in range(W.shape[0]):
        in_row = 0
        for b in range(W.shape[1]):
            if j == W.shape[0] - 1 or abs(W[j, b]) >= min_weight:
                in_row += 1
        n_kept += in_row
        n_rows += in_row > 0
    row_features = np.empty(n_rows, dtype=np.int32)
    indptr = np.zeros(n_rows + 1, dtype=np.int64)
    outputs = np.empty(n_kept, dtype=np.int32)
    values = np.empty(n_kept, dtype=np.float32)
    r = 0
    q = 0
    for j in range(W.shape[0]):
        is_bias = j == W.shape[0] - 1
        source = j if is_bias else order[j]
        start = q
        for b in range(W.shape[1]):
            if is_bias or abs(W[source, b]) >= min_weight:
                outputs[q] = b
                values[q] = W[source, b]
                q += 1
        if q > start:
            row_features[r] = -1 if is_bias else features[source]
            r += 1
            indptr[r] = q
    return row_features, indptr, outputs, values
