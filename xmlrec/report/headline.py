"""The headline: a handful of figures, each with what it means and its interval."""

from typing import NamedTuple

import numpy as np

from xmlrec.metrics import (
    bootstrap_interval,
    coverage_at_precision,
    expected_calibration_error,
    metrics_by_row,
)
from xmlrec.metrics.bootstrap import centred_interval, percentile_interval, resamples
from xmlrec.metrics.calibration import resampled_calibration_error
from xmlrec.metrics.coverage import resampled_coverage
from xmlrec.metrics.paths import path_matrix
from xmlrec.report.rows import BoolArray, FloatArray, Rows
from xmlrec.report.texts import Estimate, percent


class Card(NamedTuple):
    """One headline figure: a share of 0 to 1."""

    title: str
    estimate: Estimate
    meaning: str


def row_metrics(rows: Rows) -> dict[str, FloatArray]:
    """Return the metrics by row, in percent, under their names in `evaluate`."""
    evaluation = rows.evaluation
    ancestors = evaluation.ancestors
    if ancestors is None:
        ancestors = path_matrix(rows.table)
    return metrics_by_row(evaluation.labels, rows.truth, ancestors)


def mean_estimate(values: FloatArray) -> Estimate:
    """Return the mean over rows with its bootstrap interval."""
    return Estimate(float(values.mean()), *bootstrap_interval(values))


def headline(rows: Rows, by_row: dict[str, FloatArray]) -> list[Card]:
    """Return the cards; without any answer, calibration has none."""
    cards = [
        Card(title, mean_estimate(by_row[name] / 100), meaning)
        for title, name, meaning in (
            ("Precision at 1", "p@1", "The first answer is a true category"),
            ("Recall at 10", "recall@10", "True categories among the first ten answers"),
            ("Hierarchical F1", "hf_macro", "A near miss counts by how much of the path is right"),
        )
    ]
    if not np.isnan(rows.confidence).all():
        cards.append(Card("Calibration error", _calibration(rows), _calibration_meaning(rows)))
    meaning = "Share of rows that can go without review at 95\u00a0% precision"
    cards.append(Card("Coverage at 95\u00a0%", _coverage(rows), meaning))
    cards.append(_applied(rows))
    return cards


def _calibration(rows: Rows) -> Estimate:
    """Return the calibration error; resamples add the chance of the drawing to that of rows."""
    confidence, is_right = _answered(rows)
    figures = np.concatenate(
        [
            resampled_calibration_error(confidence, is_right, weights)
            for weights in resamples(len(confidence))
        ]
    )
    value = expected_calibration_error(confidence, is_right)
    return Estimate(value, *centred_interval(figures, value))


def _calibration_meaning(rows: Rows) -> str:
    """Say what chance alone would make of a perfect calibrator."""
    confidence, _ = _answered(rows)
    rng = np.random.default_rng(0)
    draws = [
        expected_calibration_error(confidence, rng.random(len(confidence)) < confidence)
        for _ in range(100)
    ]
    chance = percent(float(np.quantile(draws, 0.95)))
    return f"ECE: gap between confidence and truth; chance alone makes up to {chance} here"


def _answered(rows: Rows) -> tuple[FloatArray, BoolArray]:
    has_answer = ~np.isnan(rows.confidence)
    return rows.confidence[has_answer], rows.is_right[has_answer]


def _coverage(rows: Rows) -> Estimate:
    figures = np.concatenate(
        [
            resampled_coverage(rows.confidence, rows.is_right, 0.95, weights)
            for weights in resamples(len(rows))
        ]
    )
    value = coverage_at_precision(rows.confidence, rows.is_right, 0.95)
    return Estimate(value, *percentile_interval(figures))


def _applied(rows: Rows) -> Card:
    """Return the share of rows whose answer passes the model's own threshold."""
    is_applied = rows.confidence >= rows.evaluation.thresholds
    estimate = mean_estimate(is_applied.astype(np.float64))
    meaning = "No answer reaches the model's thresholds"
    if is_applied.any():
        share = percent(float(rows.is_right[is_applied].mean()))
        meaning = f"Share that passes the model's own thresholds; {share} of them right"
    return Card("Auto-applied", estimate, meaning)
