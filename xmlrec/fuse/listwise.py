"""Weights that join several scores of a candidate into one.

The fused score of candidate ``l`` of item ``i`` is ``w . f(i, l)``. Weights minimise the listwise
loss below, plus a term that keeps them near a prior where rows are few. For one right label it is
that of Cao et al. (ICML 2007, section 4, with top-one probabilities); for several it is the chance
that any of them comes first:

    -sum_i log( sum_{l right} exp(w.f(i,l)) / sum_l exp(w.f(i,l)) ) + strength |w - prior|^2 .

Items without a right candidate say nothing about the weights and are left out.
"""

from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


def fit_weights(
    F: FloatArray,
    is_candidate: BoolArray,
    is_right: BoolArray,
    *,
    prior: FloatArray,
    offset: FloatArray | None = None,
    strength: float = 1.0,
    lower: FloatArray | None = None,
) -> FloatArray:
    """Return the weights (n_scores,) that minimise the listwise loss.

    Parameters
    ----------
    F : float array, shape (n_instances, k, n_scores)
        Scores of each candidate; rows that no ranker saw in training.
    is_candidate, is_right : bool arrays, shape (n_instances, k)
        Which places hold a candidate, and a right one.
    prior : float array, shape (n_scores,)
        The weights where no row says anything.
    offset : float array, shape (n_instances, k), optional
        What is added to each candidate's fused score.
    strength : float
        How many rows' worth of loss a distance of 1 from the prior costs.
    lower : float array, shape (n_scores,), optional
        What the weights may not be below; the prior is not.
    """
    from scipy.optimize import minimize

    has_right = (is_right & is_candidate).any(axis=1)
    F = F[has_right].astype(np.float64)
    added = np.zeros(F.shape[:2]) if offset is None else offset[has_right]
    blocked = np.where(is_candidate[has_right], added, -np.inf)
    wrong = np.where(is_right[has_right] & is_candidate[has_right], added, -np.inf)

    def loss(w: FloatArray) -> tuple[float, FloatArray]:
        logits = F @ w
        p_all, log_all = _softmax(logits + blocked)
        p_right, log_right = _softmax(logits + wrong)
        gradient = np.einsum("ik,iks->s", p_all - p_right, F)
        value = float((log_all - log_right).sum() + strength * (w - prior) @ (w - prior))
        return value, gradient + 2 * strength * (w - prior)

    bounds = None if lower is None else [(least, None) for least in lower]
    weights: FloatArray = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    return weights


def _softmax(logits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the softmax of each row and the logarithm of its normaliser."""
    top = logits.max(axis=1, keepdims=True)
    exponentials = np.exp(logits - top)
    totals = exponentials.sum(axis=1, keepdims=True)
    return exponentials / totals, (np.log(totals) + top)[:, 0]
