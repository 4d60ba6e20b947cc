"""Batches of windows of sessions: each event after a session's first is the target of one window.

A window holds one item more than the model reads; a long session has several, whose targets do not
overlap. A batch holds windows of about one length, so that little of it is padding.
"""

from collections.abc import Iterator

import numpy as np

from xmlrec.encode.batches import IntArray

SORTED_TOGETHER = 50
"""Batches whose windows are sorted by length: enough for equal lengths, few enough for chance."""


class Windows:
    """Epochs of batches; a batch depends on the arguments and on its own number only.

    Parameters
    ----------
    indptr, items : int array
        Sessions as rows of items; those of fewer than two events have no window.
    length : int
        Items that the model reads.
    batch_size : int
        Windows in a batch at most.
    seed : int

    Attributes
    ----------
    seen : int array
        Items that are in a window, rising.
    """

    def __init__(
        self, indptr: IntArray, items: IntArray, *, length: int, batch_size: int, seed: int
    ) -> None:
        n_of_session = -(-np.maximum(np.diff(indptr) - 1, 0) // length)
        first = np.cumsum(n_of_session) - n_of_session
        number = np.arange(n_of_session.sum()) - np.repeat(first, n_of_session)  # from the end
        ends = np.repeat(indptr[1:], n_of_session) - number * length
        self._starts = np.maximum(ends - length - 1, np.repeat(indptr[:-1], n_of_session))
        self._lengths = ends - self._starts
        self._items, self._batch_size, self._seed = items, batch_size, seed
        self.seen = np.unique(padded_rows(items, self._starts, self._lengths))
        self.seen = self.seen[self.seen >= 0]

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-len(self._starts) // self._batch_size)

    def epoch(self, number: int, *, start: int = 0) -> Iterator[IntArray]:
        """Yield the batches of an epoch from batch ``start`` on, see `padded_rows`."""
        rng = np.random.default_rng((self._seed, number))
        order = rng.permutation(self._starts.size)
        n_together = SORTED_TOGETHER * self._batch_size
        groups = [order[at : at + n_together] for at in range(0, order.size, n_together)]
        order = np.concatenate([rows[np.argsort(self._lengths[rows])] for rows in groups])
        for batch in rng.permutation(len(self))[start:].tolist():
            rows = order[batch * self._batch_size : (batch + 1) * self._batch_size]
            yield padded_rows(self._items, self._starts[rows], self._lengths[rows])


def padded_rows(items: IntArray, starts: IntArray, lengths: IntArray) -> IntArray:
    """Return ``items[start : start + length]`` as int64 rows, padded with -1 at their end."""
    steps = np.arange(lengths.max(initial=0))
    is_there = steps < lengths[:, np.newaxis]
    rows = np.full(is_there.shape, -1, dtype=np.int64)
    rows[is_there] = items[(starts[:, np.newaxis] + steps)[is_there]]
    return rows


def last_items(indptr: IntArray, items: IntArray, length: int) -> tuple[IntArray, IntArray]:
    """Return the last ``length`` items of each session, see `padded_rows`, and their number."""
    lengths = np.minimum(np.diff(indptr), length)
    return padded_rows(items, indptr[1:] - lengths, lengths), lengths
