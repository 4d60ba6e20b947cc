"""Events as they come in, one after the other, and the sessions that they make."""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xmlrec.catalog import Fault, Reject
from xmlrec.catalog.rows import RowFault
from xmlrec.recommend.places import Place
from xmlrec.recommend.sessions import Sessions

LongArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

_NO_TIME = "the event has no time, which others have; give one to all events, or to none"


class EventLog:
    """Columns of events that grow.

    All events have a time or none has: those without one are rejected as soon as there is one
    with a time, before or after them.

    Parameters
    ----------
    columns : mapping of str to int
        Columns of the items that are known; stays as it is.
    on_reject : callable
        Gets events that cannot be used.
    add_unknown : bool
        Whether other items get the next columns; if not, their events are left out and counted.

    Attributes
    ----------
    columns : dict of str to int
        With the items that were added.
    n_unknown : int
        Events of unknown items that were left out; their sessions stay, if need be without events.
    rejected : Counter of Fault
    first : Reject or None
        The first one.
    """

    def __init__(
        self,
        columns: Mapping[str, int],
        on_reject: Callable[[Reject], None],
        *,
        add_unknown: bool = True,
    ) -> None:
        self._known, self._on_reject, self._adds = columns, on_reject, add_unknown
        self.n_unknown = 0
        self.rejected: Counter[Fault] = Counter()
        self.first: Reject | None = None
        self._has_times = False
        self._sources: dict[str, int] = {}
        self._clear()

    def _clear(self) -> None:
        self.columns = dict(self._known)
        self._ids: dict[str, int] = {}
        self._sessions, self._items = array("q"), array("i")
        self._weights, self._times = array("f"), array("d")
        self._places = array("q")  # source, line, byte of each; only while no event has a time

    def add(
        self, session: str, item: str, seconds: float | None, weight: float, place: Place
    ) -> None:
        """Take an event; `RowFault` if it has no time but others have."""
        if seconds is None:
            if self._has_times:
                raise RowFault(Fault.BAD_TIME, _NO_TIME)
        elif not self._has_times:
            self._reject_all()
            self._has_times = True
        row = self._ids.setdefault(session, len(self._ids))
        column = self.columns.get(item)
        if column is None:
            if not self._adds:
                self.n_unknown += 1
                return
            column = self.columns[item] = len(self.columns)
        self._sessions.append(row)
        self._items.append(column)
        self._weights.append(weight)
        if seconds is None:
            source = self._sources.setdefault(place.source, len(self._sources))
            self._places.extend((source, place.line, place.byte))
        else:
            self._times.append(seconds)

    def reject(self, reject: Reject) -> None:
        """Count a row that cannot be used, and hand it on."""
        self.rejected[reject.code] += 1
        self.first = self.first or reject
        self._on_reject(reject)

    def _reject_all(self) -> None:
        """Reject all events so far, which have no time."""
        sources, ids, names = list(self._sources), list(self._ids), list(self.columns)
        places = iter(self._places)
        for session, item in zip(self._sessions, self._items, strict=True):
            place = Place(sources[next(places)], next(places), next(places))
            values = {"session_id": ids[session], "item_id": names[item]}
            self.reject(place.reject(RowFault(Fault.BAD_TIME, _NO_TIME), values))
        self._clear()

    def sessions(self) -> tuple[Sessions, int]:
        """Return the sessions, and how many events were there before.

        Events are in the order of time, then of the log; those of one session, item, time and
        weight count once. Sessions are in the order of their last events, then of their first in
        the log; without times, of their first in the log.
        """
        rows, items = np.array(self._sessions, np.int64), np.array(self._items, np.int32)
        weights = np.array(self._weights, np.float32)
        times = np.array(self._times, np.float64) if self._has_times else None
        if times is None:
            order = np.argsort(rows, kind="stable")
        else:
            is_again = repeated(rows, times, items, weights)
            order = np.lexsort((times, rows))
            order = order[~is_again[order]]
        counts = np.bincount(rows[order], minlength=len(self._ids))
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        sessions = Sessions(
            ids=tuple(self._ids),
            indptr=indptr,
            items=items[order],
            weights=weights[order],
            times=None if times is None else times[order],
        )
        return by_last_time(sessions), len(rows) - len(order)


def repeated(*columns: np.ndarray[Any, Any]) -> BoolArray:
    """Return which rows have a row before them that is equal in all columns."""
    order = np.lexsort(columns)  # stable: the first of equal rows stays first
    is_again: BoolArray = np.zeros(len(order), dtype=np.bool_)
    equal = [column[order][1:] == column[order][:-1] for column in columns]
    is_again[order[1:]] = np.logical_and.reduce(equal)
    return is_again


def by_last_time(sessions: Sessions) -> Sessions:
    """Return sessions in the order of their last events; those without any come first."""
    if sessions.times is None:
        return sessions
    last = np.full(len(sessions), -np.inf)
    has_events = sessions.lengths() > 0
    last[has_events] = sessions.times[sessions.indptr[1:][has_events] - 1]
    return sessions.take(np.argsort(last, kind="stable"))
