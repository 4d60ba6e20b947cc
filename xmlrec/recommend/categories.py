"""The next category of a session, as probabilities.

The forecast is a mixture of simple ones, whose shares maximise the likelihood of held-out
sessions (expectation-maximisation; Dempster, Laird and Rubin, J. R. Stat. Soc. B 1977, section
4.3); each level is then made as sure as it should be, see `xmlrec.recommend.level_tree`. It is
over the ends of paths: a category's probability is the sum of what ends in it or below it, so
that levels agree with each other.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees.parallel import count_threads, thread_map
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.kernels.forecast import forecast_rows
from xmlrec.recommend.level_tree import PLAIN, LevelTree
from xmlrec.recommend.sessions import Sessions

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
DoubleArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]

COMPONENTS = ("last step", "earlier steps", "own", "neighbours", "rules", "popular")
WITH_MODEL = (*COMPONENTS, "model")

N_STEPS = 200
"""Of a category that are kept, the likeliest."""

N_ROUNDS = 100
ROWS_PER_JOB = 256


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CategoryForecast:
    """How sessions go on, category by category.

    Attributes
    ----------
    ends : int32 array, shape (n_ends,)
        The categories, as columns of the taxonomy, in which items end.
    masses : csr_array of float32, shape (n_items, n_ends)
        How an item divides among them; rows add up to 1, or are empty.
    steps : csr_array of float32, shape (n_ends, n_ends)
        Where sessions went from a category; rows add up to 1, or are empty.
    popularity : float32 array, shape (n_ends,)
    above : csr_array of float32, shape (n_ends, n_nodes)
        P(an item of the end is in the category): 1 where the end lies in it, and less where items
        that end there have other paths too.
    shares : float64 array, shape (7,)
        Of `WITH_MODEL` in the mixture.
    levels : LevelTree
    shapes : float64 array, shape (n_levels, 3)
    """

    ends: IntArray
    masses: sp.csr_array
    steps: sp.csr_array
    popularity: FloatArray
    above: sp.csr_array
    shares: DoubleArray
    levels: LevelTree
    shapes: DoubleArray

    @classmethod
    def of(cls, items: ItemTable, rules: sp.csr_array, counts: DoubleArray) -> Self:
        """Return a forecast whose components have equal shares.

        Parameters
        ----------
        items : ItemTable
        rules : csr_array, shape (n_items, n_items)
            How often one item came after another.
        counts : float array, shape (n_items,)
            Events of each item.
        """
        ends = np.flatnonzero(np.diff(sp.csc_array(items.P).indptr)).astype(np.int32)
        masses = row_shares(sp.csr_array(items.P[:, ends]))
        steps = sp.csr_array(masses.T @ rules @ masses)
        popularity = np.asarray(counts @ masses, dtype=np.float64)
        n = len(COMPONENTS)
        levels = LevelTree(ends, items.taxonomy.primary_parents, items.taxonomy.depths)
        return cls(
            ends=ends,
            masses=masses,
            steps=row_shares(largest_entries(steps, N_STEPS)),
            popularity=(popularity / max(popularity.sum(), 1e-30)).astype(np.float32),
            above=memberships(items, ends, masses, counts),
            shares=np.append(np.full(n, 1.0 / n), 0.0),
            levels=levels,
            shapes=np.tile(PLAIN, (levels.n_levels, 1)),
        )

    def __call__(
        self,
        sessions: Sessions,
        neighbours: sp.csr_array,
        rules: sp.csr_array,
        model: FloatArray | None = None,
        *,
        n_threads: int | None = None,
    ) -> FloatArray:
        """Return float32 (n_sessions, n_ends); rows add up to 1.

        Parameters
        ----------
        neighbours, rules : csr_array, shape (n_sessions, n_items)
            Evidence for items.
        model : float32 array, shape (n_sessions, n_ends), optional
            The forecast of a session model.
        """
        shares = self.shares
        mixed = self._mix(sessions, neighbours, rules, shares[:-1], n_threads)
        if model is not None:
            mixed += np.float32(shares[-1]) * model
        return self.levels.shaped(mixed, self.shapes)

    def of_model(self, categories: FloatArray, end_nodes: IntArray) -> FloatArray:
        """Return a session model's forecast over its own ends as one over ``ends``."""
        out = np.zeros((len(categories), len(self.ends)), dtype=np.float32)
        places = np.searchsorted(self.ends, end_nodes)
        out[:, places] = categories
        return out

    @property
    def is_known(self) -> BoolArray:
        """Whether something ends in a category or below it, shape (n_nodes,)."""
        known: BoolArray = np.asarray(self.above.sum(axis=0)) > 0
        return known

    def nodes(self, forecast: FloatArray) -> FloatArray:
        """Return float32 (n_sessions, n_nodes): the probability of every category."""
        return np.asarray(forecast @ self.above, dtype=np.float32)

    def extended(self, items: ItemTable) -> Self:
        """Return it for a table that has more items, and categories, after its own.

        An item that ends where none did before ends in the nearest end above, if there is one.
        """
        n_before, n_nodes = self.masses.shape[0], len(items.taxonomy)
        column = np.full(n_nodes + 1, -1, dtype=np.int64)  # the last one stands above the roots
        column[self.ends] = np.arange(len(self.ends))
        parents = items.taxonomy.primary_parents
        for node in np.argsort(items.taxonomy.depths, kind="stable"):
            if column[node] < 0:
                column[node] = column[parents[node]]
        added = sp.coo_array(items.P[n_before:])
        is_known = column[added.col] >= 0
        entries = added.data[is_known], (added.row[is_known], column[added.col[is_known]])
        shape = len(items) - n_before, len(self.ends)
        masses = sp.vstack([self.masses, row_shares(sp.csr_array(entries, shape=shape))])
        above = sp.csr_array(self.above, copy=True)
        above.resize((len(self.ends), n_nodes))
        return replace(self, masses=as_kernel(sp.csr_array(masses)), above=as_kernel(above))

    def fitted(
        self,
        sessions: Sessions,
        targets: IntArray,
        neighbours: sp.csr_array,
        rules: sp.csr_array,
        model: FloatArray | None = None,
    ) -> Self:
        """Return the forecast with shares and shapes that fit what came next.

        Parameters
        ----------
        targets : int32 array, shape (n_sessions,)
            The next item of each session; those without a category say nothing.
        """
        truth = sp.csr_array(self.masses[targets])
        n = len(COMPONENTS)
        parts = [self._mix(sessions, neighbours, rules, one, None) for one in np.eye(n)]
        parts += [] if model is None else [model]
        likelihoods = np.stack([np.asarray(truth.multiply(part).sum(axis=1)) for part in parts], 1)
        has_category = np.diff(truth.indptr) > 0
        shares = mixture_shares(likelihoods[has_category])
        mixed = sum(np.float32(share) * part for share, part in zip(shares, parts, strict=True))
        shares = np.append(shares, np.zeros(len(WITH_MODEL) - len(shares)))
        known = sp.csr_array(truth[has_category])
        shapes = self.levels.fitted(np.asarray(mixed)[has_category], known)
        return replace(self, shares=shares, shapes=shapes)

    def _mix(
        self,
        sessions: Sessions,
        neighbours: sp.csr_array,
        rules: sp.csr_array,
        shares: DoubleArray,
        n_threads: int | None,
    ) -> FloatArray:
        out = np.empty((len(sessions), len(self.ends)), dtype=np.float32)
        arguments = (
            (sessions.indptr, sessions.items),
            triple(neighbours),
            triple(rules),
            triple(self.masses),
            triple(self.steps),
            self.popularity,
            shares,
        )

        def fill(lo: int) -> None:
            forecast_rows(*arguments, lo, min(lo + ROWS_PER_JOB, len(sessions)), out)

        thread_map(fill, range(0, len(sessions), ROWS_PER_JOB), count_threads(n_threads))
        return out


