"""Fitting a calibrator on items that neither the ranker nor the fusion saw."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from xmlrec.probabilities.calibrator import PARTS, PRIOR, Calibrator
from xmlrec.probabilities.features import Best, LabelFrame
from xmlrec.probabilities.kernels import N_FEATURES

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
Float64Array = np.ndarray[Any, np.dtype[np.float64]]

STRENGTH = 1.0
"""How many rows' worth of loss a weight costs that is 1 from the prior, at variance 1."""

MIN_NONE = 20
"""Examples of items that no category fits before their probability is learned."""

MAX_STEPS = 50

LIFTS = np.linspace(0.0, 1.0, 51)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Items that nothing was trained on: their best candidates and their labels.

    Attributes
    ----------
    best : Best
    Y : csr_array, shape (n_items, n_labels)
        Their labels; none at all for an item that no category fits.
    weights : float array, shape (n_items,)
        How much each item counts.
    frame : LabelFrame
        Labels as they were to the ranker.
    """

    best: Best
    Y: sp.csr_array
    weights: FloatArray
    frame: LabelFrame

    @property
    def is_right(self) -> BoolArray:
        """Whether a candidate is a label of its item, bool (n_items, N_BEST)."""
        return holds(self.Y, self.best.labels)

    def take(self, rows: IntArray) -> "Judged":
        """Return some of the items."""
        best = self.best
        taken = Best(best.labels[rows], best.scores[rows], best.Z[rows])
        return replace(self, best=taken, Y=self.Y[rows], weights=self.weights[rows])


def holds(Y: sp.csr_array, labels: IntArray) -> BoolArray:
    """Return which of ``labels`` (n_items, k), -1 for none, an item has in ``Y``."""
    own = np.zeros(labels.shape, dtype=np.bool_)
    rows = np.arange(len(labels))
    for place, column in enumerate(labels.T):
        own[:, place] = (Y[rows, np.maximum(column, 0)] > 0) & (column >= 0)
    return own


def fit_calibrator(judged: Judged, new: Judged | None, *, is_single: bool) -> Calibrator:
    """Return a calibrator fitted on ``judged``, and for new labels on ``new``.

    Parameters
    ----------
    new : Judged, optional
        Items judged with some labels hidden from the ranker, which its frame calls new.
    """
    max_depth = judged.frame.paths.shape[1]
    start = Calibrator.untrained(is_single=is_single, max_depth=max_depth)
    is_label, is_right = judged.best.labels >= 0, judged.is_right
    weights = start.weights.copy()
    places = np.arange(is_label.shape[1])
    for part, is_part in enumerate((places == 0, places > 0)):
        chosen = is_label & is_part
        row_weights = np.broadcast_to(judged.weights[:, np.newaxis], chosen.shape)
        weights[part] = fit_logistic(judged.best.Z[chosen], is_right[chosen], row_weights[chosen])
    if new is not None:
        chosen = (new.best.labels >= 0) & new.frame.is_new[new.best.labels]
        weights[PARTS.index("new")] = fit_logistic(new.best.Z[chosen], new.is_right[chosen])
    is_none = np.diff(judged.Y.indptr) == 0
    none = np.zeros(0)
    if is_none.sum() >= MIN_NONE and (~is_none).sum() >= MIN_NONE:
        none = fit_logistic(
            judged.best.Z[:, 0], is_none, judged.weights, prior=np.zeros_like(PRIOR)
        )
    calibrator = replace(start, weights=weights, none=none)
    P = calibrator.probabilities(judged.best, judged.frame)
    return replace(calibrator, lifts=fit_lifts(calibrator, judged, P))


def fit_logistic(
    Z: FloatArray,
    y: BoolArray,
    row_weights: FloatArray | None = None,
    *,
    prior: Float64Array = PRIOR,
) -> Float64Array:
    """Return weights (N_FEATURES + 1,), the bias last, of a logistic regression near ``prior``.

    They minimise the sum of logistic losses and `STRENGTH` times the squared distance from the
    prior; the bias is free if both outcomes are there, else nothing is known and it is the prior.
    """
    if y.all() or not y.any():
        return prior.copy()
    c = np.ones(y.size) if row_weights is None else row_weights
    mean, scale = Z.mean(axis=0, dtype=np.float64), Z.std(axis=0, dtype=np.float64)
    varies = scale > 1e-6
    A = np.ones((y.size, N_FEATURES + 1))
    A[:, :-1] = np.where(varies, (Z - mean) / np.where(varies, scale, 1.0), 0.0)
    start = np.append(prior[:-1] * scale, prior[-1] + prior[:-1] @ mean)
    costs = np.append(np.full(N_FEATURES, STRENGTH), 0.0)

    with threadpool_limits(1):  # matrices this narrow gain nothing by threads
        found = newton(A, y, c, start, costs)
    raw = np.where(varies, found[:-1] / np.where(varies, scale, 1.0), 0.0)
    fitted: Float64Array = np.append(raw, found[-1] - raw @ mean)
    return fitted


def newton(
    A: Float64Array, y: BoolArray, c: FloatArray, start: FloatArray, costs: FloatArray
) -> FloatArray:
    """Return the weights of the smallest loss, by Newton steps that are halved where they go up.

    With few features this takes few steps, where scipy's solvers take many.
    """

    def loss(w: FloatArray) -> float:
        logits = A @ w
        return float(c @ (np.logaddexp(0.0, logits) - y * logits) + costs @ (w - start) ** 2)

    w, value = start.copy(), loss(start)
    for _ in range(MAX_STEPS):
        p = 1 / (1 + np.exp(-(A @ w)))
        slope = A.T @ (c * (p - y)) + 2 * costs * (w - start)
        bend = (A * (c * p * (1 - p))[:, np.newaxis]).T @ A + 2 * np.diag(costs)
        bend[np.diag_indices_from(bend)] += 1e-9 * np.trace(bend)
        step = np.linalg.solve(bend, slope)
        while (after := loss(w - step)) > value and np.abs(step).max() > 1e-9:
            step /= 2
        w, gain, value = w - step, value - after, after
        if gain < 1e-8 * abs(value):
            break
    return w


def fit_lifts(calibrator: Calibrator, judged: Judged, P: FloatArray) -> Float64Array:
    """Return by depth the share of what no candidate has that makes P(node) most likely."""
    lifts = np.zeros(judged.frame.paths.shape[1])
    has_label = np.diff(judged.Y.indptr) > 0
    zero, one = (
        replace(calibrator, lifts=np.full(lifts.size, lift)).node_probabilities(
            judged.best.labels, P, judged.frame
        )
        for lift in (0.0, 1.0)
    )
    for depth in range(lifts.size):
        nodes, at, is_right = best_nodes(zero, judged, depth)
        is_inner = nodes != judged.best.labels[np.arange(len(at)), at]
        kept = (nodes >= 0) & is_inner & has_label
        if not kept.any():
            continue
        rows = np.flatnonzero(kept)
        low, high = zero[rows, at[kept], depth], one[rows, at[kept], depth]
        p = np.clip(low + LIFTS[:, np.newaxis] * (high - low), 1e-6, 1 - 1e-6)
        chance = np.where(is_right[kept], p, 1 - p)
        lifts[depth] = LIFTS[(np.log(chance) @ judged.weights[kept]).argmax()]
    return np.minimum.accumulate(lifts)


def best_nodes(
    of_nodes: FloatArray, judged: Judged, depth: int
) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the likeliest node of each item at a depth (from 0), its place, and if it is right.

    Parameters
    ----------
    of_nodes : float32 array, shape (n_items, N_BEST, max_depth)
        `Calibrator.node_probabilities`.
    """
    labels, paths = judged.best.labels, judged.frame.paths
    at = np.where(np.isnan(of_nodes[:, :, depth]), -1.0, of_nodes[:, :, depth]).argmax(axis=1)
    rows = np.arange(len(labels))
    has = ~np.isnan(of_nodes[rows, at, depth])
    nodes = np.where(has, paths[labels[rows, at], depth], -1).astype(np.int32)
    return (
        nodes,
        at.astype(np.int32),
        holds(ancestors_at(judged.Y, paths, depth), nodes[:, None])[:, 0],
    )


def ancestors_at(Y: sp.csr_array, paths: IntArray, depth: int) -> sp.csr_array:
    """Return the ancestors at a depth (from 0) of the labels in ``Y``, of the same shape."""
    known = Y.indices < len(paths)
    above = np.full(Y.indices.size, -1, dtype=np.int32)
    above[known] = paths[Y.indices[known], depth]
    rows = np.repeat(np.arange(Y.shape[0]), np.diff(Y.indptr))
    ones = np.ones(int((above >= 0).sum()), dtype=np.float32)
    return sp.csr_array((ones, (rows[above >= 0], above[above >= 0])), shape=Y.shape)
