"""Beam search and pair scoring over chunked weights, one block of rows a call.

Margins of a (row, node) pair are summed over the row's features in rising order whichever way the
chunk is looked up, so a row's scores do not depend on the rows beside it.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def add_chunk_row(r, factor, row_indptr, output, value, margin):
    """Add ``factor`` times chunk row ``r`` to ``margin``."""
    for q in range(row_indptr[r], row_indptr[r + 1]):
        margin[output[q]] += factor * value[q]


@njit(cache=True, nogil=True)
def margins_by_search(
    lo, hi, X_indices, X_data, first, last, row_feature, row_indptr, output, value, margin
):
    """Add the products of row entries ``lo .. hi - 1`` and a chunk found by binary search."""
    start = first
    for p in range(lo, hi):
        feature = X_indices[p]
        a, b = start, last
        while a < b:
            middle = (a + b) // 2
            if row_feature[middle] < feature:
                a = middle + 1
            else:
                b = middle
        start = a
        if a < last and row_feature[a] == feature:
            add_chunk_row(a, X_data[p], row_indptr, output, value, margin)


@njit(cache=True, nogil=True)
def margins_by_table(lo, hi, X_indices, X_data, table, row_indptr, output, value, margin):
    """Add the same products with ``table`` holding 1 + the chunk row of each feature."""
    for p in range(lo, hi):
        r = table[X_indices[p]]
        if r > 0:
            add_chunk_row(r - 1, X_data[p], row_indptr, output, value, margin)


@njit(cache=True, nogil=True)
def hinge_log(margin):
    """Return the logarithm of the local score exp(-max(0, 1 - margin)^2)."""
    gap = max(np.float32(0.0), np.float32(1.0) - margin)
    return -gap * gap


@njit(cache=True, nogil=True)
def keep_best(score, node, scores, nodes):
    """Insert into a list that falls by score; on equal scores the earlier entry stays first."""
    slot = scores.shape[0]
    while slot > 0 and score > scores[slot - 1]:
        slot -= 1
    if slot < scores.shape[0]:
        for s in range(scores.shape[0] - 1, slot, -1):
            scores[s], nodes[s] = scores[s - 1], nodes[s - 1]
        scores[slot], nodes[slot] = score, node


@njit(cache=True, nogil=True)
def sort_by_node(beam_nodes, n_nodes):
    """Return the positions of all beam entries >= 0, grouped by node, rows rising (counting sort).

    Also returns the start of each node's group, shape (n_nodes + 1,).
    """
    starts = np.zeros(n_nodes + 1, dtype=np.int64)
    flat = beam_nodes.ravel()
    for node in flat:
        if node >= 0:
            starts[node + 1] += 1
    for node in range(n_nodes):
        starts[node + 1] += starts[node]
    fill = starts.copy()
    positions = np.empty(starts[n_nodes], dtype=np.int64)
    for position in range(flat.shape[0]):
        node = flat[position]
        if node >= 0:
            positions[fill[node]] = position
            fill[node] += 1
    return positions, starts


@njit(cache=True, nogil=True)
def search_rows(
    X_indptr, X_indices, X_data, lo_row, hi_row, slot_indptr, slot_node, slot_label, allowed_slot,
    bias, node_indptr, row_feature, row_indptr, output, value, beam, table, n_found, labels, scores,
):  # fmt: skip
    """Append every label that the beam reaches to ``labels`` and ``scores`` of its row.

    ``labels`` and ``scores`` are (n_rows, capacity), ``n_found`` (n_rows,) counts what they hold.
    ``table`` (n_features) must hold zeros and is left so. Scores are logarithms.
    """
    n_rows = hi_row - lo_row
    n_nodes = slot_indptr.shape[0] - 1
    widest = 0
    for node in range(n_nodes):
        widest = max(widest, slot_indptr[node + 1] - slot_indptr[node])
    margin = np.empty(widest, dtype=np.float32)
    beam_nodes = np.full((n_rows, beam), -1, dtype=np.int32)
    beam_scores = np.full((n_rows, beam), -np.inf, dtype=np.float32)
    for i in range(n_rows):
        beam_nodes[i, 0] = 0
        beam_scores[i, 0] = 0.0
    while True:
        positions, starts = sort_by_node(beam_nodes, n_nodes)
        if positions.shape[0] == 0:
            break
        parents = beam_scores
        beam_nodes = np.full((n_rows, beam), -1, dtype=np.int32)
        beam_scores = np.full((n_rows, beam), -np.inf, dtype=np.float32)
        for node in range(n_nodes):
            group = positions[starts[node] : starts[node + 1]]
            if group.shape[0] == 0:
                continue
            first, last = node_indptr[node], node_indptr[node + 1]
            use_table = group.shape[0] * 32 > last - first
            if use_table:
                for r in range(first, last):
                    table[row_feature[r]] = r + 1
            first_slot = slot_indptr[node]
            width = slot_indptr[node + 1] - first_slot
            for position in group:
                i = position // beam
                lo, hi = X_indptr[lo_row + i], X_indptr[lo_row + i + 1]
                for b in range(width):
                    margin[b] = bias[first_slot + b]
                if use_table:
                    margins_by_table(
                        lo, hi, X_indices, X_data, table, row_indptr, output, value, margin
                    )
                else:
                    margins_by_search(
                        lo, hi, X_indices, X_data, first, last, row_feature, row_indptr, output,
                        value, margin,
                    )  # fmt: skip
                parent = parents[i, position % beam]
                for b in range(width):
                    slot = first_slot + b
                    if not allowed_slot[slot]:
                        continue
                    score = parent + hinge_log(margin[b])
                    if slot_node[slot] >= 0:
                        keep_best(score, slot_node[slot], beam_scores[i], beam_nodes[i])
                    else:
                        labels[i, n_found[i]] = slot_label[slot]
                        scores[i, n_found[i]] = score
                        n_found[i] += 1
            if use_table:
                for r in range(first, last):
                    table[row_feature[r]] = 0


@njit(cache=True, nogil=True)
def add_found(n_found, labels, scores, totals, touched, n_touched):
    """Add the exponentials of one row's scores to ``totals`` (n_labels), noting new labels."""
    for q in range(n_found):
        label = labels[q]
        if totals[label] < 0.0:
            totals[label] = 0.0
            touched[n_touched] = label
            n_touched += 1
        totals[label] += np.exp(scores[q])
    return n_touched


