"""What is done with an item: which paths hold, whether somebody should look, or why none is given.

There are two ways. *The best answer* is the best path, or the several paths of the highest expected
F1 (Lewis, "Evaluating and optimizing autonomous text classification systems", SIGIR 1995): it is
``ok`` if every path is as sure as was asked for, else up for ``review``. *A sure answer* is every
path that is as sure as was asked for, or else the deepest category above one that is; ``abstain``
if there is none.
"""

from typing import Any, NamedTuple

import numpy as np

from xmlrec.probabilities.features import LabelFrame
from xmlrec.probabilities.thresholds import Thresholds

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

MAX_NONE = 0.5
"""P(no category fits) above which no category is answered."""


class Decisions(NamedTuple):
    """One entry an item.

    Attributes
    ----------
    n_paths : int array
        How many of the best labels are answered, from the first; 0 if none is.
    nodes : int32 array
        The category above labels that is answered instead, -1 for none.
    P_nodes : float32 array
        Its probability.
    is_sure : bool array
        Whether all that is answered is as sure as was asked for.
    is_ambiguous : bool array
        Whether the parent of the best label is sure, but another child is the next best label.
    fits_none : bool array
        Whether no category fits.
    """

    n_paths: IntArray
    nodes: IntArray
    P_nodes: FloatArray
    is_sure: BoolArray
    is_ambiguous: BoolArray
    fits_none: BoolArray


def decide(
    labels: IntArray,
    P: FloatArray,
    of_nodes: FloatArray,
    none: FloatArray,
    thresholds: Thresholds,
    frame: LabelFrame,
    *,
    is_single: bool,
    only_sure: bool,
    max_paths: int | None = None,
    allowed: BoolArray | None = None,
) -> Decisions:
    """Return what is done with items.

    Parameters
    ----------
    labels, P : int32 and float32 array, shape (n_items, k)
        Best first, -1 for none.
    of_nodes : float32 array, shape (n_items, k, max_depth)
        P(node | item) along the labels' paths.
    none : float32 array, shape (n_items,)
        P(no category fits | item).
    only_sure : bool
        Whether a sure answer is wanted, instead of the best one.
    max_paths : int, optional
        How many paths an item may have; one where ``is_single``.
    allowed : bool array, shape (n_labels,), optional
        Categories that may be answered above labels.
    """
    most = 1 if is_single else labels.shape[1] if max_paths is None else max_paths
    is_label = labels >= 0
    reached = is_label & (thresholds.of_labels[labels] <= P)
    fits_none = none > MAX_NONE
    if only_sure:
        n_paths = np.where(reached[:, 0], np.cumprod(reached, axis=1).sum(axis=1), 0)
        nodes, P_nodes = deepest_sure(labels, of_nodes, thresholds, frame, allowed)
        nodes = np.where((n_paths > 0) | fits_none, -1, nodes).astype(np.int32)
    else:
        n_paths = np.where(is_label[:, 0], expected_f1_paths(P, is_label), 0)
        nodes = np.full(len(labels), -1, dtype=np.int32)
        P_nodes = np.zeros(len(labels), dtype=np.float32)
    n_paths = np.where(fits_none, 0, np.minimum(n_paths, most)).astype(np.int32)
    places = np.arange(labels.shape[1])
    is_sure = (reached | (places >= n_paths[:, np.newaxis])).all(axis=1)
    return Decisions(
        n_paths,
        nodes,
        P_nodes,
        is_sure & ((n_paths > 0) | (nodes >= 0)),
        is_ambiguous(labels, of_nodes, thresholds, frame),
        fits_none & is_label[:, 0],
    )


def expected_f1_paths(P: FloatArray, is_label: BoolArray) -> IntArray:
    """Return how many of the first labels give the highest expected F1, at least 1.

    With ``m`` answers that is about ``2 (P_1 + ... + P_m) / (m + n)``, where ``n`` is the expected
    number of labels of the item, 1 at least.
    """
    chances = np.where(is_label, P, 0.0).astype(np.float64)
    expected = np.maximum(chances.sum(axis=1, keepdims=True), 1.0)
    n_answers = np.arange(1, P.shape[1] + 1)
    f1 = 2 * np.cumsum(chances, axis=1) / (n_answers + expected)
    best: IntArray = (f1.argmax(axis=1) + 1).astype(np.int32)
    return best


def deepest_sure(
    labels: IntArray,
    of_nodes: FloatArray,
    thresholds: Thresholds,
    frame: LabelFrame,
    allowed: BoolArray | None,
) -> tuple[IntArray, FloatArray]:
    """Return the deepest node above a label that is sure enough, -1 for none, and P of it.

    Of several at one depth, the likeliest.
    """
    n_items, _, max_depth = of_nodes.shape
    rows = np.arange(n_items)
    nodes, P_nodes = np.full(n_items, -1, dtype=np.int32), np.zeros(n_items, dtype=np.float32)
    for depth in range(max_depth):
        above = np.where(labels >= 0, frame.paths[labels, depth], -1)
        is_inner = (above >= 0) & (above != labels)
        if allowed is not None:
            is_inner &= allowed[above]
        p = np.where(is_inner, of_nodes[:, :, depth], -1.0)
        at = p.argmax(axis=1)
        node, p_node = above[rows, at], p[rows, at]
        is_sure = (p_node >= 0) & (p_node >= thresholds.of_nodes[node])
        nodes[is_sure], P_nodes[is_sure] = node[is_sure], p_node[is_sure]
    return nodes, P_nodes


def is_ambiguous(
    labels: IntArray, of_nodes: FloatArray, thresholds: Thresholds, frame: LabelFrame
) -> BoolArray:
    """Return whether the two best labels are siblings below a parent that is sure enough."""
    first, second = labels[:, 0], labels[:, 1]
    parents = np.where(first >= 0, frame.parents[first], -1)
    are_siblings = (second >= 0) & (parents >= 0) & (frame.parents[second] == parents)
    at = np.maximum(frame.depths[first] - 2, 0)  # of the parent, from 0
    p = of_nodes[np.arange(len(labels)), 0, at]
    ambiguous: BoolArray = are_siblings & (p >= thresholds.of_nodes[parents])
    return ambiguous
