"""Slow, obvious twins of `xmlrec.metrics`.

A row's ranking is a list of labels, padded with -1; its truth a set of labels. ``parents`` lists
the parents of every node, the primary one first.
"""

from itertools import permutations
from math import log2


def gain(ranking, true_labels, k, *, worth, discounted):
    """Add up the worth of the true labels in the first k places."""
    return sum(
        worth[label] / (log2(rank + 1) if discounted else 1)
        for rank, label in enumerate(ranking[:k], start=1)
        if label in true_labels
    )


def best_gain(true_labels, k, *, worth, discounted):
    """Return the gain of the best of all orders of the true labels."""
    return max(
        gain(order, true_labels, k, worth=worth, discounted=discounted)
        for order in permutations(true_labels)
    )


def psp_reference(rankings, truths, k, worth):
    """Divide the sum of gains by the sum of best gains."""
    options = {"worth": worth, "discounted": False}
    gains = sum(gain(r, t, k, **options) for r, t in zip(rankings, truths, strict=True))
    best = sum(best_gain(t, k, **options) for t in truths)
    return 100 * gains / best if best else 0.0


def psndcg_reference(rankings, truths, k, worth):
    """Divide sums of discounted gains, each row's by what unit worth could reach in it."""
    options = {"worth": worth, "discounted": True}
    gains = best = 0.0
    for ranking, true_labels in zip(rankings, truths, strict=True):
        if true_labels:
            ideal = sum(1 / log2(rank + 1) for rank in range(1, min(k, len(true_labels)) + 1))
            gains += gain(ranking, true_labels, k, **options) / ideal
            best += best_gain(true_labels, k, **options) / ideal
    return 100 * gains / best if best else 0.0


def ancestors_reference(node, parents):
    """Return the node and all that can be reached from it upwards."""
    found, todo = set(), [node]
    while todo:
        node = todo.pop()
        found.add(node)
        todo += parents[node]
    return found


def path_reference(node, parents):
    """Return the nodes from the root down to ``node`` along primary parents; none for -1."""
    if node < 0:
        return []
    return path_reference(parents[node][0] if parents[node] else -1, parents) + [node]


def edges_reference(u, v, parents):
    """Count the edges between two nodes by depth(u) + depth(v) - 2 * depth(LCA)."""
    u_path, v_path = path_reference(u, parents), path_reference(v, parents)
    return len(u_path) + len(v_path) - 2 * len(set(u_path) & set(v_path))


def tree_distance_reference(rankings, truths, parents):
    """Try all matchings of the first m predictions with the m true labels of every row."""
    total = 0.0
    for ranking, true_labels in zip(rankings, truths, strict=True):
        m = max(len(true_labels), 1)
        first = (ranking + [-1] * m)[:m]
        total += min(
            sum(edges_reference(u, v, parents) for u, v in zip(first, order, strict=True)) / m
            for order in permutations(true_labels or {-1})
        )
    return total / len(rankings)


def hierarchical_reference(rankings, truths, parents):
    """Compare sets of nodes and ancestors row by row."""
    rows = []
    for ranking, true_labels in zip(rankings, truths, strict=True):
        predicted = ancestors_reference(ranking[0], parents) if ranking[0] >= 0 else set()
        expected = set().union(*(ancestors_reference(label, parents) for label in true_labels))
        rows.append((len(predicted & expected), len(predicted), len(expected)))

    def scores(shared, predicted, expected):
        return (
            shared / predicted if predicted else 0.0,
            shared / expected if expected else 0.0,
            2 * shared / (predicted + expected) if predicted + expected else 0.0,
        )

    micro = scores(*map(sum, zip(*rows, strict=True)))
    macro = [
        sum(column) / len(rows) for column in zip(*(scores(*row) for row in rows), strict=True)
    ]
    keys = ["hp_micro", "hr_micro", "hf_micro", "hp_macro", "hr_macro", "hf_macro"]
    return {key: 100 * value for key, value in zip(keys, [*micro, *macro], strict=True)}


def level_classes_reference(rankings, truths, parents, level):
    """Return the true and the predicted class of every row that has a true node at ``level``."""

    def at_level(node):
        path = path_reference(node, parents)
        return path[level - 1] if len(path) >= level else -1

    classes = []
    for ranking, true_labels in zip(rankings, truths, strict=True):
        nodes = [at_level(label) for label in sorted(true_labels) if at_level(label) >= 0]
        predicted = at_level(ranking[0])
        if nodes:
            classes.append((predicted if predicted in nodes else nodes[0], predicted))
    return [pair[0] for pair in classes], [pair[1] for pair in classes]