@njit(cache=True, nogil=True)
def best_labels(totals, touched, n_trees, labels, scores):
    """Write the best ``touched`` labels by mean score, ties to the lower one; reset ``totals``."""
    k = labels.shape[0]
    for label in touched:
        score = np.float32(totals[label] / n_trees)
        totals[label] = -1.0
        slot = k
        while slot > 0 and (
            score > scores[slot - 1] or (score == scores[slot - 1] and label < labels[slot - 1])
        ):
            slot -= 1
        if slot < k:
            for s in range(k - 1, slot, -1):
                scores[s], labels[s] = scores[s - 1], labels[s - 1]
            scores[slot], labels[slot] = score, label


@njit(cache=True, nogil=True)
def score_row_pairs(
    X_indptr, X_indices, X_data, lo_row, hi_row, C_indptr, C_indices, slot_indptr, owner,
    parent_slot, label_slot, bias, node_indptr, row_feature, row_indptr, output, value, scores,
):  # fmt: skip
    """Add the tree's score of every candidate (row, label) to ``scores``, aligned with C_indices.

    A label outside the tree adds nothing. Margins of a node are computed once a row.
    """
    n_nodes = slot_indptr.shape[0] - 1
    log_score = np.empty(owner.shape[0], dtype=np.float32)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    path = np.empty(64, dtype=np.int32)
    for row in range(lo_row, hi_row):
        lo, hi = X_indptr[row], X_indptr[row + 1]
        for c in range(C_indptr[row], C_indptr[row + 1]):
            slot = label_slot[C_indices[c]]
            if slot < 0:
                continue
            n_path = 0
            while slot >= 0:
                node = owner[slot]
                if seen[node] != row:
                    seen[node] = row
                    first_slot, end_slot = slot_indptr[node], slot_indptr[node + 1]
                    margin = log_score[first_slot:end_slot]
                    for b in range(margin.shape[0]):
                        margin[b] = bias[first_slot + b]
                    margins_by_search(
                        lo, hi, X_indices, X_data, node_indptr[node], node_indptr[node + 1],
                        row_feature, row_indptr, output, value, margin,
                    )  # fmt: skip
                    for b in range(margin.shape[0]):
                        margin[b] = hinge_log(margin[b])
                if n_path == path.shape[0]:
                    path = np.concatenate((path, np.empty_like(path)))
                path[n_path] = slot
                n_path += 1
                slot = parent_slot[node]
            total = np.float32(0.0)
            for step in range(n_path - 1, -1, -1):
                total += log_score[path[step]]
            scores[c] += np.exp(total)
