"""Beam search and pair scoring over chunked weights, one block of rows a call.

Margins of a (row, node) pair are summed over the row's features in rising order, whatever rows are
beside it, so a row's scores do not depend on them. They are float64, as a logarithm is a power of a
margin and multiplies its error; logarithms of scores are then kept in float32. ``weights`` is a
`label_trees.weights.NodeWeights`, ``slots`` the arrays ``(slot_indptr, slot_node, slot_label)`` of
the tree.
"""

import numpy as np
from numba import njit

LOWEST_LOG = np.float32(-87.0)
"""Logarithms below count as this: their exponentials are no longer normal float32 numbers."""

FEW_ROWS = 32
"""Up to so many rows are sorted by insertion, which needs no array as long as the tree."""

SPREAD_PER_ROW = 512
"""A node's chunk is spread out if there is a row for so many of its buckets and chunk rows."""


@njit(cache=True, nogil=True)
def add_products(lo, hi, X_indices, X_data, node, weights, margin):
    """Add the products of row entries ``lo .. hi - 1`` and the chunk of ``node`` to ``margin``."""
    shift = np.int64(weights.shift[node])
    first_bucket = weights.bucket_indptr[node]
    first_row, first_weight = weights.row_indptr[node], weights.weight_indptr[node]
    width = margin.shape[0]
    for p in range(lo, hi):
        feature = np.int64(X_indices[p])
        bucket = first_bucket + (feature >> shift)
        low_bits = feature & ((1 << shift) - 1)
        r = first_row + weights.bucket_row[bucket]
        end = first_row + weights.bucket_row[bucket + 1]
        q = first_weight + weights.bucket_weight[bucket]
        while r < end and weights.row_feature[r] < low_bits:
            q += np.int64(weights.row_count[r]) + 1
            r += 1
        if r == end or weights.row_feature[r] != low_bits:
            continue
        last = q + np.int64(weights.row_count[r]) + 1
        factor = X_data[p]
        if last - q == width:
            values = weights.value[q:last]
            for b in range(width):
                margin[b] += factor * values[b]
        else:
            for e in range(q, last):
                margin[weights.output[e]] += factor * weights.value[e]


@njit(cache=True, nogil=True)
def rows_to_spread(node, weights):
    """Return from how many rows on a node's chunk is spread out."""
    n_buckets = weights.bucket_indptr[node + 1] - weights.bucket_indptr[node]
    n_rows = weights.row_indptr[node + 1] - weights.row_indptr[node]
    return 1 + (n_buckets + n_rows) // SPREAD_PER_ROW


@njit(cache=True, nogil=True)
def spread_chunk(node, weights, row_of, starts):
    """Write where the features of a node's chunk are: at ``starts[row_of[feature] - 1]``.

    ``row_of`` (n_features,) must hold zeros; `clear_chunk` makes them again. ``starts`` has an
    entry for each chunk row and one more.
    """
    shift, first_bucket = np.int64(weights.shift[node]), weights.bucket_indptr[node]
    first_row, start = weights.row_indptr[node], weights.weight_indptr[node]
    n_rows = 0
    for bucket in range(first_bucket, weights.bucket_indptr[node + 1] - 1):
        high_bits = (bucket - first_bucket) << shift
        while n_rows < weights.bucket_row[bucket + 1]:
            row_of[high_bits + weights.row_feature[first_row + n_rows]] = n_rows + 1
            starts[n_rows] = start
            start += np.int64(weights.row_count[first_row + n_rows]) + 1
            n_rows += 1
    starts[n_rows] = start


@njit(cache=True, nogil=True)
def clear_chunk(node, weights, row_of):
    """Make 0 again what `spread_chunk` wrote into ``row_of``."""
    shift, first_bucket = np.int64(weights.shift[node]), weights.bucket_indptr[node]
    first_row = weights.row_indptr[node]
    for bucket in range(first_bucket, weights.bucket_indptr[node + 1] - 1):
        high_bits = (bucket - first_bucket) << shift
        for r in range(weights.bucket_row[bucket], weights.bucket_row[bucket + 1]):
            row_of[high_bits + weights.row_feature[first_row + r]] = 0


