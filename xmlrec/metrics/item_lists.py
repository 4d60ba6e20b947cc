"""What lists of items are like, whatever is right: how much of a catalog, how well known.

``items`` is an int array (n_queries, k) of item columns, padded with -1. Cut it to the places that
are to be measured. All functions raise ``ValueError`` for an item outside the catalog.
"""

import numpy as np
import numpy.typing as npt

from xmlrec.metrics.relevance import FloatArray, IntArray, divide


def catalog_coverage(items: IntArray, n_items: int) -> float:
    """Return the percentage of the catalog that is in one list at least."""
    return 100.0 * float((_counts(items, n_items) > 0).mean())


def gini(items: IntArray, n_items: int) -> float:
    """Return how unequally places are given to items: 0 for all alike, 1 for one item everywhere.

    ``sum_j (2j - n - 1) * p_j / (n - 1)``, with the shares of places ``p_j`` of the items, rising
    (Shani and Gunawardana, "Evaluating recommendation systems", 2011, section 8.3). NaN without
    any item in a list, or with a catalog of one.
    """
    counts = np.sort(_counts(items, n_items))
    if n_items < 2 or not counts.any():
        return float("nan")
    weights = 2.0 * np.arange(1, n_items + 1) - n_items - 1
    return float(weights @ counts / counts.sum() / (n_items - 1))


def list_popularity(items: IntArray, n_sessions_with: IntArray, n_sessions: int) -> FloatArray:
    """Return the mean over each list of the share of training sessions that have its items.

    Parameters
    ----------
    n_sessions_with : int array, shape (n_items,)
        Training sessions that have the item.
    n_sessions : int
        All training sessions.

    Returns
    -------
    float array, shape (n_queries,)
        0 to 1; NaN for an empty list.
    """
    return _list_means(items, np.asarray(n_sessions_with) / max(n_sessions, 1))


def list_novelty(items: IntArray, n_sessions_with: IntArray, n_sessions: int) -> FloatArray:
    """Return the mean over each list of ``-log2`` of the share of training sessions, in bits.

    The self-information of Zhou et al. (PNAS 2010): what it tells that a session has the item. One
    that no session has counts as one in ``n_sessions + 1``. Arguments are as for `list_popularity`;
    NaN for an empty list.
    """
    shares = np.asarray(n_sessions_with) / max(n_sessions, 1)
    shares = np.where(shares > 0, shares, 1 / (n_sessions + 1))
    return _list_means(items, -np.log2(shares))


def _counts(items: IntArray, n_items: int) -> IntArray:
    """Return how many places each item of the catalog has."""
    _check(items, n_items)
    counts: IntArray = np.bincount(items[items >= 0], minlength=n_items)
    return counts


def _list_means(items: IntArray, values: npt.NDArray[np.float64]) -> FloatArray:
    """Return the mean of the items' values in each list, NaN for an empty one."""
    _check(items, len(values))
    is_item = items >= 0
    n_listed = is_item.sum(axis=1)
    sums = np.where(is_item, np.append(values, 0.0)[items], 0.0).sum(axis=1)
    return np.where(n_listed > 0, divide(sums, n_listed), np.nan)


def _check(items: IntArray, n_items: int) -> None:
    if items.size and not -1 <= items.min() <= items.max() < n_items:
        raise ValueError(f"items must be in -1..{n_items - 1}, got {items.min()}..{items.max()}")
