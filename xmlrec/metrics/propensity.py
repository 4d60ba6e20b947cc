"""Propensity-scored precision and nDCG: finding a rare label is worth more (Jain et al., KDD 2016).

Section 4 of the paper models the chance that a true label was noted at all,
``p = 1 / (1 + C * (count + b) ** -a)`` with ``C = (log(n_instances) - 1) * (b + 1) ** a``.
A found label is worth ``1 / p``. The figures here are normalised, as those in publications are:
the sum over all rows divided by the sum that the best possible rankings reach, in percent.

``labels`` and ``truth`` are as in `xmlrec.metrics.ranking`. A row without a true label adds
nothing to either sum; without any true label the result is 0.
"""

import math

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from xmlrec.metrics.relevance import (
    FloatArray,
    IntArray,
    check_ranking,
    discounts,
    divide,
    ideal_discounts,
    relevance,
)


def inverse_propensity(
    label_counts: npt.ArrayLike, n_instances: int, *, a: float = 0.55, b: float = 1.5
) -> FloatArray:
    """Return what finding each label is worth: 1 for a common one, more for a rare one.

    Parameters
    ----------
    label_counts : array, shape (n_nodes,)
        Training rows of each label; 0 for a label unknown in training.
    n_instances : int
        Training rows in all, at least 1. Up to 2 rows, where the model's ``C`` would be negative,
        every label is worth 1.
    a, b : float
        The paper fits 0.5 and 0.4 to Wikipedia, 0.6 and 2.6 to Amazon, and takes 0.55 and 1.5
        for everything else.
    """
    if n_instances < 1:
        raise ValueError(f"n_instances must be at least 1, got {n_instances}")
    scale = max(math.log(n_instances) - 1.0, 0.0) * (b + 1.0) ** a
    counts = np.asarray(label_counts, dtype=np.float64)
    inv_propensity: FloatArray = 1.0 + scale * (counts + b) ** -a
    return inv_propensity


def psp_at_k(labels: IntArray, truth: sp.csr_array, k: int, inv_propensity: FloatArray) -> float:
    """Return the propensity-scored precision of the first ``k`` places, in percent.

    Parameters
    ----------
    inv_propensity : float array, shape (n_nodes,)
        Worth of each label, see `inverse_propensity`.
    """
    labels, truth = check_ranking(labels, truth)
    inv_propensity = _check_worth(inv_propensity, truth)
    gains = _gains(labels, truth, k, inv_propensity)
    best_gains = _best_gains(truth, k, inv_propensity)
    return 100.0 * float(divide(gains.sum(), best_gains.sum()))


def psndcg_at_k(labels: IntArray, truth: sp.csr_array, k: int, inv_propensity: FloatArray) -> float:
    """Return the propensity-scored nDCG of the first ``k`` places, in percent.

    Before rows are summed, each row's gain and best gain are divided by its ideal discounts,
    ``sum(1 / log2(rank + 1))`` over min(k, number of true labels) ranks, as the evaluation
    scripts of the Extreme Classification Repository do.

    Parameters
    ----------
    inv_propensity : float array, shape (n_nodes,)
        Worth of each label, see `inverse_propensity`.
    """
    labels, truth = check_ranking(labels, truth)
    inv_propensity = _check_worth(inv_propensity, truth)
    ideal = ideal_discounts(truth, k)
    gains = divide(_gains(labels, truth, k, inv_propensity) @ discounts(k), ideal)
    best_gains = divide(_best_gains(truth, k, inv_propensity) @ discounts(k), ideal)
    return 100.0 * float(divide(gains.sum(), best_gains.sum()))


def _check_worth(inv_propensity: FloatArray, truth: sp.csr_array) -> FloatArray:
    inv_propensity = np.asarray(inv_propensity, dtype=np.float64)
    if inv_propensity.shape != (truth.shape[1],):
        raise ValueError(
            f"inv_propensity must have one value per column of truth, {truth.shape[1]}, "
            f"got shape {inv_propensity.shape}"
        )
    return inv_propensity


def _gains(labels: IntArray, truth: sp.csr_array, k: int, inv_propensity: FloatArray) -> FloatArray:
    """Return (n_instances, k), the worth of each place, 0 where it is wrong."""
    gains = relevance(labels, truth, k).astype(np.float64)
    gains[:, : labels.shape[1]] *= inv_propensity[labels[:, :k]]
    return gains


def _best_gains(truth: sp.csr_array, k: int, inv_propensity: FloatArray) -> FloatArray:
    """Return (n_instances, k), the worth of each row's true labels, the dearest first."""
    n_true = np.diff(truth.indptr)
    rows = np.repeat(np.arange(truth.shape[0]), n_true)
    worth = inv_propensity[truth.indices]
    worth = worth[np.lexsort((-worth, rows))]
    places = np.arange(len(worth)) - np.repeat(truth.indptr[:-1], n_true)
    fits = places < k
    best = np.zeros((truth.shape[0], k))
    best[rows[fits], places[fits]] = worth[fits]
    return best
