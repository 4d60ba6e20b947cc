"""Contrastive training of token vectors on items and the texts of their labels.

For a batch of items ``x`` with one label ``l`` of each it minimises, at temperature ``t``, the loss
of Oord et al. (2018, equation 4) with the batch's other labels as negatives, both ways:

    -1/2 sum_i ( log softmax_j(e(x_i) . e(l_j) / t)[i] + log softmax_j(e(x_j) . e(l_i) / t)[i] )

where ``e`` is the sum of a text's token vectors, scaled to unit length. Another label of item ``i``
is no negative of it. Vectors start at a mean length of 1: the rate is measured in it.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from xmlrec.encode.adaptation.kernels import adam_step, add_gradients, sum_tokens
from xmlrec.encode.contract import Vectors
from xmlrec.encode.tokens import Tokens

logger = logging.getLogger(__name__)

IntArray = np.ndarray[Any, np.dtype[np.int64]]

MIN_BATCH = 8
"""Smaller batches have too few negatives to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptSettings:
    """How token vectors are trained; the values did best on held-out items of three catalogs.

    Attributes
    ----------
    epochs : int
        Passes over the items.
    batch_size : int
    rate : float
        Of Adam, falling to 0 in a straight line.
    temperature : float
    seed : int
    """

    epochs: int = 5
    batch_size: int = 256
    rate: float = 5e-3
    temperature: float = 0.1
    seed: int = 0


class TokenVectors:
    """Vectors (n_tokens, dim) in training, and what Adam keeps of each."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors.copy()
        self._gradients = np.zeros_like(self.vectors)
        self._moments = np.zeros_like(self.vectors), np.zeros_like(self.vectors)
        self._is_touched = np.zeros(len(vectors), dtype=np.bool_)
        self._touched = np.empty(len(vectors), dtype=np.int64)
        self._n_steps = 0

    def encode(self, texts: Tokens, rows: IntArray) -> tuple[Vectors, Vectors]:
        """Return the unit vectors of some texts, and the lengths (n, 1) of their sums."""
        sums = np.empty((rows.size, self.vectors.shape[1]), dtype=np.float32)
        sum_tokens(*texts, rows, self.vectors, sums)
        lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums))[:, np.newaxis]
        lengths[lengths == 0] = 1.0
        return sums / lengths, lengths

    def step(self, parts: list[tuple[Tokens, IntArray, Vectors]], rate: float) -> None:
        """Move the tokens of some texts against the gradients (n, dim) of their sums."""
        n_touched = 0
        for texts, rows, gradients in parts:
            n_touched = add_gradients(
                *texts, rows, gradients, self._gradients, self._is_touched, self._touched, n_touched
            )
        self._n_steps += 1
        adam_step(
            self._touched[:n_touched], self._n_steps, rate, self._gradients, *self._moments,
            self._is_touched, self.vectors,
        )  # fmt: skip


def adapt(
    vectors: Vectors,
    items: Tokens,
    labels: Tokens,
    Y: sp.csr_array,
    *,
    settings: AdaptSettings,
) -> Vectors:
    """Return token vectors under which items are near their labels.

    Parameters
    ----------
    vectors : float32 array, shape (n_tokens, dim)
        Where training starts.
    items, labels : Tokens
        Texts of the rows and the columns of ``Y``.
    Y : csr_array, shape (n_items, n_labels)
        Each item has a label.

    Raises
    ------
    ValueError
        If they do not fit together.
    """
    check_tokens(vectors, items, labels, Y)
    rng = np.random.default_rng(settings.seed)
    training, n_items = TokenVectors(vectors / mean_length(vectors)), Y.shape[0]
    n_steps = settings.epochs * -(-n_items // settings.batch_size)
    n_done = 0
    with threadpool_limits(1):  # the same bytes for any number of processors
        for epoch in range(1, settings.epochs + 1):
            order = rng.permutation(n_items)
            n_labels = np.diff(Y.indptr)
            picked = Y.indices[Y.indptr[:-1] + (rng.random(n_items) * n_labels).astype(np.int64)]
            for start in range(0, n_items, settings.batch_size):
                rows = order[start : start + settings.batch_size]
                rate = settings.rate * (1 - n_done / n_steps)
                n_done += 1
                if rows.size >= min(MIN_BATCH, n_items):
                    train_batch(
                        training, (items, rows), (labels, picked[rows].astype(np.int64)), Y,
                        rate=rate, temperature=settings.temperature,
                    )  # fmt: skip
            logger.info("token vectors: epoch %d of %d", epoch, settings.epochs)
    return training.vectors


def check_tokens(vectors: Vectors, items: Tokens, labels: Tokens, Y: sp.csr_array) -> None:
    """Raise `ValueError` unless all fit together: kernels trust the numbers."""
    shape = (len(items.indptr) - 1, len(labels.indptr) - 1)
    if shape != Y.shape:
        raise ValueError(f"texts of {shape[0]} items and {shape[1]} labels, but Y is {Y.shape}")
    if (np.diff(Y.indptr) == 0).any():
        raise ValueError("an item has no label")
    for tokens in (items.tokens, labels.tokens):
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(vectors):
            raise ValueError(f"tokens must be between 0 and {len(vectors) - 1}")


def mean_length(vectors: Vectors) -> np.float32:
    """Return the mean length of vectors, 1 if all are 0."""
    return np.float32(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)).mean() or 1.0)


def train_batch(
    training: TokenVectors,
    items: tuple[Tokens, IntArray],
    labels: tuple[Tokens, IntArray],
    Y: sp.csr_array,
    *,
    rate: float,
    temperature: float,
) -> None:
    """Take one step for items and a label of each, in the same order."""
    E, item_lengths = training.encode(*items)
    L, label_lengths = training.encode(*labels)
    scores = E @ L.T / np.float32(temperature)
    is_positive = Y[items[1]][:, labels[1]].toarray() != 0
    np.fill_diagonal(is_positive, False)
    scores[is_positive] = -np.inf
    P: Vectors = softmax(scores, 1) + softmax(scores, 0)
    P[np.diag_indices(len(P))] -= 2
    P *= np.float32(0.5 / (temperature * len(P)))
    training.step(
        [
            (*items, through_length(np.matmul(P, L, dtype=np.float32), E, item_lengths)),
            (*labels, through_length(np.matmul(P.T, E, dtype=np.float32), L, label_lengths)),
        ],
        rate,
    )


def softmax(scores: Vectors, axis: int) -> Vectors:
    """Return the shares along ``axis``."""
    exponentials = np.exp(scores - scores.max(axis=axis, keepdims=True))
    shares: Vectors = exponentials / exponentials.sum(axis=axis, keepdims=True)
    return shares


def through_length(gradients: Vectors, units: Vectors, lengths: Vectors) -> Vectors:
    """Return the gradients of sums from those of the unit vectors that were made of them."""
    along = np.einsum("ij,ij->i", gradients, units)[:, np.newaxis]
    of_sums: Vectors = (gradients - along * units) / lengths
    return of_sums
