"""Confidence in one answer a row, whoever gives it: thresholds, and how far it can be believed.

A threshold is chosen on held-out training rows and never on test rows.
"""

from dataclasses import dataclass, field

import numpy as np

from xmlrec.metrics import (
    bootstrap_interval,
    brier_score,
    coverage_curve,
    expected_calibration_error,
    log_loss,
)
from xmlrec.metrics.calibration import equal_mass_bins
from xmlrec.metrics.coverage import point_at_precision

N_BINS = 10
N_DRAWS = 1_000
PRECISIONS = (0.95, 0.99)


@dataclass(frozen=True)
class Confidences:
    """How sure a system is of its best answer to each test row, 0 where it has none.

    ``is_sure`` has for each of `PRECISIONS` which answers it would give without a review.
    """

    confidence: np.ndarray
    is_right: np.ndarray
    is_sure: dict[float, np.ndarray] = field(default_factory=dict)

    def figures(self) -> tuple[int | float | str, ...]:
        """Return `FIGURES`."""
        error = expected_calibration_error(self.confidence, self.is_right, N_BINS)
        covered, precise = self.sure(0.95)
        low, high = bootstrap_interval(100.0 * self.is_sure[0.95])
        return (
            len(self.confidence),
            100.0 * float(self.is_right.mean()),
            100.0 * error,
            100.0 * perfect_error(self.confidence),
            100.0 * brier_score(self.confidence, self.is_right),
            log_loss(self.confidence, self.is_right),
            covered,
            f"{low:.1f} to {high:.1f}",
            precise,
            *self.sure(0.99),
        )

    def sure(self, precision: float) -> tuple[float, float | None]:
        """Return the share of rows with a sure answer, and of these with a right one, in %."""
        is_sure = self.is_sure[precision]
        right = self.is_right[is_sure]
        return 100.0 * float(is_sure.mean()), 100.0 * float(right.mean()) if right.size else None


FIGURES = (
    "n",
    "P@1",
    "ECE",
    "perfect ECE",
    "Brier",
    "log loss",
    "sure at 95",
    "interval",
    "precision",
    "sure at 99",
    "precision at 99",
)


def perfect_error(confidence: np.ndarray, *, seed: int = 0) -> float:
    """Return the ECE that a calibrator with these very confidences stays below in 95 of 100 tests.

    Every answer is right with the probability that it is said to be, so that only chance is left.
    """
    rng, bins = np.random.default_rng(seed), equal_mass_bins(confidence, N_BINS)
    in_bin = np.eye(int(bins.max()) + 1)[bins]
    errors = [
        np.abs(((rng.random(confidence.size) < confidence) - confidence) @ in_bin).sum()
        for _ in range(N_DRAWS)
    ]
    return float(np.quantile(errors, 0.95)) / confidence.size


def lowest_score(scores: np.ndarray, is_right: np.ndarray, precision: float) -> float:
    """Return the lowest threshold that gives held-out answers the precision; infinite if none."""
    curve = coverage_curve(scores, is_right)
    point = point_at_precision(curve, precision)
    return np.inf if point is None else float(curve.threshold[point])
