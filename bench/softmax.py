"""A sentence encoder as a classifier with confidence: the softmax of its cosines to the labels.

It was never trained on the rows, so its temperature and its thresholds come from training rows.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from bench.catalogs import Catalog
from bench.confidences import PRECISIONS, Confidences, lowest_score
from bench.nearest import NearestLabel
from bench.peers import THREADS
from xmlrec.encode import Encoder
from xmlrec.models.dense import joined_text
from xmlrec.probabilities import holds
from xmlrec.text import Item

N_ROWS = 2_000
"""Training rows, drawn at random, that the temperature and the thresholds are chosen on."""

BOUNDS = -3.0, 8.0
"""Of the logarithm of the inverse temperature."""


class Cosines:
    """Cosines of items to the labels of a catalog; ``S`` is (n_items, n_labels)."""

    def __init__(self, encoder: Encoder, catalog: Catalog) -> None:
        self.encoder, self.columns = encoder, catalog.known.columns
        nearest = NearestLabel.untrained(encoder, catalog.known, n_threads=THREADS)
        self.vectors = nearest.vectors[self.columns]

    def of(self, items: Sequence[Item]) -> np.ndarray:
        E = self.encoder.encode([joined_text(item) for item in items], n_threads=THREADS)
        return np.asarray(E @ self.vectors.T, dtype=np.float64)


def softmax_confidences(encoder: Encoder, catalog: Catalog, *, seed: int = 0) -> Confidences:
    """Return how sure the softmax is of the label nearest to each test row."""
    cosines = Cosines(encoder, catalog)
    n_items = len(catalog.items)
    rows = np.random.default_rng(seed).permutation(n_items)[:N_ROWS]
    S, Y = cosines.of([catalog.items[row] for row in rows.tolist()]), catalog.Y[rows]
    sharpness = fit_sharpness(S, Y[:, cosines.columns].toarray() > 0)
    held_out, is_right = best(S, sharpness), holds(Y, nearest_columns(S, cosines))[:, 0]
    S = cosines.of(catalog.test_items)
    confidence = best(S, sharpness)
    return Confidences(
        confidence,
        holds(catalog.Y_test, nearest_columns(S, cosines))[:, 0],
        {at: confidence >= lowest_score(held_out, is_right, at) for at in PRECISIONS},
    )


def nearest_columns(S: np.ndarray, cosines: Cosines) -> np.ndarray:
    """Return the label nearest to each row, int32 (n_rows, 1)."""
    return cosines.columns[S.argmax(axis=1)].astype(np.int32)[:, np.newaxis]


def best(S: np.ndarray, sharpness: float) -> np.ndarray:
    """Return the share of the nearest label in the softmax."""
    return np.exp(sharpness * S.max(axis=1) - logsumexp(sharpness * S, axis=1))


def fit_sharpness(S: np.ndarray, is_label: np.ndarray) -> float:
    """Return the inverse temperature under which the rows' labels are the likeliest."""
    has_label = is_label.any(axis=1)
    S, is_label = S[has_label], is_label[has_label]

    def loss(log_sharpness: float) -> float:
        logits = np.exp(log_sharpness) * S
        of_labels = np.where(is_label, logits, 0.0).sum(axis=1) / is_label.sum(axis=1)
        return float((logsumexp(logits, axis=1) - of_labels).mean())

    return float(np.exp(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x))
