"""Lists of items, row by row: how alike their categories are, and greedy lists of candidates.

``tree`` is ``(indptr, ends, shares, paths, depths)``, the arrays of an `ItemPaths`; ``at_level``
(n_nodes,) is the category that a node counts for, -1 for none.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def similarity(first, second, tree):
    """Return ``2 * depth(LCA) / (depth + depth)`` of the nearest paths of two items."""
    indptr, ends, _, paths, depths = tree
    best = 0.0
    for p in range(indptr[first], indptr[first + 1]):
        for q in range(indptr[second], indptr[second + 1]):
            u, v = ends[p], ends[q]
            n_shared, n_most = 0, min(depths[u], depths[v])
            while n_shared < n_most and paths[u, n_shared] == paths[v, n_shared]:
                n_shared += 1
            best = max(best, 2.0 * n_shared / (depths[u] + depths[v]))
    return best


@njit(cache=True, nogil=True)
def diversity_rows(items, tree, lo, hi, out):
    """Fill ``out`` (n_rows,), NaN, with the mean distance of two items of rows ``lo .. hi - 1``.

    Places of -1 are none; a row with fewer than two items keeps NaN.
    """
    for i in range(lo, hi):
        total, n_pairs = 0.0, 0
        for a in range(items.shape[1]):
            for b in range(a):
                if items[i, a] >= 0 and items[i, b] >= 0:
                    total += 1.0 - similarity(items[i, a], items[i, b], tree)
                    n_pairs += 1
        if n_pairs > 0:
            out[i] = total / n_pairs


@njit(cache=True, nogil=True)
def hold(item, tree, at_level, held):
    """Add an item's shares of categories to ``held`` (n_nodes,)."""
    indptr, ends, shares, _, _ = tree
    for p in range(indptr[item], indptr[item + 1]):
        category = at_level[ends[p]]
        if category >= 0:
            held[category] += shares[p]


@njit(cache=True, nogil=True)
def clear(item, tree, at_level, values):
    """Make 0 what ``values`` (n_nodes,) has for an item's categories."""
    indptr, ends, _, _, _ = tree
    for p in range(indptr[item], indptr[item + 1]):
        category = at_level[ends[p]]
        if category >= 0:
            values[category] = 0


@njit(cache=True, nogil=True)
def divergence_rows(items, tree, at_level, profiles, alpha, lo, hi, out):
    """Fill ``out`` (n_rows,), NaN, with the KL divergence of rows from their ``profiles``.

    ``profiles`` are ``(indptr, categories, data)``. A row without items, or without entries in its
    profile, keeps NaN.
    """
    indptr, categories, data = profiles
    held = np.zeros(at_level.shape[0])
    for i in range(lo, hi):
        n_items = 0
        for item in items[i]:
            if item >= 0:
                hold(item, tree, at_level, held)
                n_items += 1
        if n_items > 0 and indptr[i] < indptr[i + 1]:
            out[i] = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                share = held[categories[p]] / n_items
                out[i] += data[p] * np.log(data[p] / ((1.0 - alpha) * share + alpha * data[p]))
        for item in items[i]:
            if item >= 0:
                clear(item, tree, at_level, held)


@njit(cache=True, nogil=True)
def divergence_change(item, tree, at_level, wanted, held, added, n_items, alpha):
    """Return by how much the divergence changes if an item joins a list, then of ``n_items``.

    ``wanted`` and ``held`` (n_nodes,) are dense; ``added`` (n_nodes,) must hold zeros and is left
    so.
    """
    indptr, ends, shares, _, _ = tree
    change = 0.0
    for p in range(indptr[item], indptr[item + 1]):
        category = at_level[ends[p]]
        if category >= 0 and wanted[category] > 0.0:
            share = (held[category] + added[category]) / n_items
            before = (1.0 - alpha) * share + alpha * wanted[category]
            more = (1.0 - alpha) * shares[p] / n_items
            change -= wanted[category] * np.log(1.0 + more / before)
            added[category] += shares[p]
    clear(item, tree, at_level, added)
    return change


@njit(cache=True, nogil=True)
def is_full(item, tree, at_level, n_used, cap):
    """Return whether one of an item's categories has ``cap`` items."""
    indptr, ends, _, _, _ = tree
    for p in range(indptr[item], indptr[item + 1]):
        category = at_level[ends[p]]
        if category >= 0 and n_used[category] >= cap:
            return True
    return False


@njit(cache=True, nogil=True)
def use(item, tree, at_level, n_used):
    """Count an item once in each of its categories."""
    indptr, ends, _, _, _ = tree
    for p in range(indptr[item], indptr[item + 1]):
        category, is_first = at_level[ends[p]], True
        for q in range(indptr[item], p):
            is_first &= at_level[ends[q]] != category
        if category >= 0 and is_first:
            n_used[category] += 1


