"""How far probabilities can be believed: calibration error, proper scores, reliability, AUROC.

``confidence`` is a float array (n_rows,) of probabilities that an answer is right, ``is_right`` a
bool array (n_rows,) of whether it was. Rows without an answer are the caller's to leave out. All
functions raise ``ValueError`` for no row, unequal lengths, or a confidence outside 0 to 1.

The calibration error is that of Naeini et al. (AAAI 2015) over bins of equal mass, which Nixon et
al. ("Measuring calibration in deep learning", 2019) found steadier than bins of equal width.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xmlrec.metrics.relevance import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]
_SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1 in `log_loss`, about the step of float32 below 1."""


class ReliabilityBins(NamedTuple):
    """Mean confidence, share right (float64) and rows (int) of bins of like confidence."""

    confidence: FloatArray
    right_share: FloatArray
    n_rows: IntArray


def reliability_bins(
    confidence: npt.ArrayLike, is_right: npt.ArrayLike, n_bins: int = 10
) -> ReliabilityBins:
    """Return the rows in at most ``n_bins`` bins of rising confidence and about equal mass.

    Equal confidences are never parted: they go where the middle one of them would go, so the
    result does not depend on the order of rows. Bins without a row are left out.
    """
    confidence, is_right = check_confidence(confidence, is_right)
    bins = equal_mass_bins(confidence, n_bins)
    count = np.bincount(bins)
    return ReliabilityBins(
        np.bincount(bins, weights=confidence) / count,
        np.bincount(bins, weights=is_right) / count,
        count,
    )


def equal_mass_bins(confidence: FloatArray, n_bins: int) -> IntArray:
    """Return the bin of every row, see `reliability_bins`; bins are numbered without a gap."""
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    _, group, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    twice_middle = 2 * ends - sizes - 1
    of_group = twice_middle * n_bins // (2 * len(confidence))
    bins: IntArray = np.unique(of_group, return_inverse=True)[1][group]
    return bins


def expected_calibration_error(
    confidence: npt.ArrayLike, is_right: npt.ArrayLike, n_bins: int = 10
) -> float:
    """Return the mean gap between confidence and share right over equal-mass bins, 0 to 1.

    Every bin counts by its rows. A perfect calibrator is not at 0 on few rows: chance alone makes
    a gap of about ``0.4 * sqrt(n_bins / n_rows)`` where answers are right half of the time.
    """
    bins = reliability_bins(confidence, is_right, n_bins)
    gaps = np.abs(bins.confidence - bins.right_share)
    return float(gaps @ bins.n_rows / bins.n_rows.sum())


def resampled_calibration_error(
    confidence: FloatArray, is_right: BoolArray, weights: IntArray, n_bins: int = 10
) -> FloatArray:
    """Return `expected_calibration_error` of each resample, over the bins of all rows.

    Parameters
    ----------
    weights : int array, shape (n_resamples, n_rows)
        How often each resample holds each row, see `xmlrec.metrics.bootstrap.resamples`.
    """
    confidence, is_right = check_confidence(confidence, is_right)
    bins = equal_mass_bins(confidence, n_bins)
    gaps = np.zeros((len(bins), bins.max() + 1))
    gaps[np.arange(len(bins)), bins] = confidence - is_right
    errors: FloatArray = np.abs(weights @ gaps).sum(axis=1) / len(bins)
    return errors


def brier_score(confidence: npt.ArrayLike, is_right: npt.ArrayLike) -> float:
    """Return the mean squared distance between confidence and 1 (right) or 0 (wrong)."""
    confidence, is_right = check_confidence(confidence, is_right)
    return float(np.mean((confidence - is_right) ** 2))


def log_loss(confidence: npt.ArrayLike, is_right: npt.ArrayLike) -> float:
    """Return the mean of ``-ln P(what happened)``, in nats.

    Probabilities are clipped to 1e-7 from 0 and 1, so that one sure and wrong answer costs 16.1
    and not infinity.
    """
    confidence, is_right = check_confidence(confidence, is_right)
    chance = np.where(is_right, confidence, 1.0 - confidence)
    return float(-np.log(np.clip(chance, _SMALLEST, 1.0 - _SMALLEST)).mean())


def auroc(confidence: npt.ArrayLike, is_right: npt.ArrayLike) -> float:
    """Return the chance that a right answer has a higher confidence than a wrong one.

    Equal confidences count half. NaN where all answers are right, or all wrong.
    """
    confidence, is_right = check_confidence(confidence, is_right)
    n_right = int(is_right.sum())
    n_wrong = len(is_right) - n_right
    if n_right == 0 or n_wrong == 0:
        return float("nan")
    _, group, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(sizes) - (sizes - 1) / 2  # from 1; ties share theirs
    rank_sum = float(mean_ranks[group[is_right]].sum())
    return (rank_sum - n_right * (n_right + 1) / 2) / (n_right * n_wrong)


def check_confidence(
    confidence: npt.ArrayLike, is_right: npt.ArrayLike
) -> tuple[FloatArray, BoolArray]:
    """Return both as float64 and bool arrays; ``ValueError`` as the module says."""
    confidence, is_right = np.asarray(confidence, np.float64), np.asarray(is_right, np.bool_)
    if confidence.ndim != 1 or confidence.shape != is_right.shape or not len(confidence):
        raise ValueError(
            "confidence and is_right must be one value a row, for at least one row, "
            f"got shapes {confidence.shape} and {is_right.shape}"
        )
    is_wrong = ~((confidence >= 0) & (confidence <= 1))  # NaN is neither
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise ValueError(f"confidence must be in 0..1, got {confidence[row]} in row {row}")
    return confidence, is_right