def memberships(
    items: ItemTable, ends: IntArray, masses: sp.csr_array, counts: DoubleArray
) -> sp.csr_array:
    """Return how likely an item of each end is in each category, (n_ends, n_nodes).

    Items count by their events; one event more is of an item with that path alone.
    """
    own = sp.csr_array(items.taxonomy.ancestor_matrix()[ends])
    weighted = sp.csr_array(sp.diags_array(counts) @ masses).T
    totals = np.asarray(weighted.sum(axis=1)) + 1.0
    return as_kernel(sp.diags_array(1.0 / totals) @ sp.csr_array(weighted @ items.nodes() + own))


def mixture_shares(likelihoods: DoubleArray) -> DoubleArray:
    """Return the shares (n_components,) of the likeliest mixture of ``likelihoods`` (n, ...)."""
    shares = np.full(likelihoods.shape[1], 1.0 / likelihoods.shape[1])
    likelihoods = likelihoods[likelihoods.sum(axis=1) > 0]
    if not len(likelihoods):
        return shares
    for _ in range(N_ROUNDS):
        joint = likelihoods * shares
        shares = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def row_shares(matrix: sp.csr_array) -> sp.csr_array:
    """Return a matrix whose rows add up to 1, or are empty, as kernels take it."""
    matrix = as_kernel(matrix)
    totals = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    matrix.data = (matrix.data / np.repeat(totals, np.diff(matrix.indptr))).astype(np.float32)
    return matrix


def largest_entries(matrix: sp.csr_array, n: int) -> sp.csr_array:
    """Return a matrix with the ``n`` largest entries of each row, of equal ones the first.

    ``n`` is at least 1.
    """
    kept = [
        lo + largest(matrix.data[lo:hi], matrix.indices[lo:hi], n)
        for lo, hi in pairwise(matrix.indptr.tolist())
    ]
    rows = np.repeat(np.arange(len(kept)), [len(of_row) for of_row in kept])
    places = np.concatenate([np.zeros(0, dtype=np.int64), *kept])
    entries = matrix.data[places], (rows, matrix.indices[places])
    return sp.csr_array(entries, shape=matrix.shape)


def largest(values: FloatArray, columns: IntArray, n: int) -> LongArray:
    """Return the places of the ``n`` largest values; of equal ones those of the first columns.

    Rows may have an entry for nearly every item, which takes too long to sort.
    """
    if len(values) <= n:
        return np.arange(len(values))
    least = np.partition(values, -n)[-n]
    above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
    first = equal[np.argsort(columns[equal])][: n - len(above)]
    return np.concatenate([above, first])


def as_kernel(matrix: sp.csr_array) -> sp.csr_array:
    """Return a matrix with int64 ``indptr``, int32 ``indices`` and float32 ``data``."""
    matrix = sp.csr_array(matrix, dtype=np.float32, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.indptr = matrix.indptr.astype(np.int64)
    matrix.indices = matrix.indices.astype(np.int32)
    return matrix


def triple(matrix: sp.csr_array) -> tuple[Any, Any, Any]:
    """Return the arrays of a matrix as kernels take them, copied only if need be."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float32, copy=False),
    )
