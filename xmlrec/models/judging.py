"""The scores of an item's candidates, and of labels that somebody asks for."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from label_trees import LabelForest
from xmlrec.fuse import Candidates, LabelRows, candidate_scores
from xmlrec.fuse.scores import MIN_SCORE, SIZE, size_above_mean
from xmlrec.models.candidates import score_pairs, with_asked

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the ranking of one item is made of; no label of an item that says nothing.

    Attributes
    ----------
    X : csr_array of float32, shape (1, n_features)
    E : float32 array, shape (1, dim)
    allowed : bool array, shape (n_labels,), or None
        The labels that could be found.
    labels : int32 array, shape (n,)
    is_ranked : bool array, shape (n,)
        False for a label that was asked for and is no candidate.
    tree_scores : float32 array, shape (n,)
        What the search of the trees gave, 0 for a label that it did not find.
    F : float32 array, shape (n, N_SCORES)
    fused, scores : float32 array, shape (n,)
        The weighted sums of ``F``, and what became of them where new labels are held back.
    """

    X: sp.csr_array
    E: FloatArray
    allowed: BoolArray | None
    labels: IntArray
    is_ranked: BoolArray
    tree_scores: FloatArray
    F: FloatArray
    fused: FloatArray
    scores: FloatArray


class Weighed(NamedTuple):
    """All candidates of items.

    Attributes
    ----------
    labels, scores : int32 and float32 array, shape (n_items, k)
        -1 for none; scores there say nothing.
    F : float32 array, shape (n_items, k, N_SCORES)
        What the scores are weighted sums of.
    """

    labels: IntArray
    scores: FloatArray
    F: FloatArray


class AskedScores(NamedTuple):
    """Scores of candidates and of what was asked for.

    Attributes
    ----------
    labels : int32 array, shape (n_items, k)
        Candidates and labels asked for, -1 for none.
    ranked : int32 array, shape (n_items, k)
        The same without those that are no candidates.
    tree_scores : float32 array, shape (n_items, k)
    F : float32 array, shape (n_items, k, N_SCORES)
    at : int array, shape (n_pairs,)
        Where each pair that was asked for is in its row.
    """

    labels: IntArray
    ranked: IntArray
    tree_scores: FloatArray
    F: FloatArray
    at: np.ndarray[Any, np.dtype[np.intp]]


def score_asked(
    X: sp.csr_array,
    E: FloatArray,
    found: Candidates,
    pairs: tuple[IntArray, IntArray],
    forest: LabelForest,
    known: LabelRows,
    *,
    n_threads: int | None,
) -> AskedScores:
    """Return the scores of candidates and of pairs of a row (they rise) and a label.

    What is asked for leaves the scores of candidates as they are.
    """
    rows, wanted = pairs
    n_pairs = np.bincount(rows, minlength=X.shape[0])
    places = np.arange(rows.size) - np.repeat(np.cumsum(n_pairs) - n_pairs, n_pairs)
    asked = np.full((X.shape[0], int(n_pairs.max(initial=0))), -1, dtype=np.int32)
    asked[rows, places] = wanted
    every = with_asked(found, asked, n_threads=n_threads)
    at = (every.labels[rows] == wanted[:, np.newaxis]).argmax(axis=1)
    is_missed = (found.labels[rows] != wanted[:, np.newaxis]).all(axis=1)
    missed = rows[is_missed], wanted[is_missed]
    F = candidate_scores(X, E, every, known, n_threads=n_threads)
    tree_scores = score_pairs(forest, X, *missed, n_threads=n_threads)
    in_trees = tree_scores > 0  # put in afterwards: what is asked leaves the others as they are
    logs = np.log(np.maximum(tree_scores[in_trees], MIN_SCORE))
    of_missed = F[missed[0][in_trees], at[is_missed][in_trees]]
    of_missed[:, 0], of_missed[:, SIZE + 1] = (
        logs,
        logs * size_above_mean(known)[missed[1][in_trees]],
    )
    F[missed[0][in_trees], at[is_missed][in_trees]] = of_missed
    ranked = every.labels.copy()
    ranked[missed[0], at[is_missed]] = -1
    return AskedScores(every.labels, ranked, every.tree_scores, F, at)
