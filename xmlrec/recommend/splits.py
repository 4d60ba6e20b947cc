"""What is learned from and what is predicted: splits by place, by order and by time; queries.

A query asks for an event of a session by the events before it; it never sees what comes later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from xmlrec.errors import OptionError
from xmlrec.recommend.sessions import Sessions

IntArray = np.ndarray[Any, np.dtype[np.int32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]

Protocol = Literal["every-prefix", "next", "last"]
"""Which events of a session are asked for: each one, the first that may be, or the last."""

CHUNK_EVENTS = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Queries:
    """Prefixes of sessions and what came next, without a copy of any prefix.

    Attributes
    ----------
    sessions : Sessions
        Whole ones.
    rows : int64 array, shape (n_queries,)
        The session of each query.
    lengths : int64 array, shape (n_queries,)
        How many of its events are known, 1 at least.
    targets : int32 array, shape (n_queries,)
        The item that came next.
    """

    sessions: Sessions
    rows: LongArray
    lengths: LongArray
    targets: IntArray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, queries: LongArray) -> Self:
        """Return some of the queries, in that order."""
        return type(self)(
            sessions=self.sessions,
            rows=self.rows[queries],
            lengths=self.lengths[queries],
            targets=self.targets[queries],
        )

    def prefixes(self, *, max_length: int | None = None) -> Sessions:
        """Return the events known to each query as sessions, at most the last ``max_length``."""
        stops = self.sessions.indptr[self.rows] + self.lengths
        return self.sessions.cut(self.rows, stops - self._kept(max_length), stops)

    def chunks(
        self, *, max_length: int | None = None, n_events: int = CHUNK_EVENTS
    ) -> Iterator[tuple[slice, Sessions]]:
        """Yield the queries and their prefixes in chunks of about ``n_events`` events.

        So each prefix of a session of 10,000 events can be asked, 50 million events in all.
        """
        ends = np.cumsum(self._kept(max_length))
        start = 0
        while start < len(self):
            before = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, before + n_events, side="right"))
            chunk = slice(start, max(stop, start + 1))
            yield chunk, self.take(np.arange(len(self))[chunk]).prefixes(max_length=max_length)
            start = chunk.stop

    def _kept(self, max_length: int | None) -> LongArray:
        return self.lengths if max_length is None else np.minimum(self.lengths, max_length)


def queries(
    sessions: Sessions, protocol: Protocol = "every-prefix", *, first: LongArray | None = None
) -> Queries:
    """Return the queries of sessions, session by session in the order of events.

    Parameters
    ----------
    protocol : "every-prefix", "next" or "last"
    first : int array, shape (n_sessions,), optional
        The place in each session of the first event that may be asked for; it is never the first
        event of all, before which nothing is known. So a session of one event gives no query.
    """
    lengths = sessions.lengths()
    first = np.ones_like(lengths) if first is None else np.maximum(first, 1)
    if protocol == "last":
        first = np.maximum(first, lengths - 1)
    n_asked = np.maximum(lengths - first, 0)
    if protocol == "next":
        n_asked = np.minimum(n_asked, 1)
    rows = np.repeat(np.arange(len(sessions)), n_asked)
    known = np.repeat(first - (np.cumsum(n_asked) - n_asked), n_asked) + np.arange(len(rows))
    targets = sessions.items[sessions.indptr[rows] + known]
    return Queries(sessions=sessions, rows=rows, lengths=known, targets=targets)


def leave_out(
    sessions: Sessions, n: int = 1, *, protocol: Protocol = "every-prefix"
) -> tuple[Sessions, Queries]:
    """Return sessions without their last ``n`` events, and queries for these.

    The first event of a session stays, so that one of a single event is learned from whole.

    Raises
    ------
    OptionError
        If ``n`` is less than 1.
    """
    if n < 1:
        raise OptionError("--leave-out", f"it must be at least 1, got {n}")
    lengths = sessions.lengths()
    stays = np.maximum(lengths - n, np.minimum(lengths, 1))
    return _heads(sessions, np.arange(len(sessions)), stays), queries(
        sessions, protocol, first=stays
    )


def by_time(
    sessions: Sessions, at: float, *, protocol: Protocol = "every-prefix"
) -> tuple[Sessions, Queries]:
    """Return the events before ``at``, and queries for those from then on.

    A query knows all events of its session before the one that it asks for. Sessions without an
    event before ``at`` are not learned from.

    Parameters
    ----------
    at : float
        Seconds since 1970.

    Raises
    ------
    OptionError
        If the events have no times.
    """
    if sessions.times is None:
        step = "give a column timestamp, or split another way"
        raise OptionError("split by time", "the events have no times", step)
    is_before = np.concatenate([[0], np.cumsum(sessions.times < at)])
    stays = is_before[sessions.indptr[1:]] - is_before[sessions.indptr[:-1]]
    rows = np.flatnonzero(stays)
    return _heads(sessions, rows, stays[rows]), queries(sessions, protocol, first=stays)


def tail(sessions: Sessions, share: float) -> tuple[Sessions, Sessions]:
    """Return all but the last sessions, and the last ones: ``share`` of all, rounded up.

    Sessions in the order of their last events, as `read_events` has them, are so split by time.

    Raises
    ------
    OptionError
        If ``share`` is not between 0 and 1, exclusive.
    """
    if not 0 < share < 1:
        raise OptionError("share", f"it must be between 0 and 1, exclusive, got {share}")
    n_first = len(sessions) - int(np.ceil(share * len(sessions)))
    rows = np.arange(len(sessions))
    return sessions.take(rows[:n_first]), sessions.take(rows[n_first:])


def _heads(sessions: Sessions, rows: LongArray, lengths: LongArray) -> Sessions:
    """Return the first events of sessions."""
    starts = sessions.indptr[rows]
    return sessions.cut(rows, starts, starts + lengths)
