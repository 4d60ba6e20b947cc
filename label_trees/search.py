"""Ranking labels with one or several trained trees.

The score of a label in a tree is the product over its path of exp(-max(0, 1 - margin)^2) (Prabhu
et al., WWW 2018, section 3.3, for the squared hinge). Trees are averaged; a label that the beam of
a tree does not reach counts 0 there.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.kernels.search import add_found, best_labels, score_row_pairs, search_rows
from label_trees.parallel import thread_map
from label_trees.ranking import Ranking, empty_ranking
from label_trees.tree import LabelTree
from label_trees.weights import TrainedTree

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

ROWS_PER_BLOCK = 1024
"""Rows searched together: enough for their (row, node) pairs to share chunks."""

FOUND_PER_BLOCK = 4_000_000
"""Bound on the labels that a block's rows may reach together, which bounds memory (32 MB)."""


def rank_labels(
    trees: tuple[TrainedTree, ...],
    X: sp.csr_array,
    k: int,
    *,
    beam: int,
    allowed: BoolArray | None,
    n_threads: int,
) -> Ranking:
    """Return the ``k`` best labels of every row of ``X``, among ``allowed`` ones if given.

    A row's result is the same bytes for any batch, order of rows and number of threads, and a
    ranking of ``k`` labels is the beginning of one of ``k + 1``.
    """
    labels, scores = empty_ranking(X.shape[0], k)
    beam = min(beam, max(trained.tree.n_nodes for trained in trees))
    capacities = [reachable_labels(trained.tree, beam) for trained in trees]
    capacity = sum(capacities)
    n_labels = trees[0].tree.n_labels
    masks = [allowed_slots(trained.tree, allowed) for trained in trees]
    per_block = max(1, min(ROWS_PER_BLOCK, FOUND_PER_BLOCK // max(capacity, 1)))
    per_block = min(per_block, max(1, -(-X.shape[0] // n_threads)))

    def rank_block(lo: int) -> None:
        hi = min(lo + per_block, X.shape[0])
        found = [
            found_labels(trained, X, lo, hi, beam, mask, room)
            for trained, mask, room in zip(trees, masks, capacities, strict=True)
        ]
        totals = np.full(n_labels, -1.0)
        touched = np.empty(capacity, dtype=np.int32)
        for i in range(hi - lo):
            n_touched = 0
            for n_found, tree_labels, tree_scores in found:
                n_touched = add_found(
                    n_found[i], tree_labels[i], tree_scores[i], totals, touched, n_touched
                )
            best_labels(totals, touched[:n_touched], len(trees), labels[lo + i], scores[lo + i])

    thread_map(rank_block, range(0, X.shape[0], per_block), n_threads)
    return labels, scores


def found_labels(
    trained: TrainedTree, X: sp.csr_array, lo: int, hi: int, beam: int, mask: BoolArray, room: int
) -> tuple[Any, Any, Any]:
    """Return how many labels (``room`` at most) each row reached, which, and their log scores."""
    tree, weights = trained.tree, trained.weights
    shape = (hi - lo, room)
    n_found = np.zeros(hi - lo, dtype=np.int64)
    labels = np.empty(shape, dtype=np.int32)
    scores = np.empty(shape, dtype=np.float32)
    search_rows(
        X.indptr, X.indices, X.data, lo, hi, tree.slot_indptr, tree.slot_node, tree.slot_label,
        mask, weights.bias, weights.node_indptr, weights.row_feature, weights.row_indptr,
        weights.output, weights.value, beam, np.zeros(X.shape[1], dtype=np.int32),
        n_found, labels, scores,
    )  # fmt: skip
    return n_found, labels, scores


def reachable_labels(tree: LabelTree, beam: int) -> int:
    """Return a bound on the labels that one row can reach with ``beam`` nodes a level."""
    n_labels = np.bincount(tree.owner[tree.slot_label >= 0], minlength=tree.n_nodes)
    return sum(
        int(np.sort(n_labels[tree.depths == depth])[-beam:].sum())
        for depth in range(int(tree.depths.max()) + 1)
    )


def allowed_slots(tree: LabelTree, allowed: BoolArray | None) -> BoolArray:
    """Return which slots lead to an allowed label, shape (n_slots,)."""
    if allowed is None:
        return np.ones(tree.slot_node.size, dtype=np.bool_)
    mask = np.zeros(tree.slot_node.size, dtype=np.bool_)
    slots = tree.label_slot[allowed & (tree.label_slot >= 0)]
    while slots.size:
        mask[slots] = True
        slots = np.unique(tree.parent_slot[tree.owner[slots]])
        slots = slots[slots >= 0]
    return mask


def score_pairs(
    trees: tuple[TrainedTree, ...], X: sp.csr_array, candidates: sp.csr_array, *, n_threads: int
) -> sp.csr_array:
    """Return the mean score of every stored pair of ``candidates`` (n_instances, n_labels).

    Pairs whose label is in no tree are absent from the result: not scored. Unlike in a beam search
    every tree scores every pair.
    """
    totals = np.zeros(candidates.nnz)

    def score_block(lo: int) -> None:
        for trained in trees:
            tree, weights = trained.tree, trained.weights
            score_row_pairs(
                X.indptr, X.indices, X.data, lo, min(lo + ROWS_PER_BLOCK, X.shape[0]),
                candidates.indptr, candidates.indices, tree.slot_indptr, tree.owner,
                tree.parent_slot, tree.label_slot, weights.bias, weights.node_indptr,
                weights.row_feature, weights.row_indptr, weights.output, weights.value, totals,
            )  # fmt: skip

    thread_map(score_block, range(0, X.shape[0], ROWS_PER_BLOCK), n_threads)
    in_tree = trees[0].tree.label_slot[candidates.indices] >= 0
    kept = np.concatenate([[0], np.cumsum(in_tree)])
    values = (totals[in_tree] / len(trees)).astype(np.float32)
    return sp.csr_array(
        (values, candidates.indices[in_tree], kept[candidates.indptr]), shape=candidates.shape
    )