@njit(cache=True, nogil=True)
def relevance(items, scores, out):
    """Fill ``out`` (n_candidates,) with scores from 0, the row's least, to 1, its best."""
    least, best = np.inf, -np.inf
    for c in range(items.shape[0]):
        if items[c] >= 0:
            least = min(least, np.float64(scores[c]))
            best = max(best, np.float64(scores[c]))
    for c in range(items.shape[0]):
        if items[c] >= 0:
            out[c] = (scores[c] - least) / (best - least) if best > least else 1.0


@njit(cache=True, nogil=True)
def value_candidates(
    items, relevances, nearest, is_left, tree, at_level, of_nodes, n_items, strengths, cap, values
):  # fmt: skip
    """Fill ``values`` (n_candidates,) with what each adds to a list, then of ``n_items``.

    -inf is for what is no more a candidate, and for an item of a category that is full.
    ``of_nodes`` are what is wanted and held of each category, zeros, and the items used of it.
    """
    diversify, calibrate, alpha = strengths
    wanted, held, added, n_used = of_nodes
    for c in range(items.shape[0]):
        values[c] = -np.inf
        if not is_left[c] or (cap > 0 and is_full(items[c], tree, at_level, n_used, cap)):
            continue
        values[c] = (1.0 - diversify - calibrate) * relevances[c] - diversify * nearest[c]
        if calibrate > 0.0:
            values[c] -= calibrate * divergence_change(
                items[c], tree, at_level, wanted, held, added, n_items, alpha
            )


@njit(cache=True, nogil=True)
def best_candidate(items, scores, values):
    """Return the place of the highest value, -1 where all are -inf.

    Ties go to the higher score, then to the lower item.
    """
    best = -1
    for c in range(items.shape[0]):
        if values[c] == -np.inf:
            continue
        is_better = best < 0 or values[c] > values[best]
        if not is_better and values[c] == values[best]:
            is_better = scores[c] > scores[best] or (
                scores[c] == scores[best] and items[c] < items[best]
            )
        if is_better:
            best = c
    return best


@njit(cache=True, nogil=True)
def rerank_row(items, scores, tree, at_level, of_nodes, strengths, cap, out_items, out_scores):
    """Fill the outputs (k,), -1 and -inf, with the greedy list of a row of candidates.

    The next item is the one of highest value, see `value_candidates`: ``(1 - d - c) * relevance``
    less ``d`` times the similarity to the most similar item of the list, less ``c`` times what it
    changes of the list's divergence from the wanted categories.
    """
    _, held, _, n_used = of_nodes
    relevances, nearest = np.empty(items.shape[0]), np.zeros(items.shape[0])
    values, is_left = np.empty(items.shape[0]), items >= 0
    relevance(items, scores, relevances)
    for place in range(out_items.shape[0]):
        value_candidates(
            items, relevances, nearest, is_left, tree, at_level, of_nodes, place + 1,
            strengths, cap, values,
        )  # fmt: skip
        c = best_candidate(items, scores, values)
        if c < 0:
            break
        out_items[place], out_scores[place], is_left[c] = items[c], scores[c], False
        hold(items[c], tree, at_level, held)
        use(items[c], tree, at_level, n_used)
        if strengths[0] > 0.0:
            for other in range(items.shape[0]):
                if is_left[other]:
                    alike = similarity(items[other], items[c], tree)
                    nearest[other] = max(nearest[other], alike)


@njit(cache=True, nogil=True)
def rerank_rows(
    items, scores, tree, at_level, profiles, strengths, cap, lo, hi, out_items, out_scores
):
    """Fill rows ``lo .. hi - 1`` of the outputs (n_rows, k), -1 and -inf, with greedy lists.

    ``strengths`` are those of diversity and of calibration, and alpha; ``profiles`` are ``(indptr,
    categories, data)``; a ``cap`` of 0 is none.
    """
    indptr, categories, data = profiles
    n_nodes = at_level.shape[0]
    wanted, held, added = np.zeros(n_nodes), np.zeros(n_nodes), np.zeros(n_nodes)
    n_used = np.zeros(n_nodes, dtype=np.int64)
    of_nodes = wanted, held, added, n_used
    for i in range(lo, hi):
        for p in range(indptr[i], indptr[i + 1]):
            wanted[categories[p]] = data[p]
        rerank_row(
            items[i], scores[i], tree, at_level, of_nodes, strengths, cap,
            out_items[i], out_scores[i],
        )  # fmt: skip
        for p in range(indptr[i], indptr[i + 1]):
            wanted[categories[p]] = 0.0
        for item in out_items[i]:
            if item >= 0:
                clear(item, tree, at_level, held)
                clear(item, tree, at_level, n_used)