@njit(cache=True, nogil=True)
def add_spread(lo, hi, X_indices, X_data, weights, spread, margin):
    """Do what `add_products` does for the chunk that is spread out.

    What the chunk has is listed first, without branches; unsigned numbers need no check for the end
    that negative ones count from.
    """
    row_of, starts, rows, factors = spread
    n_rows = np.uint64(0)
    for p in range(np.uint64(lo), np.uint64(hi)):
        row = row_of[np.uint32(X_indices[p])]
        rows[n_rows], factors[n_rows] = row, X_data[p]
        n_rows += np.uint64(row > 0)
    width = np.uint64(margin.shape[0])
    for r in range(n_rows):
        row, factor = np.uint64(rows[r]), factors[r]
        q, last = np.uint64(starts[row - np.uint64(1)]), np.uint64(starts[row])
        if last - q == width:
            values = weights.value[q:last]
            for b in range(width):
                margin[b] += factor * values[b]
        else:
            for e in range(q, last):
                margin[np.uint64(weights.output[e])] += factor * weights.value[e]


@njit(cache=True, nogil=True)
def finish_logs(first_slot, weights, power, out):
    """Make the sums of products of a node's slots the logarithms of their local scores.

    They are exp(-max(0, 1 - margin)^power); with power 0 the sigmoid of the margin.
    """
    width = out.shape[0]
    bias = weights.bias[first_slot : first_slot + width]
    if weights.scale.shape[0] > 0:
        scale = weights.scale[first_slot : first_slot + width]
        for b in range(width):
            out[b] *= scale[b]
    if power == 0:
        for b in range(width):
            margin = out[b] + bias[b]
            out[b] = min(margin, 0.0) - np.log1p(np.exp(-abs(margin)))
    elif power == 2:
        for b in range(width):
            slack = 1.0 - (out[b] + bias[b])
            slack = slack if slack > 0.0 else 0.0
            out[b] = -slack * slack
    else:
        for b in range(width):
            slack = 1.0 - (out[b] + bias[b])
            slack = slack if slack > 0.0 else 0.0
            out[b] = -slack * slack * slack


@njit(cache=True, nogil=True)
def local_logs(lo, hi, X_indices, X_data, node, first_slot, weights, power, out):
    """Set ``out`` to the logarithms of the local scores of a node's slots for one row."""
    out[:] = 0.0
    add_products(lo, hi, X_indices, X_data, node, weights, out)
    finish_logs(first_slot, weights, power, out)


@njit(cache=True, nogil=True)
def keep_node(score, node, place, scores, nodes, places):
    """Insert into a list that falls by score; on equal scores it rises by the parent's place.

    Of equal nodes of one parent the earlier one stays first.
    """
    slot = scores.shape[0]
    while slot > 0 and (
        score > scores[slot - 1] or (score == scores[slot - 1] and place < places[slot - 1])
    ):
        slot -= 1
    if slot < scores.shape[0]:
        for s in range(scores.shape[0] - 1, slot, -1):
            scores[s], nodes[s], places[s] = scores[s - 1], nodes[s - 1], places[s - 1]
        scores[slot], nodes[slot], places[slot] = score, node, place


@njit(cache=True, nogil=True)
def keep_label(score, label, n_kept, scores, labels):
    """Insert into a list of ``n_kept`` that falls by score, on equal scores rises by label.

    Returns how many there are then.
    """
    k, slot = scores.shape[0], n_kept
    while slot > 0 and (
        score > scores[slot - 1] or (score == scores[slot - 1] and label < labels[slot - 1])
    ):
        slot -= 1
        if slot + 1 < k:
            scores[slot + 1], labels[slot + 1] = scores[slot], labels[slot]
    if slot < k:
        scores[slot], labels[slot] = score, label
    return min(n_kept + 1, k)


@njit(cache=True, nogil=True)
def least_log(score):
    """Return a bound below which the logarithm of a score cannot stand for ``score`` or more."""
    if score <= np.float32(0.0):
        return np.float32(-np.inf)
    log = np.log(score) - np.float32(1e-5)
    return log if log > LOWEST_LOG else np.float32(-np.inf)


@njit(cache=True, nogil=True)
def has_labels_only(node, slots):
    """Say whether no slot of a node holds a node."""
    slot_indptr, slot_node, _ = slots
    n_nodes = 0
    for slot in range(slot_indptr[node], slot_indptr[node + 1]):
        n_nodes += slot_node[slot] >= 0
    return n_nodes == 0


