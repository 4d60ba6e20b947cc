"""Sessions: rows of items in the order in which someone came to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

IntArray = np.ndarray[Any, np.dtype[np.int32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
TimeArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sessions:
    """Sessions as rows of item columns; a user's history is one long session.

    Attributes
    ----------
    ids : tuple of str, length n_sessions
    indptr : int64 array, shape (n_sessions + 1,)
        Session ``s`` has the events ``indptr[s]:indptr[s + 1]``; it may have none.
    items : int32 array, shape (n_events,)
        Columns of an `ItemTable`, in the order of time. An item may come again.
    weights : float32 array, shape (n_events,)
        What an event counts, above 0; 1 where a file does not say.
    times : float64 array, shape (n_events,), or None
        Seconds since 1970 in UTC; None where events have none, and their order is the file's.
    """

    ids: tuple[str, ...]
    indptr: LongArray
    items: IntArray
    weights: FloatArray
    times: TimeArray | None = None

    @classmethod
    def of(cls, rows: Sequence[Sequence[int] | IntArray], ids: Sequence[str] = ()) -> Self:
        """Return sessions of these rows of item columns; without ``ids`` they are numbered."""
        lengths = [len(row) for row in rows]
        items = np.fromiter((item for row in rows for item in row), np.int32, sum(lengths))
        return cls(
            ids=tuple(ids) or tuple(map(str, range(len(rows)))),
            indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            items=items,
            weights=np.ones(len(items), dtype=np.float32),
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def row(self, session: int) -> IntArray:
        """Return the item columns of a session."""
        return self.items[self.indptr[session] : self.indptr[session + 1]]

    def named(self, item_ids: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the id of each session, and those of its items; ``item_ids`` are by column."""
        items = self.items.tolist()
        for session, start, stop in zip(
            self.ids, self.indptr[:-1].tolist(), self.indptr[1:].tolist(), strict=True
        ):
            yield session, tuple([item_ids[item] for item in items[start:stop]])

    def lengths(self) -> LongArray:
        """Return the number of events of each session."""
        return np.diff(self.indptr)

    def take(self, rows: LongArray) -> Self:
        """Return the sessions ``rows``, in that order."""
        return self.cut(rows, self.indptr[rows], self.indptr[rows + 1])

    def cut(self, rows: LongArray, starts: LongArray, stops: LongArray) -> Self:
        """Return parts of the sessions ``rows``: their events ``starts`` to ``stops``.

        Parameters
        ----------
        rows : int array, shape (n,)
            A session may come again.
        starts, stops : int64 array, shape (n,)
            Places in ``items``; no event where they are equal.
        """
        lengths = stops - starts
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        events = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
        return type(self)(
            ids=tuple([self.ids[row] for row in rows.tolist()]),
            indptr=indptr,
            items=self.items[events],
            weights=self.weights[events],
            times=None if self.times is None else self.times[events],
        )
