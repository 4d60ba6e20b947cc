"""Dual coordinate descent over all outputs of a tree node at once.

Every output (child) of a node is a linear classifier over the same rows. Row-major weights
``W[feature, output]`` turn the two inner loops of Hsieh et al. (ICML 2008, Algorithm 1) into
contiguous multiply-adds over the outputs: one pass over a row serves all of them. Outputs share
nothing but the order of rows, so each comes out the same whichever others are solved beside it.

A feature that only one row of the node has (most word pairs) gets no row of ``W``: its weight is
the row's dual variable times its value, so the row's margin gains ``dual * value ** 2``.
"""

import numpy as np
from numba import njit

from label_trees.kernels.vectors import LANES, add_products, add_to_rows


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
def squared_norms(indptr, data):
    """Return the sum of squares of every row, float32."""
    norms = np.zeros(indptr.shape[0] - 1, dtype=np.float32)
    for i in range(norms.shape[0]):
        for p in range(indptr[i], indptr[i + 1]):
            norms[i] += data[p] * data[p]
    return norms


@njit(cache=True, nogil=True)
def hinge_step(margin, alpha, cost, diagonal, inverse):
    """Return the change of a dual variable and the row's part of the duality gap.

    ``diagonal`` is ``1 / (2 cost)`` and ``inverse`` is ``1 / (curvature + diagonal)``. With the
    loss ``cost * max(0, 1 - margin)^2`` the gap is
    ``cost * (slack - alpha / (2 cost))^2 + alpha * max(0, margin - 1)``.
    """
    one, zero = np.float32(1.0), np.float32(0.0)
    slack = max(zero, one - margin)
    miss = slack - alpha * diagonal
    gap = cost * miss * miss + alpha * (margin - one + slack)
    gradient = margin - one + alpha * diagonal
    return max(alpha - gradient * inverse, zero) - alpha, gap


@njit(cache=True, nogil=True)
def logistic_step(margin, alpha, cost, curvature):
    """Return the same for ``cost * log(1 + exp(-margin))``, where ``0 <= alpha <= cost``.

    The step is the closed form of Shalev-Shwartz and Zhang (JMLR 14, 2013, section 6.2).
    """
    one, tiny = np.float32(1.0), np.float32(1e-12)
    share = alpha / cost
    loss = np.log1p(np.exp(-abs(margin))) + max(-margin, np.float32(0.0))
    chance = one / (one + np.exp(margin))
    entropy = share * np.log(max(share, tiny)) + (one - share) * np.log(max(one - share, tiny))
    gap = cost * max(loss + entropy + share * margin, np.float32(0.0))
    step = (chance - share) / max(one, np.float32(0.25) + cost * curvature)
    return cost * step, gap


@njit(cache=True, nogil=True)
def sweep(
    shared, own_norms, norms, order, cost, pos_indptr, pos_output, pos_value, is_logistic,
    place, W, U, gap,
):  # fmt: skip
    """Visit every row once, in ``order``, updating all live outputs.

    ``U`` (n_rows, n_outputs) holds dual variables times the label's sign. ``place`` maps an output
    of the node to its column of ``W``, or -1 when it has converged. Adds to ``gap`` (n_outputs)
    the duality gap at the margins that were met.
    """
    indptr, indices, data, _ = shared
    n_outputs = W.shape[1]
    bias = W[W.shape[0] - 1]
    margin = np.empty(n_outputs, dtype=np.float32)
    delta = np.empty(n_outputs, dtype=np.float32)
    old_gap = np.empty(n_outputs, dtype=np.float32)
    one, half = np.float32(1.0), np.float32(0.5)
    for i in order:
        lo, hi, u = indptr[i], indptr[i + 1], U[i]
        for b in range(n_outputs):
            margin[b] = bias[b] + own_norms[i] * u[b]
        add_products(lo, hi, indices, data, W, margin)
        for p in range(pos_indptr[i], pos_indptr[i + 1]):
            if place[pos_output[p]] >= 0:
                old_gap[place[pos_output[p]]] = gap[place[pos_output[p]]]
        if is_logistic:
            for b in range(n_outputs):
                change, row_gap = logistic_step(-margin[b], -u[b], cost[i], norms[i])
                delta[b] = -change
                gap[b] += row_gap
        else:
            diagonal = half / cost[i]
            inverse = one / (norms[i] + diagonal)
            for b in range(n_outputs):
                change, row_gap = hinge_step(-margin[b], -u[b], cost[i], diagonal, inverse)
                delta[b] = -change
                gap[b] += row_gap
        for p in range(pos_indptr[i], pos_indptr[i + 1]):
            b = place[pos_output[p]]
            if b >= 0:
                row_cost = cost[i] * pos_value[p]
                if is_logistic:
                    change, row_gap = logistic_step(margin[b], u[b], row_cost, norms[i])
                else:
                    diagonal = half / row_cost
                    inverse = one / (norms[i] + diagonal)
                    change, row_gap = hinge_step(margin[b], u[b], row_cost, diagonal, inverse)
                delta[b] = change
                gap[b] = old_gap[b] + row_gap
        for b in range(n_outputs):
            u[b] += delta[b]
            bias[b] += delta[b]
        add_to_rows(lo, hi, indices, data, W, delta)


