"""Ranking labels with one or several trained trees.

The score of a label in a tree is the product over its path of the local scores,
exp(-max(0, 1 - margin)^power) or, for the logistic loss (power 0), the sigmoid of the margin.
Parabel squares the slack (Prabhu et al., WWW 2018, section 3.3), PECOS takes its cube (Yu et al.,
JMLR 23, 2022). Trees are averaged; a label that the beam of a tree does not reach counts 0 there.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.checks import Rows
from label_trees.kernels.merge import merge_trees
from label_trees.kernels.search import score_row_pairs, search_rows
from label_trees.parallel import thread_map
from label_trees.ranking import Ranking, empty_ranking
from label_trees.tree import LabelTree
from label_trees.weights import TrainedTree

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

ROWS_PER_BLOCK = 32_768
"""Rows searched together: enough for their (row, node) pairs to share chunks."""

ROWS_TO_SPREAD = 32
"""Fewer rows are searched without an array as long as the features."""

KEPT_PER_BLOCK = 4_000_000
"""Bound on the nodes and labels that a block's rows keep together, which bounds memory (32 MB)."""


def rank_labels(
    trees: tuple[TrainedTree, ...],
    X: Rows,
    k: int,
    *,
    beam: int,
    power: int,
    allowed: BoolArray | None,
    n_threads: int,
) -> Ranking:
    """Return the ``k`` best labels of every row of ``X``, among ``allowed`` ones if given.

    A row's result is the same bytes for any batch, order of rows and number of threads, and a
    ranking of ``k`` labels is the beginning of one of ``k + 1``.
    """
    labels, scores = empty_ranking(X.shape[0], k)
    beam = min(beam, max(trained.tree.n_nodes for trained in trees))
    masks = [allowed_slots(trained.tree, allowed) for trained in trees]
    n_labels = trees[0].tree.n_labels
    n_kept, room = beam, 0  # nodes and labels a row
    if len(trees) > 1:
        room = min(n_labels, beam * max(int(trained.tree.reach.sum()) for trained in trees))
        n_kept += len(trees) * room
    per_block = min(ROWS_PER_BLOCK, -(-X.shape[0] // n_threads), KEPT_PER_BLOCK // n_kept)
    per_block = max(1, per_block)

    def rank_block(lo: int) -> None:
        hi = min(lo + per_block, X.shape[0])
        if len(trees) == 1:
            best = np.zeros(hi - lo, dtype=np.int64), labels[lo:hi], scores[lo:hi]
            search(trees[0], X, (lo, hi), masks[0], power, beam, best, keep_all=False)
            return
        n_found = np.zeros((len(trees), hi - lo), dtype=np.int64)
        found = np.empty((len(trees), hi - lo, room), dtype=np.int32)
        logs = np.empty(found.shape, dtype=np.float32)
        for number, trained in enumerate(trees):
            lists = n_found[number], found[number], logs[number]
            search(trained, X, (lo, hi), masks[number], power, beam, lists, keep_all=True)
        is_near, totals = np.zeros(n_labels, dtype=np.bool_), np.zeros(n_labels)
        merge_trees(n_found, found, logs, is_near, totals, labels[lo:hi], scores[lo:hi])

    thread_map(rank_block, range(0, X.shape[0], per_block), n_threads)
    return labels, scores


Lists = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]


def search(
    trained: TrainedTree,
    X: Rows,
    rows: tuple[int, int],
    mask: BoolArray,
    power: int,
    beam: int,
    lists: Lists,
    *,
    keep_all: bool,
) -> None:
    """Fill ``lists`` with what one tree finds for ``rows`` (first, last + 1) of ``X``."""
    tree = trained.tree
    slots = tree.slot_indptr, tree.slot_node, tree.slot_label
    n_features = X.shape[1] if rows[1] - rows[0] >= ROWS_TO_SPREAD else 0
    n_rows = int(np.diff(trained.weights.row_indptr).max())
    longest = int(np.diff(X.indptr).max(initial=0)) + 1
    spread = (
        np.zeros(n_features, dtype=np.int32),
        np.empty(n_rows + 1, dtype=np.int64),
        np.empty(longest, dtype=np.int32),
        np.empty(longest, dtype=np.float32),
    )
    search_rows(
        X.indptr, X.indices, X.data, *rows, slots, mask, trained.weights, power, beam,
        spread, keep_all, *lists,
    )  # fmt: skip


def allowed_slots(tree: LabelTree, allowed: BoolArray | None) -> BoolArray:
    """Return which slots lead to an allowed label, shape (n_slots,), or (0,) if all are allowed."""
    if allowed is None:
        return np.zeros(0, dtype=np.bool_)
    mask = np.zeros(tree.slot_node.size, dtype=np.bool_)
    slots = tree.label_slot[allowed & (tree.label_slot >= 0)]
    while slots.size:
        mask[slots] = True
        slots = np.unique(tree.parent_slot[tree.owner[slots]])
        slots = slots[slots >= 0]
    return mask


def score_pairs(
    trees: tuple[TrainedTree, ...],
    X: Rows,
    candidates: sp.csr_array,
    *,
    power: int,
    n_threads: int,
) -> sp.csr_array:
    """Return the mean score of every stored pair of ``candidates`` (n_instances, n_labels).

    Pairs whose label is in no tree are absent from the result: not scored. Unlike in a beam search
    every tree scores every pair.
    """
    totals = np.zeros(candidates.nnz)

    def score_block(lo: int) -> None:
        hi = min(lo + ROWS_PER_BLOCK, X.shape[0])
        for trained in trees:
            tree = trained.tree
            score_row_pairs(
                X.indptr, X.indices, X.data, lo, hi, candidates.indptr, candidates.indices,
                tree.slot_indptr, tree.owner, tree.parent_slot, tree.label_slot, trained.weights,
                power, totals,
            )  # fmt: skip

    thread_map(score_block, range(0, X.shape[0], ROWS_PER_BLOCK), n_threads)
    in_tree = trees[0].tree.label_slot[candidates.indices] >= 0
    kept = np.concatenate([[0], np.cumsum(in_tree)])
    values = (totals[in_tree] / len(trees)).astype(np.float32)
    return sp.csr_array(
        (values, candidates.indices[in_tree], kept[candidates.indptr]), shape=candidates.shape
    )
