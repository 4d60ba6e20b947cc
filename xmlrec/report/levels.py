"""Precision, recall and F1 at every level of the taxonomy, with bootstrap intervals."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.bootstrap import N_RESAMPLES, centred_interval
from xmlrec.metrics.levels import level_classes
from xmlrec.metrics.relevance import divide
from xmlrec.report.rows import FloatArray, IntArray, Rows
from xmlrec.report.texts import Estimate

_MAX_DRAWS = 1 << 21  # counts drawn at once: bounds memory


class LevelRow(NamedTuple):
    """One level: rows, true categories in them, and figures as shares of 0 to 1.

    ``right`` is micro F1 as `level_scores` has it; ``precision`` leaves out rows whose answer ends
    above the level. The others are means over categories.
    """

    level: int
    n_rows: int
    n_categories: int
    right: Estimate
    precision: Estimate
    macro_precision: Estimate
    macro_recall: Estimate
    macro_f1: Estimate


def level_rows(rows: Rows) -> list[LevelRow]:
    """Return the levels from 1 to the deepest of a true label."""
    found = []
    for level, at_level in enumerate(rows.table, start=1):
        expected, predicted = level_classes(rows.answer, rows.truth, at_level)
        if len(expected):
            n_categories = len(np.unique(expected))
            estimates = _estimates(expected, predicted)
            found.append(LevelRow(level, len(expected), n_categories, *estimates))
    return found


def _estimates(expected: IntArray, predicted: IntArray) -> list[Estimate]:
    """Return the five figures with intervals over resampled rows.

    Rows with the same pair of nodes are alike, so only the counts of pairs are drawn. A resample
    lacks some of the rare categories, which biases means over categories.
    """
    pairs, counts = np.unique(np.stack([expected, predicted]), axis=1, return_counts=True)
    figures = _Figures(pairs)
    rng = np.random.default_rng(0)
    block = max(_MAX_DRAWS // len(counts), 1)
    n_rows, chances = counts.sum(), counts / counts.sum()
    drawn = [
        figures.of(rng.multinomial(n_rows, chances, size=min(block, N_RESAMPLES - start)))
        for start in range(0, N_RESAMPLES, block)
    ]
    values, resampled = figures.of(counts[None])[0], np.concatenate(drawn)
    return [
        Estimate(float(value), *centred_interval(column, float(value)))
        for value, column in zip(values, resampled.T, strict=True)
    ]


class _Figures:
    """Figures of weighted pairs of an expected and a predicted node, -1 for none."""

    def __init__(self, pairs: IntArray) -> None:
        expected, predicted = pairs
        classes, numbers = np.unique(pairs[pairs >= 0], return_inverse=True)
        places = np.full(pairs.shape, -1)
        places[pairs >= 0] = numbers
        self._is_right, self._is_answered = expected == predicted, predicted >= 0
        shape = (pairs.shape[1], len(classes))
        self._expected = _indicator(places[0], np.ones(len(expected), dtype=np.bool_), shape)
        self._predicted = _indicator(places[1], self._is_answered, shape)
        self._right = _indicator(places[0], self._is_right, shape)

    def of(self, weights: IntArray) -> FloatArray:
        """Return (n_resamples, 5) figures of (n_resamples, n_pairs) weights."""
        n_expected, n_predicted, n_right = (
            weights @ matrix for matrix in (self._expected, self._predicted, self._right)
        )
        n_right_rows = weights @ self._is_right
        n_present = ((n_expected + n_predicted) > 0).sum(axis=1)
        columns = [
            n_right_rows / weights.sum(axis=1),
            divide(n_right_rows, weights @ self._is_answered),
            divide(n_right, n_predicted).sum(axis=1) / n_present,
            divide(n_right, n_expected).sum(axis=1) / n_present,
            divide(2 * n_right, n_expected + n_predicted).sum(axis=1) / n_present,
        ]
        return np.stack(columns, axis=1)


def _indicator(columns: IntArray, is_set: IntArray, shape: tuple[int, int]) -> sp.csr_array:
    rows = np.flatnonzero(is_set)
    return sp.csr_array((np.ones(len(rows)), (rows, columns[rows])), shape=shape)