@njit(cache=True, nogil=True)
def copy_columns(source, columns, out):
    """Write column ``b`` of ``source`` to column ``columns[b]`` of ``out``, skipping -1."""
    for j in range(source.shape[0]):
        for b in range(columns.shape[0]):
            if columns[b] >= 0:
                out[j, columns[b]] = source[j, b]


@njit(cache=True, nogil=True)
def allowed_gaps(cost, pos_indptr, pos_output, pos_value, eps, n_outputs):
    """Return ``eps`` times the loss of the better of the two classifiers that always say the same.

    At a margin of 1 or -1 for all rows only the rarer side loses, 4 times its cost. An output with
    rows of one side only gets a thousandth of what that side would lose.
    """
    positive, negative = np.zeros(n_outputs), np.zeros(n_outputs)
    for i in range(cost.shape[0]):
        for b in range(n_outputs):
            negative[b] += cost[i]
        for p in range(pos_indptr[i], pos_indptr[i + 1]):
            positive[pos_output[p]] += cost[i] * pos_value[p]
            negative[pos_output[p]] -= cost[i]
    for b in range(n_outputs):
        larger = max(positive[b], negative[b])
        positive[b] = 4.0 * eps * max(min(positive[b], negative[b]), 1e-3 * larger)
    return positive


@njit(cache=True, nogil=True)
def sort_out(gap, allowed, outputs, done, packed):
    """Write which columns are done (``outputs``, else -1) and where the live ones go (else -1).

    Columns that were done before have an output of -1. Returns how many are done now and live.
    """
    n_done, n_live = 0, 0
    for b in range(outputs.shape[0]):
        done[b], packed[b] = -1, -1
        if outputs[b] < 0:
            continue
        if gap[b] <= allowed[outputs[b]]:
            done[b] = outputs[b]
            n_done += 1
        else:
            packed[b] = n_live
            n_live += 1
    return n_done, n_live


@njit(cache=True, nogil=True)
def solve_outputs(
    shared, own, cost, pos_indptr, pos_output, pos_value, n_outputs, eps, max_iter, is_logistic,
    seed,
):  # fmt: skip
    """Return the weights of all outputs and their dual variables times the labels' signs.

    The weights (n_shared + 1, at least n_outputs) are those of the shared features and, in the last
    row, the bias; the duals (n_rows, at least n_outputs) also give the weights of own features.
    """
    n_rows = cost.shape[0]
    own_norms = squared_norms(own[0], own[2])
    norms = squared_norms(shared[0], shared[2])
    order = np.empty(n_rows, dtype=np.int64)
    for i in range(n_rows):
        norms[i] += own_norms[i] + np.float32(1.0)
        order[i] = i
    allowed = allowed_gaps(cost, pos_indptr, pos_output, pos_value, eps, n_outputs)
    width = (n_outputs + LANES - 1) // LANES * LANES
    W = np.zeros((shared[3].shape[0] + 1, width), dtype=np.float32)
    U = np.zeros((n_rows, width), dtype=np.float32)
    solved_W, solved_U, is_split = W, U, False
    outputs = np.arange(n_outputs)
    place, done, packed = outputs.copy(), outputs.copy(), outputs.copy()
    state = np.array([seed], dtype=np.uint64)
    for _ in range(max_iter):
        for i in range(n_rows - 1, 0, -1):
            j = np.int64(next_random(state) % np.uint64(i + 1))
            order[i], order[j] = order[j], order[i]
        gap = np.zeros(W.shape[1], dtype=np.float32)
        sweep(
            shared, own_norms, norms, order, cost, pos_indptr, pos_output, pos_value, is_logistic,
            place, W, U, gap,
        )  # fmt: skip
        n_done, n_live = sort_out(gap, allowed, outputs, done, packed)
        if n_live == 0:
            break
        if n_done > 0:  # kept as they are now, whatever becomes of their columns
            if not is_split:
                is_split = True
                solved_W = np.zeros((W.shape[0], W.shape[1]), dtype=np.float32)
                solved_U = np.zeros((n_rows, W.shape[1]), dtype=np.float32)
            copy_columns(W, done, solved_W)
            copy_columns(U, done, solved_U)
            for b in range(outputs.shape[0]):
                outputs[b] = -1 if packed[b] < 0 else outputs[b]
        width = (n_live + LANES - 1) // LANES * LANES
        if 8 * width <= 7 * W.shape[1]:
            W_live = np.zeros((W.shape[0], width), dtype=np.float32)
            U_live = np.zeros((n_rows, width), dtype=np.float32)
            copy_columns(W, packed, W_live)
            copy_columns(U, packed, U_live)
            W, U = W_live, U_live
            for b in range(n_outputs):
                place[b] = -1
            for b in range(outputs.shape[0]):
                if packed[b] >= 0:
                    outputs[packed[b]] = outputs[b]
                    place[outputs[b]] = packed[b]
            outputs = outputs[:n_live]
            done, packed = done[:n_live], packed[:n_live]
    if is_split:
        copy_columns(W, outputs, solved_W)
        copy_columns(U, outputs, solved_U)
    return solved_W, solved_U
