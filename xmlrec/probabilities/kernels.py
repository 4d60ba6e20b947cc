"""The best candidates of an item, what calibration sees of them, and probabilities, row by row.

A row's results depend on nothing outside it: sums are added up in the order of its candidates.
"""

import numpy as np
from numba import njit

N_FEATURES = 17
"""What calibration sees of a candidate, see `xmlrec.probabilities.features`."""

LEAST = 1e-9
LARGEST_GAP = 20.0
COSINE, MATCH = 4, 5


@njit(cache=True, nogil=True)
def best_places(labels, scores, kept):
    """Fill ``kept`` with the places of the best labels, ties to the lower label; return how many.

    Places with a label -1 are none.
    """
    n_kept = 0
    for place in range(labels.shape[0]):
        if labels[place] < 0:
            continue
        slot = n_kept
        while slot > 0 and (
            scores[place] > scores[kept[slot - 1]]
            or (scores[place] == scores[kept[slot - 1]] and labels[place] < labels[kept[slot - 1]])
        ):
            if slot < kept.shape[0]:
                kept[slot] = kept[slot - 1]
            slot -= 1
        if slot < kept.shape[0]:
            kept[slot] = place
            n_kept = min(n_kept + 1, kept.shape[0])
    return n_kept


@njit(cache=True, nogil=True)
def totals_of(labels, scores, F, best):
    """Return the sum of ``exp(score - best)`` of a row, and its best cosine and example match."""
    total, cosine, match = 0.0, np.float32(-np.inf), np.float32(-np.inf)
    for place in range(labels.shape[0]):
        if labels[place] >= 0:
            total += np.exp(np.float64(scores[place] - best))
            cosine = max(cosine, F[place, COSINE])
            match = max(match, F[place, MATCH])
    return total, cosine, match


@njit(cache=True, nogil=True)
def branch_share(labels, shares, parents, label):
    """Return the sum of the ``shares`` of those labels that have the parent of ``label``."""
    share = 0.0
    for j in range(labels.shape[0]):
        if labels[j] >= 0 and parents[labels[j]] == parents[label]:
            share += shares[j]
    return min(share, 1.0)


@njit(cache=True, nogil=True)
def describe_rows(
    labels, scores, F, sizes, parents, depths, lo, hi, best_labels, best_scores, Z
):  # fmt: skip
    """Fill rows ``lo .. hi - 1`` with the best candidates and their features.

    ``best_labels`` and ``best_scores`` (n_rows, k) hold -1 and -inf, ``Z`` (n_rows, k, N_FEATURES)
    zeros. ``sizes`` and ``depths`` (n_labels,) are float32.
    """
    kept = np.empty(best_labels.shape[1], dtype=np.int64)
    shares = np.empty(best_labels.shape[1])
    for i in range(lo, hi):
        n_kept = best_places(labels[i], scores[i], kept)
        for j in range(n_kept):
            best_labels[i, j], best_scores[i, j] = labels[i, kept[j]], scores[i, kept[j]]
        best = best_scores[i, 0]
        second = best_scores[i, 1] if n_kept > 1 else best - LARGEST_GAP
        total, cosine, match = totals_of(labels[i], scores[i], F[i], best)
        for j in range(n_kept):
            shares[j] = np.exp(np.float64(best_scores[i, j] - best)) / total
        for j in range(n_kept):
            label, score, share, z = best_labels[i, j], best_scores[i, j], shares[j], Z[i, j]
            branch = branch_share(best_labels[i], shares, parents, label)
            gap = best - second if j == 0 else score - best
            z[0] = np.log(max(share, LEAST))
            z[1] = np.log(max(1.0 - share, LEAST))
            z[2] = score
            z[3] = max(min(gap, LARGEST_GAP), -LARGEST_GAP)
            z[4] = np.log(max(branch, LEAST))
            z[5] = sizes[label]
            for score_place in range(6):
                z[6 + score_place] = F[i, kept[j], score_place]
            z[12], z[13], z[14] = cosine, match, best
            z[15] = np.log(1.0 + j)
            z[16] = depths[label]


@njit(cache=True, nogil=True)
def weigh_rows(labels, Z, is_new, weights, is_single, lo, hi, P):
    """Fill rows ``lo .. hi - 1`` of ``P`` (n_rows, k) with probabilities that fall along a row.

    ``weights`` (3, N_FEATURES + 1), the bias last, are those of the best candidate, of the others,
    and of labels that are new. With ``is_single`` a row adds up to 1 at most.
    """
    for i in range(lo, hi):
        total, last = 0.0, 1.0
        for j in range(labels.shape[1]):
            if labels[i, j] < 0:
                break
            part = 2 if is_new[labels[i, j]] else min(j, 1)
            logit = weights[part, N_FEATURES]
            for f in range(N_FEATURES):
                logit += weights[part, f] * Z[i, j, f]
            last = min(last, 1.0 / (1.0 + np.exp(-logit)))
            P[i, j] = last
            total += last
        if is_single and total > 1.0:
            for j in range(labels.shape[1]):
                P[i, j] = P[i, j] / total


@njit(cache=True, nogil=True)
def join_chances(one, other, is_single):
    """Return the chance of at least one of two labels, which exclude each other if single."""
    return min(one + other if is_single else one + other - one * other, 1.0)


@njit(cache=True, nogil=True)
def spread_up(labels, P, paths, lifts, is_single, lo, hi, out):
    """Fill rows of ``out`` (n_rows, k, max_depth), NaN, with P of every label's ancestors.

    ``paths`` (n_labels, max_depth) are the columns from the root to a label, -1 below it. A label
    itself has its own probability; an ancestor that of all labels below it, and a share ``lifts``
    (max_depth,) of what no candidate has, in proportion.
    """
    for i in range(lo, hi):
        n_labels, every = 0, 0.0
        while n_labels < labels.shape[1] and labels[i, n_labels] >= 0:
            every = join_chances(every, np.float64(P[i, n_labels]), is_single)
            n_labels += 1
        for j in range(n_labels):
            path, d = paths[labels[i, j]], 0
            while path[d] != labels[i, j]:
                below = 0.0
                for other in range(n_labels):
                    if paths[labels[i, other], d] == path[d]:
                        below = join_chances(below, np.float64(P[i, other]), is_single)
                if every > 0.0:
                    below += lifts[d] * (1.0 - every) * below / every
                out[i, j, d] = max(min(below, 1.0), P[i, j])
                d += 1
            out[i, j, d] = P[i, j]