@njit(cache=True, nogil=True)
def append_labels(parent, of_node, slot_label, n_found, labels, scores):
    """Write the labels of a node, and their logarithms, after the first ``n_found``."""
    new_labels, new_scores = labels[n_found:], scores[n_found:]
    for b in range(of_node.shape[0]):
        new_labels[b] = slot_label[b]
        log = np.float32(parent + of_node[b])
        new_scores[b] = log if log > LOWEST_LOG else LOWEST_LOG


@njit(cache=True, nogil=True)
def keep_slots(
    parent, of_node, first_slot, slots, allowed_slot, keep_all, least, place, of_beam, n_found,
    labels, scores,
):  # fmt: skip
    """Put what a row found in a node, its parent's ``place`` in the beam, into the row's lists.

    Returns ``least`` and ``n_found`` as they are then, and whether there was a node.
    """
    _, slot_node, slot_label = slots
    beam_logs, beam_nodes, beam_places = of_beam
    worst, k, has_node = beam_logs.shape[0] - 1, scores.shape[0], False
    for b in range(of_node.shape[0]):
        log, slot = np.float32(parent + of_node[b]), first_slot + b
        if log < least or (allowed_slot.shape[0] > 0 and not allowed_slot[slot]):
            continue
        log = max(log, LOWEST_LOG)
        if slot_node[slot] >= 0:
            has_node = True
            if log >= beam_logs[worst]:
                keep_node(log, slot_node[slot], place, beam_logs, beam_nodes, beam_places)
        elif keep_all:
            labels[n_found], scores[n_found] = slot_label[slot], log
            n_found += 1
        else:
            n_found = keep_label(np.exp(log), slot_label[slot], n_found, scores, labels)
            if n_found == k:
                least = least_log(scores[k - 1])
    return least, n_found, has_node


@njit(cache=True, nogil=True)
def sort_by_node(nodes, n_nodes):
    """Return the places whose node is >= 0, sorted by node and then by place."""
    rows = np.empty(nodes.shape[0], dtype=np.int64)
    n_rows = 0
    for row in range(nodes.shape[0]):
        if nodes[row] >= 0:
            rows[n_rows] = row
            n_rows += 1
    if n_rows <= FEW_ROWS:
        for i in range(1, n_rows):
            row, j = rows[i], i
            while j > 0 and nodes[rows[j - 1]] > nodes[row]:
                rows[j] = rows[j - 1]
                j -= 1
            rows[j] = row
        return rows[:n_rows]
    ends = np.zeros(n_nodes + 1, dtype=np.int64)
    for i in range(n_rows):
        ends[nodes[rows[i]] + 1] += 1
    for node in range(n_nodes):
        ends[node + 1] += ends[node]
    ordered = np.empty(n_rows, dtype=np.int64)
    for i in range(n_rows):
        ordered[ends[nodes[rows[i]]]] = rows[i]
        ends[nodes[rows[i]]] += 1
    return ordered


@njit(cache=True, nogil=True)
def widest(slot_indptr):
    """Return the largest number of slots of a node."""
    width = 0
    for node in range(slot_indptr.shape[0] - 1):
        width = max(width, slot_indptr[node + 1] - slot_indptr[node])
    return width


