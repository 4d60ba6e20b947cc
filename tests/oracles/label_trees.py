"""Slow, obvious twins of `label_trees`: plain Python over dense arrays.

``W`` holds a tree's weights densely, (n_slots, n_features + 1), the bias last.
"""

import numpy as np

LOWEST_LOG = -87.0
"""Logarithms of scores below count as this."""


def pifa_reference(X, Y, max_features):
    """Add up every label's rows, each times its value in Y, cut, and scale to length 1."""
    Z = np.zeros((Y.shape[1], X.shape[1]))
    for row in range(Y.shape[0]):
        for label in range(Y.shape[1]):
            Z[label] += Y[row, label] * X[row].astype(np.float64)
    for z in Z:
        z[sorted(range(z.size), key=lambda j: (-abs(z[j]), j))[max_features:]] = 0.0
        norm = np.sqrt(sum(z**2))
        if norm > 0:
            z /= norm
    return Z


def cut_reference(members, scores):
    """Put the better half first; of equals, earlier ones; each half in the members' order."""
    best_first = sorted(members, key=lambda m: -scores[m])
    chosen = set(best_first[: (len(members) + 1) // 2])
    return [m for m in members if m in chosen], [m for m in members if m not in chosen]


def split_reference(Z, members, first, second):
    """Cut by the difference of the cosines to two means, until little is gained by it."""
    halves = cut_reference(members, {m: Z[m] @ (Z[first] - Z[second]) for m in members})
    for _ in range(20):
        sums = [sum(Z[m] for m in half) for half in halves]
        norms = [max(np.sqrt(total @ total), 1e-6) for total in sums]
        scores = {
            m: np.float32(Z[m] @ sums[0] / norms[0] - Z[m] @ sums[1] / norms[1]) for m in members
        }
        before, halves = halves, cut_reference(members, scores)
        gain = sum(scores[m] for m in set(halves[0]) - set(before[0]))
        gain -= sum(scores[m] for m in set(halves[1]) - set(before[1]))
        if gain < 1e-4 * len(members):
            break
    return halves


def cosine_reference(z, mean):
    """Return a cosine to ``mean`` as far as ``z`` goes, 0 for a mean of zeros."""
    square = mean @ mean
    return np.float32(z @ mean) * np.float32(1 / np.sqrt(square) if square else 0.0)


def nearest_reference(z, means):
    """Return the first of the ``means`` {part: sum} with the largest cosine."""
    return max(
        (c for c in sorted(means) if means[c].any()), key=lambda c: cosine_reference(z, means[c])
    )


def kmeans_reference(Z, start):
    """Give each row of Z to the nearest mean until little is gained; return the parts as sets.

    Last, a row that is alone in its part goes to the nearest part of several.
    """
    rows = range(len(Z))
    codes = [nearest_reference(z, dict(enumerate(Z[start]))) for z in Z]
    for _ in range(20):
        means = {c: sum(Z[i] for i in rows if codes[i] == c) for c in codes}
        found = [nearest_reference(z, means) for z in Z]
        gains = [
            cosine_reference(Z[i], means[found[i]]) - cosine_reference(Z[i], means[codes[i]])
            for i in rows
        ]
        codes = found
        if sum(gains) < 1e-4 * len(Z):
            break
    several = {c: mean for c, mean in means.items() if codes.count(c) > 1}
    codes = [
        nearest_reference(Z[i], several) if codes.count(codes[i]) == 1 else codes[i] for i in rows
    ]
    return {frozenset(i for i in rows if codes[i] == c) for c in codes}


def given_reference(parents, labels):
    """Return the tree of a hierarchy as nested sets: a number is a label, a set an inner node."""

    def slots_below(column):
        below = [slots_below(c) for c in range(len(parents)) if parents[c] == column]
        slots = {next(iter(s)) if len(s) == 1 else s for s in below if s}
        return frozenset(slots | ({column} & set(labels)))

    root = slots_below(-1)
    while len(root) == 1 and isinstance(next(iter(root)), frozenset):
        root = next(iter(root))
    return root


def slots_of(tree, node):
    """Return the slots of a node."""
    return range(tree.slot_indptr[node], tree.slot_indptr[node + 1])


def labels_below(tree, slot):
    """Return the labels that a slot leads to."""
    if tree.slot_label[slot] >= 0:
        return {int(tree.slot_label[slot])}
    return set().union(*(labels_below(tree, s) for s in slots_of(tree, tree.slot_node[slot])))


def nested_sets(tree, node=0):
    """Return a tree as nested sets: a number is a label, a set an inner node."""
    return frozenset(
        int(tree.slot_label[slot])
        if tree.slot_label[slot] >= 0
        else nested_sets(tree, tree.slot_node[slot])
        for slot in slots_of(tree, node)
    )


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


def chunk_rows(trained, node):
    """Yield ``(bucket, feature, outputs, values)`` of every chunk row of a node, scale applied.

    Walks the buckets as they are stored, and checks that each ends where the next begins.
    """
    weights, shift = trained.weights, int(trained.weights.shift[node])
    first_slot = int(trained.tree.slot_indptr[node])
    first, last = weights.bucket_indptr[node], weights.bucket_indptr[node + 1] - 1
    first_row, q = int(weights.row_indptr[node]), int(weights.weight_indptr[node])
    for bucket in range(last - first):
        assert q == weights.weight_indptr[node] + weights.bucket_weight[first + bucket]
        rows = weights.bucket_row[first + bucket : first + bucket + 2]
        for row in range(first_row + rows[0], first_row + rows[1]):
            feature = (bucket << shift) + int(weights.row_feature[row])
            n_weights = int(weights.row_count[row]) + 1
            outputs = weights.output[q : q + n_weights].astype(int)
            values = weights.value[q : q + n_weights].astype(np.float64)
            if weights.scale.size:
                values *= weights.scale[first_slot + outputs]
            yield bucket, feature, outputs, values
            q += n_weights
    assert weights.bucket_row[last] == weights.row_indptr[node + 1] - first_row
    assert q == weights.weight_indptr[node + 1]


def dense_weights(trained, n_features):
    """Return ``W`` of a trained tree, in double precision."""
    tree = trained.tree
    W = np.zeros((tree.slot_node.size, n_features + 1))
    W[:, -1] = trained.weights.bias
    for node in range(tree.n_nodes):
        for _, feature, outputs, values in chunk_rows(trained, node):
            W[tree.slot_indptr[node] + outputs, feature] += values
    return W


def slot_log_score(W, x, slot, power=3):
    """Return log exp(-max(0, 1 - margin)^power), or, for 0, of the sigmoid of the margin."""
    margin = W[slot, :-1] @ x + W[slot, -1]
    return -(max(0.0, 1.0 - margin) ** power) if power else -np.logaddexp(0.0, -margin)


def path_to(tree, label):
    """Return the slots from the root to a label."""
    path = [int(tree.label_slot[label])]
    while tree.owner[path[0]] > 0:
        path.insert(0, int(tree.parent_slot[tree.owner[path[0]]]))
    return path


def product_reference(tree, W, x, power=3):
    """Return {label: product of the scores on its path} for all labels, without any beam."""
    found = {}
    for label in np.flatnonzero(tree.label_slot >= 0):
        log = 0.0
        for slot in path_to(tree, label):
            log = max(log + slot_log_score(W, x, slot, power), LOWEST_LOG)
        found[int(label)] = np.exp(log)
    return found


def beam_reference(tree, W, x, *, beam, allowed, power):
    """Return {label: score} of what the best ``beam`` nodes of each level reach.

    Of equal nodes the one below the better parent, then the lower one is the better; logarithms
    are compared as the float32 numbers that they are kept as.
    """
    found, level = {}, [(0.0, 0)]
    while level:
        below = []
        for score, node in level:
            for slot in slots_of(tree, node):
                if not any(allowed[label] for label in labels_below(tree, slot)):
                    continue
                slot_score = np.float32(score + slot_log_score(W, x, slot, power))
                slot_score = max(slot_score, np.float32(LOWEST_LOG))
                if tree.slot_node[slot] >= 0:
                    below.append((slot_score, int(tree.slot_node[slot])))
                else:
                    found[int(tree.slot_label[slot])] = np.exp(slot_score)
        level = sorted(below, key=lambda entry: -entry[0])[:beam]
    return found


def rank_reference(trees, X, k, *, beam, allowed, power=3):
    """Average over trees, a label that was not reached counting 0, and sort."""
    Ws = [dense_weights(trained, X.shape[1]) for trained in trees]
    labels = np.full((X.shape[0], k), -1, dtype=np.int32)
    scores = np.full((X.shape[0], k), -np.inf, dtype=np.float32)
    for row, x in enumerate(X.astype(np.float64)):
        found = [
            beam_reference(trained.tree, W, x, beam=beam, allowed=allowed, power=power)
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


def objective_reference(w, X, y, cost, is_logistic=False):
    """Return 1/2 |w|^2 + sum cost_i max(0, 1 - m_i)^2, or log(1 + exp(-m_i)) for the square."""
    margins = y * (X @ w[:-1] + w[-1])
    loss = np.logaddexp(0.0, -margins) if is_logistic else np.maximum(0.0, 1.0 - margins) ** 2
    return 0.5 * w @ w + cost @ loss


def merge_reference(n_found, found_labels, logs):
    """Return {label: mean of its scores over the trees}, 0 where a tree lacks it, for each row."""
    n_trees, n_rows, _ = logs.shape
    rows = []
    for row in range(n_rows):
        totals = {}
        for tree in range(n_trees):
            for place in range(n_found[tree, row]):
                label = int(found_labels[tree, row, place])
                totals[label] = totals.get(label, 0.0) + float(np.exp(logs[tree, row, place]))
        rows.append({label: total / n_trees for label, total in totals.items()})
    return rows
