"""What of a row speaks for a label: the terms of every margin on the label's path.

The score of a label in a tree is a product over its path, see `label_trees.search`. Each factor
depends on a margin, and a margin is a sum: the row's values times the slot's weights, and the bias.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from label_trees.checks import Rows, check_rows
from label_trees.forest import LabelForest
from label_trees.kernels.search import LOWEST_LOG
from label_trees.tree import LabelTree
from label_trees.weights import TrainedTree

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step of the way from the root to a label: why the search went into a slot.

    Attributes
    ----------
    slot : int
    labels : int32 array
        The labels that are in the slot or below it, rising.
    features : int32 array, shape (n,)
        The row's features that the slot has a weight for, rising.
    products : float64 array, shape (n,)
        Their values times these weights.
    bias, margin : float
        The margin is the sum of the products and the bias.
    log_score : float
        The logarithm of the local score.
    """

    slot: int
    labels: IntArray
    features: IntArray
    products: FloatArray
    bias: float
    margin: float
    log_score: float


def explain_label(forest: LabelForest, X: Any, label: int) -> tuple[tuple[Step, ...], ...]:
    """Return the steps to a label in each tree, from the root down.

    Parameters
    ----------
    forest : LabelForest
    X : sparse array, shape (1, n_features)
    label : int
        A column of ``Y``.

    Returns
    -------
    tuple of tuple of Step
        One for each tree, empty for a label that is in none. `path_score` of it is the score in
        that tree; their mean is what `LabelForest.score_pairs` gives.

    Raises
    ------
    ValueError
        If ``X`` is not one row of the forest's features, or there is no such label.
    """
    row = check_rows(X, n_columns=forest.n_features)
    if row.shape[0] != 1:
        raise ValueError(f"X has {row.shape[0]} rows, expected 1")
    if not 0 <= label < forest.n_labels:
        raise ValueError(f"label must be in 0 .. {forest.n_labels - 1}, got {label}")
    return tuple(
        tuple([_step(trained, row, slot, forest.power) for slot in path_slots(trained.tree, label)])
        for trained in forest.trees
    )


def path_score(steps: tuple[Step, ...]) -> float:
    """Return the product of the steps' scores, as the search bounds it from below."""
    log = 0.0
    for step in steps:
        log = max(log + step.log_score, float(LOWEST_LOG))
    return float(np.exp(log))


def path_slots(tree: LabelTree, label: int) -> list[int]:
    """Return the slots from the root to a label; none for a label outside the tree."""
    slots, slot = [], int(tree.label_slot[label])
    while slot >= 0:
        slots.append(slot)
        slot = int(tree.parent_slot[tree.owner[slot]])
    return slots[::-1]


def labels_below(tree: LabelTree, slot: int) -> IntArray:
    """Return the labels that are in a slot or below it, int32, rising."""
    found: list[IntArray] = []
    slots: IntArray = np.array([slot], dtype=np.int64)
    while slots.size:
        found.append(tree.slot_label[slots])
        nodes = tree.slot_node[slots]
        starts = tree.slot_indptr[:-1].astype(np.int64)[nodes[nodes >= 0]]
        slots = _ranges(starts, tree.widths[nodes[nodes >= 0]])[0]
    labels = np.concatenate(found)
    return np.sort(labels[labels >= 0])


def _step(trained: TrainedTree, row: Rows, slot: int, power: int) -> Step:
    weights = slot_weights(trained, row.indices, slot)
    is_used = (weights != 0) & (row.data != 0)
    products = row.data[is_used].astype(np.float64) * weights[is_used]
    bias = float(trained.weights.bias[slot])
    margin = float(products.sum()) + bias
    log_score = -(max(0.0, 1.0 - margin) ** power) if power else -float(np.logaddexp(0, -margin))
    labels = labels_below(trained.tree, slot)
    return Step(slot, labels, row.indices[is_used], products, bias, margin, log_score)


def slot_weights(trained: TrainedTree, features: IntArray, slot: int) -> FloatArray:
    """Return the weights of some features in a slot, those of 8 bits scaled; 0 where it has none.

    Parameters
    ----------
    features : int array, shape (n,)
    """
    weights, node = trained.weights, int(trained.tree.owner[slot])
    shift = int(weights.shift[node])
    buckets = weights.bucket_indptr[node] + (features.astype(np.int64) >> shift)
    first = weights.bucket_row[buckets].astype(np.int64)
    rows, of_feature = _ranges(first, weights.bucket_row[buckets + 1] - first)
    rows += weights.row_indptr[node]
    sizes = weights.row_count[rows].astype(np.int64) + 1
    before = np.cumsum(sizes) - sizes  # of the weights of all these rows, bucket by bucket
    is_first = np.diff(of_feature, prepend=-1) > 0
    before -= np.repeat(before[is_first], np.bincount(of_feature)[of_feature[is_first]])
    starts = weights.weight_indptr[node] + weights.bucket_weight[buckets][of_feature] + before
    low_bits = features.astype(np.int64)[of_feature] & ((1 << shift) - 1)
    is_it = weights.row_feature[rows] == low_bits
    places, of_row = _ranges(starts[is_it], sizes[is_it])
    is_own = weights.output[places] == slot - trained.tree.slot_indptr[node]
    found = np.zeros(features.size)
    found[of_feature[is_it][of_row[is_own]]] = weights.value[places[is_own]]
    return found * weights.scale[slot] if weights.scale.size else found


def _ranges(starts: IntArray, sizes: IntArray) -> tuple[IntArray, IntArray]:
    """Return the numbers of ranges one after the other, and which range each is of."""
    of_range = np.repeat(np.arange(starts.size), sizes)
    within = np.arange(of_range.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return starts[of_range].astype(np.int64) + within, of_range