@njit(cache=True, nogil=True)
def search_rows(
    X_indptr, X_indices, X_data, lo_row, hi_row, slots, allowed_slot, weights, power, beam,
    spread, keep_all, n_found, labels, scores,
):  # fmt: skip
    """Find the labels of rows ``lo_row .. hi_row - 1`` that the beam reaches.

    With ``keep_all`` every label goes to ``labels`` (n_rows, capacity), its logarithm to
    ``scores``. Otherwise the best go to ``labels`` and ``scores`` (n_rows, k), which hold -1 and
    -inf, with their scores; nodes that cannot hold a better one are skipped. ``n_found`` (n_rows,),
    zeros, counts them. ``allowed_slot`` (n_slots,) or, where all are, (0,). ``spread`` are
    arrays to write to: ``row_of`` (n_features,) with zeros, or (0,) if few rows are searched,
    ``starts`` as `spread_chunk` takes it, and int32 and float32 of the length of the longest row.
    """
    slot_indptr, slot_node, slot_label = slots
    n_rows, n_nodes = hi_row - lo_row, slot_indptr.shape[0] - 1
    logs = np.empty(widest(slot_indptr), dtype=np.float64)
    least = np.full(n_rows, -np.inf, dtype=np.float32)
    beam_nodes = np.full((n_rows, beam), -1, dtype=np.int32)
    beam_logs = np.full((n_rows, beam), -np.inf, dtype=np.float32)
    beam_places = np.empty((n_rows, beam), dtype=np.int32)
    for i in range(n_rows):
        beam_nodes[i, 0], beam_logs[i, 0] = 0, 0.0
    n_together = beam if keep_all else 1  # else best nodes first: they spare others
    row_of, starts, _, _ = spread
    spread_node, last_node, labels_only, is_searching = -1, -1, False, True
    while is_searching:
        parent_nodes, parent_logs = beam_nodes, beam_logs
        beam_nodes = np.full((n_rows, beam), -1, dtype=np.int32)
        beam_logs = np.full((n_rows, beam), -np.inf, dtype=np.float32)
        is_searching = False
        for start in range(0, beam, n_together):
            nodes = parent_nodes[:, start : start + n_together].copy().reshape(-1)
            pairs = sort_by_node(nodes, n_nodes)
            for at in range(pairs.shape[0]):
                i, s = pairs[at] // n_together, start + pairs[at] % n_together
                node, parent = parent_nodes[i, s], parent_logs[i, s]
                if parent < least[i]:
                    continue
                first_slot = slot_indptr[node]
                of_node = logs[: slot_indptr[node + 1] - first_slot]
                lo, hi = X_indptr[lo_row + i], X_indptr[lo_row + i + 1]
                if node != spread_node and row_of.shape[0] > 0:
                    last = at + rows_to_spread(node, weights) - 1
                    if last < pairs.shape[0] and nodes[pairs[last]] == node:
                        if spread_node >= 0:
                            clear_chunk(spread_node, weights, row_of)
                        spread_chunk(node, weights, row_of, starts)
                        spread_node = node
                of_node[:] = 0.0
                if node == spread_node:
                    add_spread(lo, hi, X_indices, X_data, weights, spread, of_node)
                else:
                    add_products(lo, hi, X_indices, X_data, node, weights, of_node)
                finish_logs(first_slot, weights, power, of_node)
                if node != last_node:
                    last_node, labels_only = node, has_labels_only(node, slots)
                if labels_only and keep_all and allowed_slot.shape[0] == 0:
                    of_labels = slot_label[first_slot:]
                    append_labels(parent, of_node, of_labels, n_found[i], labels[i], scores[i])
                    n_found[i] += of_node.shape[0]
                    continue
                of_beam = beam_logs[i], beam_nodes[i], beam_places[i]
                least[i], n_found[i], has_node = keep_slots(
                    parent, of_node, first_slot, slots, allowed_slot, keep_all, least[i], s,
                    of_beam, n_found[i], labels[i], scores[i],
                )  # fmt: skip
                is_searching |= has_node


@njit(cache=True, nogil=True)
def score_row_pairs(
    X_indptr, X_indices, X_data, lo_row, hi_row, C_indptr, C_indices, slot_indptr, owner,
    parent_slot, label_slot, weights, power, scores,
):  # fmt: skip
    """Add the tree's score of every candidate (row, label) to ``scores``, aligned with C_indices.

    A label outside the tree adds nothing. Margins of a node are computed once a row.
    """
    n_nodes = slot_indptr.shape[0] - 1
    logs = np.empty(owner.shape[0], dtype=np.float64)
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
                    first_slot = slot_indptr[node]
                    of_node = logs[first_slot : slot_indptr[node + 1]]
                    local_logs(lo, hi, X_indices, X_data, node, first_slot, weights, power, of_node)
                if n_path == path.shape[0]:
                    path = np.concatenate((path, np.empty_like(path)))
                path[n_path] = slot
                n_path += 1
                slot = parent_slot[node]
            total = np.float32(0.0)
            for step in range(n_path - 1, -1, -1):
                total = max(np.float32(total + logs[path[step]]), LOWEST_LOG)
            scores[c] += np.exp(total)
