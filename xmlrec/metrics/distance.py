"""Tree distance: how many edges lie between the predicted and the true nodes of a row."""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.paths import primary_paths
from xmlrec.metrics.relevance import FloatArray, IntArray, check_ranking

_MAX_PAIRS = 1 << 21  # pairs of nodes compared at once: bounds memory


def tree_distance(
    labels: IntArray, truth: sp.csr_array, *, primary_parents: IntArray, depths: IntArray
) -> float:
    """Return the mean number of edges between matched predicted and true labels.

    Two nodes are ``depth(u) + depth(v) - 2 * depth(LCA(u, v))`` edges apart along primary
    parents; nodes under different roots meet in depth 0. In a row with m true labels, the first m
    predictions are matched with them one to one at the least total cost, and the row's distance
    is that cost divided by m. A true label left without a prediction costs its depth. In a row
    without a true label, the first prediction costs its depth. Every row counts the same.

    Parameters
    ----------
    labels : int array, shape (n_instances, k)
        Ranked node numbers, best first, padded with -1.
    truth : csr_array, shape (n_instances, n_nodes)
        True labels.
    primary_parents, depths : int array, shape (n_nodes,)
        See `xmlrec.metrics.paths.primary_paths`.
    """
    labels, truth = check_ranking(labels, truth)
    paths = primary_paths(primary_parents, depths, n_nodes=truth.shape[1])
    n_true = np.diff(truth.indptr)
    total = 0.0
    for m in np.unique(n_true):
        rows = np.flatnonzero(n_true == m)
        n_blocks = 1 + len(rows) * int(m) ** 2 // _MAX_PAIRS
        for block in np.array_split(rows, n_blocks):
            total += _match(_first_labels(labels, block, m), _true_labels(truth, block, m), paths)
    return total / len(labels)


def _first_labels(labels: IntArray, rows: IntArray, m: int) -> IntArray:
    """Return (n_rows, max(m, 1)) first predictions, padded with -1."""
    first = labels[rows, : max(m, 1)]
    return np.pad(first, ((0, 0), (0, max(m, 1) - first.shape[1])), constant_values=-1)


def _true_labels(truth: sp.csr_array, rows: IntArray, m: int) -> IntArray:
    """Return (n_rows, max(m, 1)) true labels of rows that have ``m`` each; -1 where m is 0."""
    if m == 0:
        return np.full((len(rows), 1), -1)
    labels: IntArray = truth.indices[truth.indptr[rows][:, None] + np.arange(m)]
    return labels


def _match(predicted: IntArray, expected: IntArray, paths: IntArray) -> float:
    """Return the sum over rows of the least mean cost of matching two (n_rows, m) arrays."""
    costs = _edges(predicted[:, :, None], expected[:, None, :], paths)
    m: int = costs.shape[1]
    if m == 1:
        return float(costs.sum())
    from scipy.optimize import linear_sum_assignment  # a slow import that few callers need

    return sum(float(cost[linear_sum_assignment(cost)].sum()) for cost in costs) / m


def _edges(u: IntArray, v: IntArray, paths: IntArray) -> FloatArray:
    """Return the edges between nodes: at each level where they differ, one per path."""
    n_edges = np.zeros(np.broadcast_shapes(u.shape, v.shape))
    for at_level in paths:
        u_at, v_at = at_level[u], at_level[v]
        n_edges += (u_at != v_at) * ((u_at >= 0).astype(np.int8) + (v_at >= 0))
    return n_edges
