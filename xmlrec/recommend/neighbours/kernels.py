"""Neighbours of sessions and what they suggest, session by session.

Serial and without the interpreter lock: threads run them side by side. A session's result depends
on nothing but the session. ``arrays`` and ``tables`` are `NeighbourArrays` and `NeighbourTables`.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def known_events(items, weights, item_indptr, n_most):
    """Return the last ``n_most`` events of a session, newest first, each item once.

    Returns ``(items, places, weights)``; the last event has the place 0. Items without a session
    have no place.
    """
    known = np.empty(n_most, dtype=np.int32)
    places = np.empty(n_most, dtype=np.int64)
    known_weights = np.empty(n_most, dtype=np.float64)
    n_known, place = 0, 0
    for p in range(items.shape[0] - 1, -1, -1):
        item = items[p]
        if (
            item < 0
            or item >= item_indptr.shape[0] - 1
            or item_indptr[item] == item_indptr[item + 1]
        ):
            continue
        if place == n_most:
            break
        is_new = True
        for other in range(n_known):
            is_new &= known[other] != item
        if is_new:
            known[n_known], places[n_known], known_weights[n_known] = item, place, weights[p]
            n_known += 1
        place += 1
    return known[:n_known], places[:n_known], known_weights[:n_known]


@njit(cache=True, nogil=True)
def sessions_in_common(events, arrays, tables, n_recent, slots):
    """Return the sessions that share an item, what their common items count, and their places.

    A session's place is that of the common item which comes first in ``events``. ``slots``
    (n_sessions,) must hold zeros and is left so.
    """
    items, places, weights = events
    n_most = 0
    for u in range(items.shape[0]):
        n_most += min(n_recent, arrays.item_indptr[items[u] + 1] - arrays.item_indptr[items[u]])
    sessions = np.empty(n_most, dtype=np.int32)
    sums = np.empty(n_most, dtype=np.float64)
    at = np.empty(n_most, dtype=np.int32)
    n_found = 0
    for u in range(items.shape[0]):
        item = items[u]
        worth = tables.decay[places[u]] * tables.match[item] * weights[u]
        if worth <= 0.0:
            continue
        start = arrays.item_indptr[item]
        for q in range(start, min(start + n_recent, arrays.item_indptr[item + 1])):
            session = arrays.item_sessions[q]
            slot = slots[session]
            if slot == 0:
                sessions[n_found], sums[n_found] = session, worth
                at[n_found] = arrays.item_places[q]
                n_found += 1
                slots[session] = n_found
            else:
                sums[slot - 1] += worth
    for c in range(n_found):
        slots[sessions[c]] = 0
    return sessions[:n_found], sums[:n_found], at[:n_found]


@njit(cache=True, nogil=True)
def nearest(events, arrays, tables, options, slots):
    """Return ``(sessions, similarities, at)`` of the most similar ones, ties to the newer one."""
    n_recent, n_neighbours, _ = options
    sessions, sums, at = sessions_in_common(events, arrays, tables, n_recent, slots)
    n_found = sessions.shape[0]
    for c in range(n_found):
        sums[c] *= tables.session_weights[sessions[c]]
    if n_found <= n_neighbours:
        return sessions, sums, at
    keys = sums.astype(np.float32).view(np.int32).astype(np.int64)  # positive: ordered as floats
    for c in range(n_found):
        keys[c] = (keys[c] << 32) | sessions[c]
    last = np.partition(keys, n_found - n_neighbours)[n_found - n_neighbours]
    n_kept = 0
    for c in range(n_found):
        if keys[c] >= last:
            sessions[n_kept], sums[n_kept], at[n_kept] = sessions[c], sums[c], at[c]
            n_kept += 1
    return sessions[:n_kept], sums[:n_kept], at[:n_kept]


@njit(cache=True, nogil=True)
def add_item(item, value, scores, touched, n_touched):
    """Add ``value``, above 0, to an item's score; return how many have one."""
    if scores[item] == 0.0:
        touched[n_touched] = item
        n_touched += 1
    scores[item] += value
    return n_touched


