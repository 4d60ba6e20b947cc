"""Where items stand in a taxonomy, as arrays: how far apart two of them are, what they belong to.

The distance of two nodes is ``1 - 2 * depth(LCA) / (depth + depth)``, one less the similarity of
Wu and Palmer (ACL 1994, section 4): 0 for the same node, 1 under different roots. Depths and
ancestors go along primary parents. That of two items is the least over their paths; an item without
a path shares nothing with any other, at a distance of 1.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees.parallel import count_threads, thread_map
from xmlrec.errors import OptionError
from xmlrec.metrics.paths import primary_paths
from xmlrec.recommend.kernels.lists import diversity_rows
from xmlrec.recommend.sessions import IntArray, LongArray, Sessions

DoubleArray = np.ndarray[Any, np.dtype[np.float64]]

MIN_SHARE_OF_BEST = 0.5
"""A path counts if it is at least this likely beside the item's likeliest: a classifier gives each
item a tail of unlikely paths, by which everything would be near everything."""

ROWS_PER_JOB = 1024


@dataclass(frozen=True, slots=True, eq=False)
class ItemPaths:
    """The paths of items; item ``i`` has the entries ``indptr[i]:indptr[i + 1]``.

    Attributes
    ----------
    indptr : int64 array, shape (n_items + 1,)
    ends : int32 array
        The last node of each path.
    shares : float64 array
        How much of the item each path has; those of an item add up to 1.
    paths : int32 array, shape (n_nodes, max_depth)
        The nodes from the root down to each node, then -1.
    depths : int64 array, shape (n_nodes,)
        1 for a root.
    """

    indptr: LongArray
    ends: IntArray
    shares: DoubleArray
    paths: IntArray
    depths: LongArray

    @classmethod
    def of(cls, P: sp.csr_array, *, primary_parents: IntArray, depths: IntArray) -> Self:
        """Return the likely paths of items.

        Parameters
        ----------
        P : csr_array, shape (n_items, n_nodes)
            Probability that an item ends in a node; 1 for each path that is given. Paths of less
            than half the probability of an item's likeliest are left out.
        primary_parents, depths : int array, shape (n_nodes,)
            See `xmlrec.metrics.paths.primary_paths`.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        table = primary_paths(primary_parents, depths, n_nodes=P.shape[1])
        P = sp.csr_array(P, dtype=np.float64, copy=True)
        P.sum_duplicates()
        rows = np.repeat(np.arange(P.shape[0]), np.diff(P.indptr))
        best = np.zeros(P.shape[0])
        np.maximum.at(best, rows, P.data)  # P.max refuses a taxonomy without nodes
        P.data[P.data < MIN_SHARE_OF_BEST * best[rows]] = 0
        P.eliminate_zeros()
        totals = np.repeat(P.sum(axis=1), np.diff(P.indptr))
        return cls(
            indptr=P.indptr.astype(np.int64),
            ends=P.indices.astype(np.int32),
            shares=P.data / totals,
            paths=np.ascontiguousarray(table[:, :-1].T, dtype=np.int32),
            depths=np.asarray(depths).astype(np.int64),
        )

    @property
    def n_items(self) -> int:
        """The number of items."""
        return len(self.indptr) - 1

    @property
    def tree(self) -> tuple[LongArray, IntArray, DoubleArray, IntArray, LongArray]:
        """All arrays, as kernels take them."""
        return self.indptr, self.ends, self.shares, self.paths, self.depths

    def n_paths(self) -> LongArray:
        """Return the number of paths of each item."""
        return np.diff(self.indptr)

    def at_level(self, level: int | None) -> IntArray:
        """Return int32 (n_nodes,): the ancestor of each node at ``level``, -1 for nodes above it.

        Level 1 has the roots; None stands for the last node of each path, whatever its depth.

        Raises
        ------
        OptionError
            If the taxonomy has no such level.
        """
        n_nodes, max_depth = self.paths.shape
        if level is None:
            return np.arange(n_nodes, dtype=np.int32)
        if not 1 <= level <= max_depth:
            problem = f"the taxonomy has no level {level}"
            raise OptionError("level", problem, f"name one of 1 to {max_depth}")
        return np.ascontiguousarray(self.paths[:, level - 1])

    def profiles(self, sessions: Sessions, level: int | None = None) -> sp.csr_array:
        """Return float64 (n_sessions, n_nodes): how sessions divide among the nodes of ``level``.

        Every event counts its weight. Rows add up to 1; one whose items have no category at that
        level is empty.
        """
        events = np.repeat(np.arange(len(sessions)), sessions.lengths())
        n_ends = self.n_paths()[sessions.items]
        starts = np.cumsum(n_ends) - n_ends
        places = np.repeat(self.indptr[sessions.items] - starts, n_ends) + np.arange(n_ends.sum())
        nodes = self.at_level(level)[self.ends[places]]
        shares = self.shares[places] * np.repeat(sessions.weights, n_ends)
        rows = np.repeat(events, n_ends)
        has_node = nodes >= 0
        entries = shares[has_node], (rows[has_node], nodes[has_node])
        profiles = sp.csr_array(entries, shape=(len(sessions), len(self.depths)))
        profiles.data /= np.repeat(profiles.sum(axis=1), np.diff(profiles.indptr))
        return profiles


def list_diversity(
    items: IntArray, paths: ItemPaths, *, n_threads: int | None = None
) -> DoubleArray:
    """Return the mean distance of two items of each list, 0 to 1, float64 of shape (n_rows,).

    Parameters
    ----------
    items : int32 array, shape (n_rows, k)
        Lists of items, padded with -1; one with fewer than two items gives NaN.
    """
    out = np.full(len(items), np.nan)

    def fill(lo: int) -> None:
        diversity_rows(items, paths.tree, lo, min(lo + ROWS_PER_JOB, len(items)), out)

    thread_map(fill, range(0, len(items), ROWS_PER_JOB), count_threads(n_threads))
    return out
