"""The arrays of a neighbour index: sessions by item, and which item follows which."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from label_trees.checks import read_only
from xmlrec.recommend.sessions import Sessions

IntArray = np.ndarray[Any, np.dtype[np.int32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
ByteArray = np.ndarray[Any, np.dtype[np.uint8]]

N_STEPS = 5
"""Events after an item that are its successors, the first with 1, the second with 1 / 2 ..."""

MAX_SUCCESSORS = 100


class NeighbourArrays(NamedTuple):
    """Training sessions, oldest first, by session and by item.

    Attributes
    ----------
    indptr : int64 array, shape (n_sessions + 1,)
    items : int32 array, shape (n_events,)
    weights : float32 array, shape (n_events,)
    item_indptr : int64 array, shape (n_items + 1,)
    item_sessions : int32 array, shape (n_pairs,)
        The sessions that have an item, newest first, each once.
    item_places : int32 array, shape (n_pairs,)
        Where in that session the item stands last.
    rule_indptr : int64 array, shape (n_items + 1,)
    rule_items : int32 array
        The successors of an item, rising.
    rule_weights : float32 array
        Those of an item add up to 1.
    id_indptr : int64 array, shape (n_sessions + 1,)
    id_bytes : uint8 array
        The ids of the sessions in UTF-8, one after the other.
    """

    indptr: LongArray
    items: IntArray
    weights: FloatArray
    item_indptr: LongArray
    item_sessions: IntArray
    item_places: IntArray
    rule_indptr: LongArray
    rule_items: IntArray
    rule_weights: FloatArray
    id_indptr: LongArray
    id_bytes: ByteArray

    def session_id(self, session: int) -> str:
        """Return the id of a session by its row here."""
        start, stop = self.id_indptr[session : session + 2]
        return self.id_bytes[start:stop].tobytes().decode()


def build_arrays(sessions: Sessions, n_items: int) -> NeighbourArrays:
    """Return the arrays of ``sessions``, whose items are below ``n_items``, without empty ones.

    Sessions go by their last event's time; without times, and with equal ones, by their order.
    """
    rows = np.flatnonzero(sessions.lengths())
    if sessions.times is not None:
        rows = rows[np.argsort(sessions.times[sessions.indptr[rows + 1] - 1], kind="stable")]
    sessions = sessions.take(rows)
    ids = [name.encode() for name in sessions.ids]
    arrays: tuple[np.ndarray[Any, Any], ...] = (
        sessions.indptr,
        sessions.items,
        sessions.weights,
        *_sessions_by_item(sessions, n_items),
        *_rules(sessions, n_items),
        _indptr(np.fromiter(map(len, ids), np.int64, len(ids))),
        np.frombuffer(b"".join(ids), dtype=np.uint8),
    )
    return NeighbourArrays(*map(read_only, arrays))


def _indptr(counts: LongArray) -> LongArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _session_of_event(sessions: Sessions) -> IntArray:
    return np.repeat(np.arange(len(sessions), dtype=np.int32), sessions.lengths())


def _sessions_by_item(sessions: Sessions, n_items: int) -> tuple[LongArray, IntArray, IntArray]:
    of_event = _session_of_event(sessions)
    newest = np.arange(sessions.items.size)[::-1]
    newest = newest[np.argsort(sessions.items[newest], kind="stable")]
    items, rows = sessions.items[newest], of_event[newest]
    is_last = np.ones(items.size, dtype=bool)  # of this item in its session
    is_last[1:] = (items[1:] != items[:-1]) | (rows[1:] != rows[:-1])
    items, rows, events = items[is_last], rows[is_last], newest[is_last]
    places = (events - sessions.indptr[rows]).astype(np.int32)
    return _indptr(np.bincount(items, minlength=n_items)), rows, places


def _rules(sessions: Sessions, n_items: int) -> tuple[LongArray, IntArray, FloatArray]:
    of_event, items = _session_of_event(sessions), sessions.items
    rules = sp.csr_array((n_items, n_items), dtype=np.float32)
    for step in range(1, N_STEPS + 1):
        first = np.flatnonzero(of_event[step:] == of_event[:-step])
        values = sessions.weights[first + step] / np.float32(step)
        pairs = (items[first], items[first + step])
        rules = rules + sp.csr_array((values, pairs), shape=(n_items, n_items))
    return _most_frequent(rules)


def _most_frequent(rules: sp.csr_array) -> tuple[LongArray, IntArray, FloatArray]:
    """Return the `MAX_SUCCESSORS` largest of each row, ties to the lower item, as shares of 1."""
    rules.sort_indices()
    counts = np.diff(rules.indptr)
    rows = np.repeat(np.arange(counts.size), counts)
    order = np.lexsort((-rules.data, rows))  # stable, so that ties stay in the order of items
    rank = np.arange(rows.size) - np.repeat(rules.indptr[:-1].astype(np.int64), counts)
    kept = np.sort(order[rank < MAX_SUCCESSORS])
    items, values, rows = rules.indices[kept], rules.data[kept], rows[kept]
    totals = np.bincount(rows, weights=values, minlength=counts.size)
    shares = (values / totals[rows]).astype(np.float32)
    return _indptr(np.bincount(rows, minlength=counts.size)), items.astype(np.int32), shares
