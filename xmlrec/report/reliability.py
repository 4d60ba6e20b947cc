"""Calibration of every level, and coverage at set precisions, as figures and plots."""

from typing import NamedTuple

import numpy as np

from xmlrec.metrics import (
    auroc,
    brier_score,
    coverage_curve,
    expected_calibration_error,
    log_loss,
    reliability_bins,
)
from xmlrec.metrics.coverage import point_at_precision
from xmlrec.report.plots import coverage_plot, reliability_plot
from xmlrec.report.rows import BoolArray, FloatArray, Rows
from xmlrec.report.texts import percent

PRECISIONS = (0.9, 0.95, 0.98, 0.99)
MARKED = (0.95, 0.99)
MAX_LEVELS = 8


class Calibration(NamedTuple):
    """Calibration of one level's probabilities, with its plot as SVG."""

    title: str
    n_rows: int
    confidence: float
    right_share: float
    error: float
    brier: float
    log_loss: float
    auroc: float
    plot: str


class CoveragePoint(NamedTuple):
    """The widest coverage with a precision; NaN threshold where no threshold reaches it."""

    target: str
    threshold: float
    coverage: float
    precision: float


def calibrations(rows: Rows) -> list[Calibration]:
    """Return the calibration of the answers and of each level that has probabilities."""
    wanted = [("Whole path", rows.confidence, rows.is_right)]
    n_levels = len(rows.table) if len(rows.table) > 1 else 0  # one level is the whole path
    for level in range(1, min(n_levels, MAX_LEVELS) + 1):
        wanted.append((f"Level {level}", rows.confidence_at(level), rows.right_at(level)))
    return [
        _calibration(title, confidence[has_any], is_right[has_any])
        for title, confidence, is_right in wanted
        if (has_any := ~np.isnan(confidence)).any()
    ]


def _calibration(title: str, confidence: FloatArray, is_right: BoolArray) -> Calibration:
    error = expected_calibration_error(confidence, is_right)
    return Calibration(
        title,
        len(confidence),
        float(confidence.mean()),
        float(is_right.mean()),
        error,
        brier_score(confidence, is_right),
        log_loss(confidence, is_right),
        auroc(confidence, is_right),
        reliability_plot(title, reliability_bins(confidence, is_right), confidence, error),
    )


def coverage_points(rows: Rows) -> list[CoveragePoint]:
    """Return the point of each target precision, and what the model's own thresholds give."""
    curve = coverage_curve(rows.confidence, rows.is_right)
    points = []
    for precision in PRECISIONS:
        place = point_at_precision(curve, precision)
        found = (np.nan, 0.0, np.nan) if place is None else [column[place] for column in curve]
        points.append(CoveragePoint(percent(precision, 0), *map(float, found)))
    is_applied = rows.confidence >= rows.evaluation.thresholds
    share = float(rows.is_right[is_applied].mean()) if is_applied.any() else np.nan
    own = CoveragePoint("The model's thresholds", np.nan, float(is_applied.mean()), share)
    return [*points, own]


def coverage_figure(rows: Rows, points: list[CoveragePoint]) -> str:
    """Return the plot of precision against coverage, empty without any answer."""
    curve = coverage_curve(rows.confidence, rows.is_right)
    if not len(curve.threshold):
        return ""
    marked = {
        f"{percent(precision, 0)} precision": (point.coverage, point.precision)
        for precision, point in zip(PRECISIONS, points, strict=False)
        if precision in MARKED and point.coverage
    }
    return coverage_plot(curve, marked, (points[-1].coverage, points[-1].precision))
