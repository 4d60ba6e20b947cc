"""What is known of every row once answers are held against the truth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from xmlrec.metrics import Evaluation
from xmlrec.metrics.paths import primary_paths
from xmlrec.metrics.relevance import check_ranking, relevance

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer[Any]]
_ROUNDING = 1e-5  # of float32 sums of probabilities


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Columns of one value for each row of an evaluation.

    Attributes
    ----------
    truth : csr_array, shape (n_rows, n_nodes)
        With sorted columns, without zeros.
    table : int array, shape (max_depth, n_nodes + 1)
        See `xmlrec.metrics.paths.primary_paths`.
    answer, given : int array
        The first label, and the true one that shares most of its path with it; -1 for none.
    confidence : float64 array
        The probability of the answer; NaN without one.
    is_right : bool array
        Whether the answer is among the true labels.
    n_shared : int array
        Levels that the paths of the answer and of ``given`` have in common.
    """

    evaluation: Evaluation
    truth: sp.csr_array
    table: IntArray
    answer: IntArray
    given: IntArray
    confidence: FloatArray
    is_right: BoolArray
    n_shared: IntArray

    def __len__(self) -> int:
        return len(self.answer)

    def right_at(self, level: int) -> BoolArray:
        """Return whether an answer is right down to ``level`` (from 1), shape (n_rows,)."""
        return self.n_shared >= level

    def confidence_at(self, level: int) -> FloatArray:
        """Return the probability of the answer's node at ``level``, NaN without one."""
        return _up_to_one(self.evaluation.level_probabilities[:, level - 1])


def read_rows(evaluation: Evaluation) -> Rows:
    """Hold answers against the truth."""
    labels, truth = check_ranking(evaluation.labels, evaluation.truth)
    table = primary_paths(evaluation.primary_parents, evaluation.depths, n_nodes=truth.shape[1])
    answer = labels[:, 0]
    given, n_shared = _closest(answer, truth, table)
    confidence = _up_to_one(evaluation.probabilities[:, 0])
    return Rows(
        evaluation=evaluation,
        truth=truth,
        table=table,
        answer=answer,
        given=given,
        confidence=np.where(answer >= 0, confidence, np.nan),
        is_right=relevance(labels, truth, 1)[:, 0],
        n_shared=n_shared,
    )


def _closest(answer: IntArray, truth: sp.csr_array, table: IntArray) -> tuple[IntArray, IntArray]:
    """Return the true label of each row nearest to the answer, and the levels that they share."""
    rows = np.repeat(np.arange(len(answer)), np.diff(truth.indptr))
    on_path, true_path = table[:, answer[rows]], table[:, truth.indices]
    n_same = ((on_path == true_path) & (on_path >= 0)).sum(axis=0)
    too_deep = (true_path >= 0).sum(axis=0)  # of equal ones the shortest is nearest
    order = np.lexsort((truth.indices, too_deep, -n_same, rows))
    has_truth, first = np.unique(rows[order], return_index=True)
    given, n_shared = np.full((2, len(answer)), -1)
    given[has_truth] = truth.indices[order][first]
    n_shared[has_truth] = n_same[order][first]
    return given, np.maximum(n_shared, 0)


def _up_to_one(probabilities: npt.NDArray[np.float32]) -> FloatArray:
    """Return probabilities as float64, with 1 for what is above it by rounding."""
    exact = probabilities.astype(np.float64)
    return np.where((exact > 1) & (exact < 1 + _ROUNDING), 1.0, exact)
