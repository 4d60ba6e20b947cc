"""Isotonic regression on fused scores, the calibration that needs nothing but a held-out ranking.

Both the regression and the thresholds come from out-of-fold rankings of the training rows.
"""

from collections.abc import Callable

import numpy as np
from sklearn.isotonic import IsotonicRegression

from bench.confidences import PRECISIONS, Confidences, lowest_score
from bench.trained import Ranked
from xmlrec.probabilities.thresholds import lowest_threshold

Rule = Callable[[np.ndarray, np.ndarray, float], float]

RULES: dict[str, Rule] = {"isotonic": lowest_score, "isotonic, our margin": lowest_threshold}
"""How the threshold is chosen: the lowest that is precise enough on held-out rows, or only one that
is so by our margin."""

N_THRESHOLDS = 400


def isotonic_probabilities(held_out: Ranked, test: Ranked, k: int) -> np.ndarray:
    """Return probabilities of the first ``k`` labels of test rows, 0 for none."""
    known = held_out.labels[:, :k] >= 0
    scores, is_right = held_out.scores[:, :k][known], held_out.is_right[:, :k][known]
    regression = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    regression.fit(scores.astype(np.float64), is_right)
    P = np.zeros(test.labels[:, :k].shape)
    is_label = test.labels[:, :k] >= 0
    P[is_label] = regression.predict(test.scores[:, :k][is_label].astype(np.float64))
    return P


def isotonic_confidences(held_out: Ranked, test: Ranked, rule: Rule) -> Confidences:
    """Return how sure it is of the best label; sure answers have a high enough score."""
    known = held_out.labels[:, 0] >= 0
    scores, is_right = held_out.scores[known, 0], held_out.is_right[known, 0]
    is_label = test.labels[:, 0] >= 0
    sure = {at: is_label & (test.scores[:, 0] >= rule(scores, is_right, at)) for at in PRECISIONS}
    return Confidences(isotonic_probabilities(held_out, test, 1)[:, 0], test.is_right[:, 0], sure)


def example_f1(ranked: Ranked, n_answers: np.ndarray) -> np.ndarray:
    """Return the F1 of each row if its first so many labels are answered, -1 being none."""
    is_answered = np.arange(ranked.labels.shape[1]) < n_answers[:, np.newaxis]
    is_answered &= ranked.labels >= 0
    n_right = (ranked.is_right & is_answered).sum(axis=1)
    return 2 * n_right / np.maximum(is_answered.sum(axis=1) + ranked.n_true, 1)


def answers_above(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return how many labels score so much, 1 at least."""
    return np.maximum((scores >= threshold).sum(axis=1), 1)


def best_threshold(held_out: Ranked) -> float:
    """Return the threshold on scores with the highest mean F1 on held-out rows that have a label.

    So many quantiles of the scores are tried.
    """
    rows = held_out.n_true > 0
    held_out = Ranked(held_out.labels[rows], held_out.scores[rows], held_out.Y[rows])
    is_right, is_label, n_true = held_out.is_right, held_out.labels >= 0, held_out.n_true
    n_right = np.cumsum(is_right, axis=1)
    n_labels = np.cumsum(is_label, axis=1)
    tried = np.unique(
        np.quantile(held_out.scores[is_label], np.linspace(0.0, 1.0, N_THRESHOLDS + 1))
    )
    at = np.arange(len(n_true))
    f1 = []
    for threshold in tried:
        last = answers_above(held_out.scores, threshold) - 1
        f1.append((2 * n_right[at, last] / (n_labels[at, last] + n_true)).mean())
    return float(tried[int(np.argmax(f1))])
