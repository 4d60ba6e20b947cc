"""Precision against coverage: how many answers can be applied unseen, and how many are right.

As a threshold on confidence falls, more rows are covered. Coverage counts all rows, precision the
covered ones. A row without an answer has a confidence of NaN: it is a row, and never covered.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xmlrec.metrics.calibration import BoolArray
from xmlrec.metrics.relevance import FloatArray


class CoverageCurve(NamedTuple):
    """One float entry for each distinct confidence, falling: threshold, coverage, precision."""

    threshold: FloatArray
    coverage: FloatArray
    precision: FloatArray


def coverage_curve(confidence: npt.ArrayLike, is_right: npt.ArrayLike) -> CoverageCurve:
    """Return coverage and precision (0 to 1) where the threshold is each confidence in turn.

    Rows of equal confidence are covered together. Without any answer the curve has no points.
    """
    confidence, is_right = np.asarray(confidence, np.float64), np.asarray(is_right, np.bool_)
    if confidence.ndim != 1 or confidence.shape != is_right.shape or not len(confidence):
        raise ValueError(
            "confidence and is_right must be one value a row, for at least one row, "
            f"got shapes {confidence.shape} and {is_right.shape}"
        )
    order, ends = falling_steps(confidence)
    n_right = np.cumsum(is_right[order])[ends]
    n_covered = ends + 1
    return CoverageCurve(
        confidence[order][ends], n_covered / len(confidence), n_right / np.maximum(n_covered, 1)
    )


def falling_steps(
    confidence: FloatArray,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the answered rows by falling confidence, and the last place of each equal run."""
    answered = np.flatnonzero(~np.isnan(confidence))
    order = answered[np.argsort(-confidence[answered], kind="stable")]
    falling = confidence[order]
    is_end = np.ones(len(order), dtype=np.bool_)
    is_end[:-1] = falling[1:] != falling[:-1]
    return order, np.flatnonzero(is_end)


def point_at_precision(curve: CoverageCurve, precision: float) -> int | None:
    """Return the place of the widest coverage with at least ``precision``, None if there is none.

    Precision is not monotone: a place counts even if it was lower before.
    """
    reached = np.flatnonzero(curve.precision >= precision)
    return int(reached[-1]) if len(reached) else None


def coverage_at_precision(
    confidence: npt.ArrayLike, is_right: npt.ArrayLike, precision: float
) -> float:
    """Return the widest coverage, 0 to 1, whose precision is at least ``precision``."""
    curve = coverage_curve(confidence, is_right)
    point = point_at_precision(curve, precision)
    return 0.0 if point is None else float(curve.coverage[point])


def resampled_coverage(
    confidence: FloatArray, is_right: BoolArray, precision: float, weights: npt.NDArray[np.int64]
) -> FloatArray:
    """Return `coverage_at_precision` of each resample, shape (n_resamples,).

    Parameters
    ----------
    weights : int array, shape (n_resamples, n_rows)
        How often each resample holds each row, see `xmlrec.metrics.bootstrap.resamples`.
    """
    order, ends = falling_steps(confidence)
    n_covered = np.cumsum(weights[:, order], axis=1)
    n_right = np.cumsum(weights[:, order] * is_right[order], axis=1)
    n_covered, n_right = n_covered[:, ends], n_right[:, ends]
    reaches = (n_covered > 0) & (n_right >= precision * n_covered)
    covered: FloatArray = np.where(reaches, n_covered, 0).max(axis=1, initial=0)
    return covered / confidence.size
