"""Which items a session may go on to, and what speaks for each of them."""

import numpy as np
from numba import njit

N_EVENTS = 50
"""Of a session's last events that may come again."""


@njit(cache=True, nogil=True)
def find_candidates(sessions, sources, forecast, popular, best, allowed, limits, lo, hi, out):
    """Fill rows ``lo .. hi - 1`` of ``out`` (n_sessions, budget), which holds -1, with items.

    First come the session's own items, then those of the sources by turns of falling value, then
    the most popular ones of the likeliest categories; if these are too few, the most popular ones
    of all.

    Parameters
    ----------
    sessions : tuple
        ``indptr, items``.
    sources : tuple of tuples
        ``indptr, indices, data`` of evidence (n_sessions, n_items).
    forecast : float32 array, shape (n_sessions, n_ends)
    popular : tuple
        ``indptr, items``: the items of each end, the most popular first.
    best : int32 array
        All items, the most popular first.
    allowed : bool array, shape (n_items,)
    limits : tuple
        Whether the session's own items are left out, the probability of the categories that are
        looked into, and how many items there must be if there are so many.
    """
    indptr, items = sessions
    leave_out, mass, n_least = limits
    budget = out.shape[1]
    mark = np.full(allowed.shape[0], -1, np.int64)
    left = np.empty(forecast.shape[1], np.float32)
    for row in range(lo, hi):
        n = 0
        for p in range(indptr[row + 1] - 1, indptr[row] - 1, -1):
            item = items[p]
            if leave_out:
                mark[item] = row
            elif (
                indptr[row + 1] - p <= N_EVENTS
                and n < budget
                and mark[item] != row
                and allowed[item]
            ):
                out[row, n], n = item, n + 1
                mark[item] = row
        for source in sources:
            begin, stop = source[0][row], source[0][row + 1]
            if stop - begin <= budget - n:
                order = np.arange(begin, stop)
            else:
                order = begin + np.argsort(-source[2][begin:stop], kind="mergesort")
            for p in order:
                item = source[1][p]
                if n < budget and mark[item] != row and allowed[item]:
                    out[row, n], n = item, n + 1
                    mark[item] = row
        left[:] = forecast[row]
        reached = 0.0
        while n < budget and reached < mass and left.shape[0]:
            end = np.argmax(left)
            if left[end] <= 0.0:
                break
            reached += left[end]
            left[end] = 0.0
            for p in range(popular[0][end], popular[0][end + 1]):
                item = popular[1][p]
                if n < budget and mark[item] != row and allowed[item]:
                    out[row, n], n = item, n + 1
                    mark[item] = row
        if n < n_least:
            for item in best:
                if n >= min(n_least, budget):
                    break
                if mark[item] != row and allowed[item]:
                    out[row, n], n = item, n + 1
                    mark[item] = row


@njit(cache=True, nogil=True)
def fill_evidence(sources, floors, candidates, lo, hi, out):
    """Fill ``out`` (n_sessions, budget, n_sources) with what each source says of candidates.

    Parameters
    ----------
    sources : tuple of tuples
        As in `find_candidates`.
    floors : float64 array, shape (n_sources,)
        What is added to a source's share before its logarithm; below 0 the value itself counts.
    candidates : int32 array, shape (n_sessions, budget)
    """
    n_items = candidates.max() + 1 if candidates.size else 0
    place = np.full(n_items, -1, np.int32)
    for row in range(lo, hi):
        width = 0
        for c in range(candidates.shape[1]):
            if candidates[row, c] < 0:
                break
            place[candidates[row, c]] = c
            width = c + 1
        for s in range(len(sources)):
            source = sources[s]
            begin, stop = source[0][row], source[0][row + 1]
            total, base = 1.0, 0.0
            if floors[s] >= 0.0:
                base = np.log(floors[s])
                total = 1e-30
                for p in range(begin, stop):
                    total += source[2][p]
            for c in range(width):
                out[row, c, s] = base
            for p in range(begin, stop):
                c = place[source[1][p]] if source[1][p] < n_items else -1
                if c >= 0:
                    value = source[2][p] / total
                    out[row, c, s] = value if floors[s] < 0.0 else np.log(value + floors[s])
        for c in range(width):
            place[candidates[row, c]] = -1


