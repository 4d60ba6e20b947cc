"""Slow, obvious twins of `label_trees`: plain Python over dense arrays.

``W`` holds a tree's weights densely, (n_slots, n_features + 1), the bias last.
"""

import numpy as np


def pifa_reference(X, Y):
    """Add up every label's rows, each times its value in Y, and scale to unit length."""
    Z = np.zeros((Y.shape[1], X.shape[1]))
    for row in range(Y.shape[0]):
        for label in range(Y.shape[1]):
            Z[label] += Y[row, label] * X[row].astype(np.float64)
    for label in range(Y.shape[1]):
        norm = np.sqrt(sum(Z[label] ** 2))
        if norm > 0:
            Z[label] /= norm
    return Z


def split_reference(Z, members, first, second):
    """Sort by the difference of the cosines to two means, cut in the middle, until all stay."""
    means = [Z[first].astype(np.float64), Z[second].astype(np.float64)]
    n_first = (len(members) + 1) // 2
    before = None
    while True:
        best_first = sorted(members, key=lambda m: -Z[m] @ (means[0] - means[1]))
        chosen = set(best_first[:n_first])
        halves = [m for m in members if m in chosen], [m for m in members if m not in chosen]
        if halves == before:
            return halves
        before = halves
        sums = [sum(Z[m].astype(np.float64) for m in half) for half in halves]
        means = [total / np.sqrt(total @ total) for total in sums]


def slots_of(tree, node):
    """Return the slots of a node."""
    return range(tree.slot_indptr[node], tree.slot_indptr[node + 1])


def labels_below(tree, slot):
    """Return the labels that a slot leads to."""
    if tree.slot_label[slot] >= 0:
        return {int(tree.slot_label[slot])}
    return set().union(*(labels_below(tree, s) for s in slots_of(tree, tree.slot_node[slot])))


def instances_reference(tree, Y):
    """Return, for every node, ``[(row, {output: value})]``: what its classifiers train on."""
    nodes = []
    for node in range(tree.n_nodes):
        entries = []
        for row in range(Y.shape[0]):
            positives = {}
            for output, slot in enumerate(slots_of(tree, node)):
                values = [Y[row, label] for label in labels_below(tree, slot) if Y[row, label] > 0]
                if values:
                    positives[output] = max(values)
            if positives:
                entries.append((row, positives))
        nodes.append(entries)
    return nodes


def pack_reference(tree, W):
    """Return the arrays of `NodeWeights` for dense weights, leaving zeros out."""
    node_indptr, row_feature, row_indptr, output, value = [0], [], [0], [], []
    for node in range(tree.n_nodes):
        of_node = W[list(slots_of(tree, node)), :-1]
        for feature in range(of_node.shape[1]):
            outputs = np.flatnonzero(of_node[:, feature])
            if outputs.size:
                row_feature.append(feature)
                output.extend(outputs)
                value.extend(of_node[outputs, feature])
                row_indptr.append(len(output))
        node_indptr.append(len(row_feature))
    return {
        "bias": W[:, -1].astype(np.float32),
        "node_indptr": np.array(node_indptr, dtype=np.int64),
        "row_feature": np.array(row_feature, dtype=np.int32),
        "row_indptr": np.array(row_indptr, dtype=np.int64),
        "output": np.array(output, dtype=np.int32),
        "value": np.array(value, dtype=np.float32),
    }


def dense_weights(trained, n_features):
    """Return ``W`` of a trained tree, in double precision."""
    tree, weights = trained.tree, trained.weights
    W = np.zeros((tree.slot_node.size, n_features + 1))
    W[:, -1] = weights.bias
    for node in range(tree.n_nodes):
        for r in range(weights.node_indptr[node], weights.node_indptr[node + 1]):
            for q in range(weights.row_indptr[r], weights.row_indptr[r + 1]):
                slot = tree.slot_indptr[node] + weights.output[q]
                W[slot, weights.row_feature[r]] += weights.value[q]
    return W


def slot_log_score(W, x, slot):
    """Return log exp(-max(0, 1 - margin)^2)."""
    return -(max(0.0, 1.0 - (W[slot, :-1] @ x + W[slot, -1])) ** 2)


def path_to(tree, label):
    """Return the slots from the root to a label."""
    path = [int(tree.label_slot[label])]
    while tree.owner[path[0]] > 0:
        path.insert(0, int(tree.parent_slot[tree.owner[path[0]]]))
    return path


def product_reference(tree, W, x):
    """Return {label: product of the scores on its path} for all labels, without any beam."""
    return {
        int(label): np.exp(sum(slot_log_score(W, x, slot) for slot in path_to(tree, label)))
        for label in np.flatnonzero(tree.label_slot >= 0)
    }


def beam_reference(tree, W, x, *, beam, allowed):
    """Return {label: score} of what the best ``beam`` nodes of each level reach."""
    found, level = {}, [(0.0, 0)]
    while level:
        below = []
        for score, node in sorted(level, key=lambda entry: entry[1]):
            for slot in slots_of(tree, node):
                if not any(allowed[label] for label in labels_below(tree, slot)):
                    continue
                slot_score = score + slot_log_score(W, x, slot)
                if tree.slot_node[slot] >= 0:
                    below.append((slot_score, int(tree.slot_node[slot])))
                else:
                    found[int(tree.slot_label[slot])] = np.exp(slot_score)
        level = sorted(below, key=lambda entry: -entry[0])[:beam]
    return found


def rank_reference(trees, X, k, *, beam, allowed):
    """Average over trees, a label that was not reached counting 0, and sort."""
    Ws = [dense_weights(trained, X.shape[1]) for trained in trees]
    labels = np.full((X.shape[0], k), -1, dtype=np.int32)
    scores = np.full((X.shape[0], k), -np.inf, dtype=np.float32)
    for row, x in enumerate(X.astype(np.float64)):
        found = [
            beam_reference(trained.tree, W, x, beam=beam, allowed=allowed)
            for trained, W in zip(trees, Ws, strict=True)
        ]
        means = {
            label: np.float32(sum(of_tree.get(label, 0.0) for of_tree in found) / len(trees))
            for label in set().union(*found)
        }
        best = sorted(means, key=lambda label: (-means[label], label))[:k]
        labels[row, : len(best)] = best
        scores[row, : len(best)] = [means[label] for label in best]
    return labels, scores


def objective_reference(w, X, y, cost):
    """Return 1/2 |w|^2 + sum cost_i max(0, 1 - y_i w.(x_i, 1))^2."""
    margins = X @ w[:-1] + w[-1]
    return 0.5 * w @ w + sum(cost * np.maximum(0.0, 1.0 - y * margins) ** 2)


def dual_gap_reference(w, X, y, cost):
    """Return the largest difference of projected gradients of the dual at ``w``.

    The dual variables are recovered from w = sum alpha_i y_i (x_i, 1), which has one solution when
    the rows are linearly independent.
    """
    Q = y[:, None] * np.column_stack([X, np.ones(len(X))])
    alpha = np.linalg.lstsq(Q.T, w, rcond=None)[0]
    np.testing.assert_allclose(Q.T @ alpha, w, atol=1e-5)
    gradient = Q @ w - 1.0 + alpha / (2.0 * cost)
    projected = np.where(alpha > 1e-5, gradient, np.minimum(gradient, 0.0))
    return projected.max() - projected.min()
