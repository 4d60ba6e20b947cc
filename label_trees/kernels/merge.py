"""The mean of what several trees found, row by row.

Few of the labels that a beam reaches can be among the best: the others are told by the logarithms
of their scores alone, and neither added up nor sorted in.
"""

import numpy as np
from numba import njit

N_BINS = 256
BINS_PER_UNIT = np.float32(8.0)
"""Logarithms are counted in bins of an eighth; all below -32 are in the last."""

SLACK = np.float32(1e-4)
"""More than logarithms are off by where exponentials tell scores apart."""


@njit(cache=True, nogil=True)
def least_of_best(logs, k, n_in_bin):
    """Return a bound that at least ``k`` of ``logs`` reach, -inf where fewer do or it is low.

    ``n_in_bin`` (N_BINS,) is written to.
    """
    n_in_bin[:] = 0
    for log in logs:
        n_in_bin[min(np.int32(-log * BINS_PER_UNIT), N_BINS - 1)] += 1
    n_above = 0
    for number in range(N_BINS - 1):
        n_above += n_in_bin[number]
        if n_above >= k:
            return np.float32(-(number + 1)) / BINS_PER_UNIT
    return np.float32(-np.inf)


@njit(cache=True, nogil=True)
def keep_label(score, label, n_kept, scores, labels):
    """Insert into a list of ``n_kept`` that falls by score, on equal scores rises by label.

    Returns how many there are then.
    """
    k = scores.shape[0]
    slot = n_kept
    while slot > 0 and (
        score > scores[slot - 1] or (score == scores[slot - 1] and label < labels[slot - 1])
    ):
        slot -= 1
        if slot + 1 < k:
            scores[slot + 1], labels[slot + 1] = scores[slot], labels[slot]
    if slot < k:
        scores[slot], labels[slot] = score, label
    return min(n_kept + 1, k)


@njit(cache=True, nogil=True)
def merge_trees(n_found, found_labels, logs, is_near, totals, labels, scores):
    """Write the best labels of each row by the mean over trees of their scores.

    ``n_found`` (n_trees, n_rows) says how many labels, with their logarithms, each tree found:
    ``found_labels`` and ``logs`` (n_trees, n_rows, room). ``is_near`` and ``totals`` (n_labels)
    must hold zeros and are left so. Of equal means the lower label comes first.
    """
    n_trees, n_rows, room = logs.shape
    k = scores.shape[1]
    near, places = np.empty(n_trees * room, dtype=np.int32), np.empty(room, dtype=np.int64)
    means, log_means = np.empty((2, near.shape[0]), dtype=np.float32)
    n_in_bin = np.empty(N_BINS, dtype=np.int32)
    for i in range(n_rows):
        least = np.float32(-np.inf)
        for t in range(n_trees):
            least = max(least, least_of_best(logs[t, i, : n_found[t, i]], k, n_in_bin))
        # k labels have exp(least) in all, or more: one with less in each tree than its part is out
        least -= np.float32(np.log(n_trees)) + SLACK
        n_near = 0
        for t in range(n_trees):
            for q in range(n_found[t, i]):
                label = found_labels[t, i, q]
                near[n_near] = label
                is_first = (logs[t, i, q] >= least) & ~is_near[label]
                is_near[label] |= is_first
                n_near += is_first
        for t in range(n_trees):
            n_places = 0
            for q in range(n_found[t, i]):
                places[n_places] = q
                n_places += is_near[found_labels[t, i, q]]
            for q in places[:n_places]:
                totals[found_labels[t, i, q]] += np.exp(logs[t, i, q])
        for m in range(n_near):
            means[m] = np.float32(totals[near[m]] / n_trees)
            log_means[m] = np.log(means[m])
            totals[near[m]], is_near[near[m]] = 0.0, False
        least = least_of_best(log_means[:n_near], k, n_in_bin) - SLACK
        n_kept = 0
        for m in range(n_near):
            if log_means[m] >= least:
                n_kept = keep_label(means[m], near[m], n_kept, scores[i], labels[i])