@njit(cache=True, nogil=True)
def add_neighbours(neighbours, arrays, tables, sharpness, scores, touched):
    """Add what neighbours suggest to ``scores``; return how many items have one, and the sum."""
    sessions, similarities, at = neighbours
    reach = tables.distance.shape[0] // 2
    n_touched, total = 0, 0.0
    for c in range(sessions.shape[0]):
        first = arrays.indptr[sessions[c]]
        place = first + at[c]
        similarity = similarities[c] ** sharpness
        stop = min(place + reach + 1, arrays.indptr[sessions[c] + 1])
        for p in range(max(place - reach, first), stop):
            item = arrays.items[p]
            value = similarity * tables.distance[p - place + reach] * tables.rarity[item]
            value *= arrays.weights[p]
            if value > 0.0:
                n_touched = add_item(item, value, scores, touched, n_touched)
                total += value
    return n_touched, total


@njit(cache=True, nogil=True)
def add_rules(events, arrays, tables, share, scores, touched, n_touched):
    """Add the successors of items, ``share`` in all, to ``scores``; return how many have one."""
    items, places, weights = events
    total = sum_of_rules(events, arrays, tables)
    for u in range(items.shape[0]):
        worth = tables.rule_decay[places[u]] * weights[u]
        for p in range(arrays.rule_indptr[items[u]], arrays.rule_indptr[items[u] + 1]):
            value = share * worth * arrays.rule_weights[p] / total
            if value > 0.0:
                n_touched = add_item(arrays.rule_items[p], value, scores, touched, n_touched)
    return n_touched


@njit(cache=True, nogil=True)
def sum_of_rules(events, arrays, tables):
    """Return what events with successors count together."""
    items, places, weights = events
    total = 0.0
    for u in range(items.shape[0]):
        if arrays.rule_indptr[items[u]] < arrays.rule_indptr[items[u] + 1]:
            total += tables.rule_decay[places[u]] * weights[u]
    return total


@njit(cache=True, nogil=True)
def add_evidence(events, arrays, tables, options, rules_share, slots, scores, touched):
    """Add neighbours and rules, 1 in all, to ``scores``; return how many items have one."""
    n_touched, total = 0, 0.0
    if rules_share < 1.0:
        neighbours = nearest(events, arrays, tables, options, slots)
        n_touched, total = add_neighbours(neighbours, arrays, tables, options[2], scores, touched)
    has_rules = rules_share > 0.0 and sum_of_rules(events, arrays, tables) > 0.0
    if total > 0.0:
        factor = (1.0 - rules_share) / total if has_rules else 1.0 / total
        for j in range(n_touched):
            scores[touched[j]] *= factor
    if has_rules:
        share = rules_share if total > 0.0 else 1.0
        n_touched = add_rules(events, arrays, tables, share, scores, touched, n_touched)
    return n_touched


@njit(cache=True, nogil=True)
def evidence_rows(
    indptr, items, weights, arrays, tables, options, rules_share, lo, hi, slots, scores, touched
):  # fmt: skip
    """Return ``(counts, items, shares)`` of rows ``lo .. hi - 1``, items rising.

    ``scores`` (n_items,) and ``slots`` must hold zeros and are left so; ``touched`` (n_items,) is
    work space. With a ``rules_share`` of 1 neighbours are not looked for.
    """
    counts = np.zeros(hi - lo, dtype=np.int64)
    found = np.empty(4096, dtype=np.int32)
    shares = np.empty(4096, dtype=np.float32)
    n_found = 0
    for row in range(lo, hi):
        start, stop = indptr[row], indptr[row + 1]
        events = known_events(
            items[start:stop], weights[start:stop], arrays.item_indptr, tables.decay.shape[0]
        )
        n_touched = add_evidence(
            events, arrays, tables, options, rules_share, slots, scores, touched
        )
        while n_found + n_touched > found.shape[0]:
            found = np.concatenate((found, np.empty_like(found)))
            shares = np.concatenate((shares, np.empty_like(shares)))
        touched[:n_touched].sort()
        for j in range(n_touched):
            found[n_found + j], shares[n_found + j] = touched[j], scores[touched[j]]
            scores[touched[j]] = 0.0
        counts[row - lo] = n_touched
        n_found += n_touched
    return counts, found[:n_found].copy(), shares[:n_found].copy()