@njit(cache=True, nogil=True)
def fill_categories(forecast, nodes, paths, ends, floors, candidates, lo, hi, out):
    """Fill ``out`` (n_sessions, budget, 3 + n_levels) with what the forecast says of candidates.

    The three are the share of what is popular in the categories, the share of an item of them
    where all are equal, and the end of the path given the category it is in; the others are each
    level given the one above.

    Parameters
    ----------
    forecast, nodes : float32 arrays, shapes (n_sessions, n_ends) and (n_sessions, n_nodes)
        Probabilities.
    paths : tuple
        ``indptr, nodes, data, level of each entry, level of each node, blank``: the categories of
        each item, and the distribution of an item without any, (n_nodes,).
    ends : tuple
        ``indptr, ends, data, popular, equal``: those of each item, and an item's share of what is
        popular in the end, and of what is in it.
    floors : float64 array, shape (3,)
        What is added before the logarithm: to popular shares, equal shares, and probabilities.
    """
    N_indptr, N_nodes, N_data, N_level, level_of, blank = paths
    E_indptr, E_ends, E_data, popular, equal = ends
    n_levels = out.shape[2] - 3
    mass, none = np.zeros(n_levels + 1), np.zeros(n_levels + 1)
    for row in range(lo, hi):
        none[:] = 0.0
        none[0] = 1.0
        for node in range(blank.shape[0]):
            if level_of[node] <= n_levels:
                none[level_of[node]] += blank[node] * nodes[row, node]
        for c in range(candidates.shape[1]):
            item = candidates[row, c]
            if item < 0:
                break
            mass[:] = 0.0
            mass[0] = 1.0
            depth = 0
            for p in range(N_indptr[item], N_indptr[item + 1]):
                if N_level[p] <= n_levels:
                    mass[N_level[p]] += N_data[p] * nodes[row, N_nodes[p]]
                depth = max(depth, N_level[p])
            at_end, of_popular, of_equal = 0.0, 0.0, 0.0
            for p in range(E_indptr[item], E_indptr[item + 1]):
                probability = E_data[p] * forecast[row, E_ends[p]]
                at_end += probability
                of_popular += probability * popular[p]
                of_equal += probability * equal[p]
            out[row, c, 0] = np.log(of_popular + floors[0])
            out[row, c, 1] = np.log(of_equal + floors[1])
            out[row, c, 2] = 0.0
            if depth:
                above = mass[min(depth, n_levels)]
                out[row, c, 2] = np.log((at_end + floors[2]) / (above + floors[2]))
            at = mass if depth else none
            for level in range(1, n_levels + 1):
                value = 0.0
                if level <= depth or not depth:
                    value = np.log((at[level] + floors[2]) / (at[level - 1] + floors[2]))
                out[row, c, 2 + level] = value


@njit(cache=True, nogil=True)
def fill_repeats(sessions, candidates, lo, hi, out):
    """Fill ``out`` (n_sessions, budget, 2), zeros: was an item in the session, was it the last."""
    indptr, items = sessions
    n_items = candidates.max() + 1 if candidates.size else 0
    was, last = np.full(n_items, -1), np.full(n_items, -1)
    for row in range(lo, hi):
        for p in range(indptr[row], indptr[row + 1]):
            if items[p] < n_items:
                was[items[p]] = row
                if p == indptr[row + 1] - 1:
                    last[items[p]] = row
        for c in range(candidates.shape[1]):
            item = candidates[row, c]
            if item < 0:
                break
            out[row, c, 0] = 1.0 if was[item] == row else 0.0
            out[row, c, 1] = 1.0 if last[item] == row else 0.0


@njit(cache=True, nogil=True)
def dot_rows(queries, vectors, candidates, lo, hi, out):
    """Fill ``out`` (n_sessions, budget) with the dots of queries and their candidates' vectors."""
    for row in range(lo, hi):
        for c in range(candidates.shape[1]):
            item = candidates[row, c]
            if item < 0:
                break
            total = np.float32(0.0)
            for d in range(queries.shape[1]):
                total += queries[row, d] * vectors[item, d]
            out[row, c] = total


@njit(cache=True, nogil=True)
def best_rows(candidates, scores, lo, hi, out_items, out_scores):
    """Fill the best of each row, holding -1 and -inf; ties go to the lower item."""
    k = out_items.shape[1]
    for row in range(lo, hi):
        n_kept = 0
        for c in range(candidates.shape[1]):
            item = candidates[row, c]
            score = np.float32(scores[row, c])  # as it is kept, else equal scores are not
            if item < 0:
                break
            slot = n_kept
            while slot > 0 and (
                score > out_scores[row, slot - 1]
                or (score == out_scores[row, slot - 1] and item < out_items[row, slot - 1])
            ):
                if slot < k:
                    out_scores[row, slot] = out_scores[row, slot - 1]
                    out_items[row, slot] = out_items[row, slot - 1]
                slot -= 1
            if slot < k:
                out_scores[row, slot], out_items[row, slot] = score, item
                n_kept = min(n_kept + 1, k)
