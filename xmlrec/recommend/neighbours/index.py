"""Sessions like the current one, and the items that came next in them.

Vector session neighbours with the factors of STAN (Garg et al., SIGIR 2019) over those of V-SKNN
(Ludewig and Jannach, UMUAI 2018): recent items count more in the similarity, and items near the
common one more in the suggestion. Sequential rules are those of the latter. Nothing is trained.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp

from label_trees.checks import read_only
from label_trees.parallel import count_threads, thread_map
from xmlrec.recommend.neighbours.building import NeighbourArrays, build_arrays
from xmlrec.recommend.neighbours.explaining import NeighbourExplanation, SessionTerms
from xmlrec.recommend.neighbours.kernels import evidence_rows
from xmlrec.recommend.neighbours.saving import read_arrays, write_arrays
from xmlrec.recommend.neighbours.settings import NeighbourSettings
from xmlrec.recommend.neighbours.tables import build_tables
from xmlrec.recommend.sessions import Sessions

IntArray = np.ndarray[Any, np.dtype[np.int32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]
Float64Array = np.ndarray[Any, np.dtype[np.float64]]
Rows = tuple[np.ndarray[Any, np.dtype[np.int64]], IntArray, np.ndarray[Any, np.dtype[np.float32]]]

ROWS_PER_JOB = 256


class Scratch(NamedTuple):
    """Work space of one thread: too large to be made anew for every request."""

    slots: IntArray
    scores: Float64Array
    touched: IntArray


class NeighbourIndex:
    """Training sessions by item, with the rules of which item follows which.

    Several threads may use one index at once. What it answers for a session depends neither on the
    sessions beside it nor on the number of threads.

    Parameters
    ----------
    arrays : NeighbourArrays
        Read-only, in memory or mapped from files.
    settings : NeighbourSettings

    See Also
    --------
    fit : makes one of sessions.
    read : opens a saved one.
    """

    def __init__(self, arrays: NeighbourArrays, settings: NeighbourSettings) -> None:
        self.arrays, self.settings = arrays, settings
        self.tables = build_tables(arrays, settings)
        self._free: list[Scratch] = []

    @classmethod
    def fit(
        cls, sessions: Sessions, n_items: int, settings: NeighbourSettings | None = None
    ) -> Self:
        """Index ``sessions``; later ones are newer, by the times of their last events if given.

        Parameters
        ----------
        n_items : int
            Above every item in ``sessions``.
        settings : NeighbourSettings, optional
            Those of `fit_settings`, say; `with_settings` changes them later at no cost.

        Raises
        ------
        ValueError
            If an item is not in ``0 .. n_items - 1``.
        """
        items = sessions.items
        if items.size and not 0 <= items.min() <= items.max() < n_items:
            raise ValueError(
                f"items must be in 0 .. {n_items - 1}, got {items.min()} .. {items.max()}"
            )
        return cls(build_arrays(sessions, n_items), settings or NeighbourSettings())

    @property
    def n_items(self) -> int:
        """Items there were when the index was made."""
        return len(self.arrays.item_indptr) - 1

    @property
    def n_sessions(self) -> int:
        """Sessions of the index, none of them empty."""
        return len(self.arrays.indptr) - 1

    def sessions_with(self, n_items: int) -> LongArray:
        """Return how many sessions have each item, int64 (n_items,); more items than known: 0."""
        counts = np.diff(self.arrays.item_indptr)
        return np.pad(counts, (0, n_items - len(counts)))

    def with_settings(self, settings: NeighbourSettings) -> Self:
        """Return an index of the same sessions with other settings; nothing is copied."""
        return type(self)(self.arrays, settings)

    def evidence(self, sessions: Sessions, *, n_threads: int | None = None) -> sp.csr_array:
        """Return what neighbours and rules suggest to each session.

        Parameters
        ----------
        sessions : Sessions
            Items that the index does not know, those outside ``0 .. n_items - 1`` too, are passed
            over as if they were not there. Of a long session the last events count.
        n_threads : int, optional
            All processors by default.

        Returns
        -------
        csr_array of float32, shape (n_sessions, n_items)
            Rows add up to 1, with the share ``rules_share`` from rules; one without a known item
            is empty. Items of the session itself are among them.
        """
        return self._rows(sessions, self.settings.rules_share, n_threads)

    def rules(self, sessions: Sessions, *, n_threads: int | None = None) -> sp.csr_array:
        """Return the part of sequential rules alone, as `evidence` does; rows add up to 1."""
        return self._rows(sessions, 1.0, n_threads)

    def explain(
        self, session: Sessions, items: Sequence[int] | IntArray, *, n_neighbours: int = 5
    ) -> list[NeighbourExplanation]:
        """Return where the evidence of each of ``items`` comes from.

        Parameters
        ----------
        session : Sessions
            One session.
        n_neighbours : int
            How many neighbours are named, those with the largest shares.

        Raises
        ------
        ValueError
            If there is not exactly one session.
        """
        if len(session) != 1:
            raise ValueError(f"one session can be explained at a time, got {len(session)}")
        scratch = self._take_scratch()
        terms = SessionTerms(self.arrays, self.tables, self.settings, session, scratch.slots)
        self._free.append(scratch)
        return [terms.explain(int(item), n_neighbours) for item in items]

    def write(self, folder: Path) -> None:
        """Write the index into ``folder`` as `.npy` files and a JSON file."""
        write_arrays(self.arrays, self.settings, folder)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Open what `write` wrote; arrays stay on disk until they are used.

        Raises
        ------
        ModelError
            If a file is missing, damaged, of another format, or does not fit the rest.
        """
        return cls(*read_arrays(folder))

    def _rows(self, sessions: Sessions, rules_share: float, n_threads: int | None) -> sp.csr_array:
        fill = partial(self._fill, sessions, rules_share)
        starts = range(0, max(len(sessions), 1), ROWS_PER_JOB)
        parts = thread_map(fill, starts, count_threads(n_threads))
        counts, items, shares = (
            np.concatenate(part) if len(parts) > 1 else part[0] for part in zip(*parts, strict=True)
        )
        indptr = np.concatenate([[0], np.cumsum(counts)])
        return sp.csr_array((shares, items, indptr), shape=(len(sessions), self.n_items))

    def _fill(self, sessions: Sessions, rules_share: float, start: int) -> Rows:
        settings, scratch = self.settings, self._take_scratch()
        rows: Rows = evidence_rows(
            read_only(sessions.indptr),
            read_only(sessions.items),
            read_only(sessions.weights),
            self.arrays,
            self.tables,
            (settings.n_recent, settings.n_neighbours, float(settings.sharpness)),
            float(rules_share),
            start,
            min(start + ROWS_PER_JOB, len(sessions)),
            *scratch,
        )
        self._free.append(scratch)
        return rows

    def _take_scratch(self) -> Scratch:
        try:
            return self._free.pop()  # one step, so that no other thread gets the same
        except IndexError:
            return Scratch(
                np.zeros(self.n_sessions, dtype=np.int32),
                np.zeros(self.n_items, dtype=np.float64),
                np.empty(self.n_items, dtype=np.int32),
            )
