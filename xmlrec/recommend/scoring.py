"""What speaks for an item in a session, and what it counts: a weighted sum of features.

Features are logarithms of shares and probabilities, so that the sum is a log-linear model of the
next item (a conditional logit; McFadden, 1974): neighbours, rules, likeness of the text; whether
the item was in the session, whether it came last, and how popular it is; its share of what is
popular in the forecast categories and of what is in them, the forecast of the end of its path and
of each level, given the level above; and the session model's score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.categories import CategoryForecast, as_kernel, triple
from xmlrec.recommend.evidence import Evidence
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.kernels.candidates import (
    best_rows,
    dot_rows,
    fill_categories,
    fill_evidence,
    fill_repeats,
    find_candidates,
)
from xmlrec.recommend.sessions import Sessions

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
DoubleArray = np.ndarray[Any, np.dtype[np.float64]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
LongArray = np.ndarray[Any, np.dtype[np.int64]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]

SOURCES = ("neighbours", "rules", "text")
FLOORS = np.array([1e-3, 1e-3, -1.0])
"""What is added to a share of evidence before its logarithm; the text's likeness counts itself."""

CATEGORY_FLOORS = np.array([1e-5, 1e-6, 1e-4])
"""What is added to shares of what is popular in a category, and of what is in it, and to
probabilities of categories, likewise."""

OTHERS = ("seen", "last", "popular")
OF_CATEGORY = ("popular in category", "one of category", "level end")
MODEL = "model"
MAX_LEVELS = 6
"""Levels of a path that count by themselves; those below count with the end of the path."""

POPULAR = len(SOURCES) + OTHERS.index("popular")
"""The feature that counts alone where nothing is known of a session."""

N_POPULAR = 200
"""Items of a category that are looked at for candidates."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ItemFacts:
    """What is known of items for scoring, as kernels take it.

    Attributes
    ----------
    counts : float64 array, shape (n_items,)
        Events of each item; one without is cold.
    paths, ends : tuple
        Categories of items, and the ends of their paths, see `fill_categories`.
    log_popularity : float32 array, shape (n_items,)
    popular : tuple
        ``indptr, items``: the most popular items of each end.
    best : int32 array, shape (n_items,)
        All items, the most popular first, of equal ones the first.
    n_levels : int
    vectors : float32 array, shape (n_items, dim), or None
        The session model's.
    """

    counts: DoubleArray
    paths: tuple[Any, ...]
    ends: tuple[Any, ...]
    log_popularity: FloatArray
    popular: tuple[Any, Any]
    best: IntArray
    n_levels: int
    vectors: FloatArray | None = None

    @classmethod
    def of(
        cls,
        items: ItemTable,
        forecast: CategoryForecast,
        counts: DoubleArray,
        vectors: FloatArray | None = None,
    ) -> Self:
        """Collect the facts of items with ``counts`` (n_items,) events.

        Categories that the forecast does not know are left out.
        """
        depths = np.asarray(items.taxonomy.depths, dtype=np.int64)
        is_known = forecast.is_known
        n_levels = int(min(depths[is_known].max(initial=0), MAX_LEVELS))
        N = as_kernel(items.nodes() @ sp.diags_array(is_known.astype(np.float32)))
        counts = np.asarray(counts, dtype=np.float64)
        best = np.lexsort((np.arange(len(counts)), -counts)).astype(np.int32)
        blank = counts @ N / max(counts.sum(), 1.0)
        return cls(
            counts=counts,
            paths=(*triple(N), depths[N.indices], depths, blank),
            ends=(*triple(forecast.masses), *shares_of_ends(forecast.masses, counts)),
            log_popularity=np.log1p(counts).astype(np.float32),
            popular=popular_items(forecast.masses, best),
            best=best,
            n_levels=n_levels,
            vectors=vectors,
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features in their order."""
        levels = tuple([f"level {level}" for level in range(1, self.n_levels + 1)])
        return (
            *SOURCES,
            *OTHERS,
            *OF_CATEGORY,
            *levels,
            *(() if self.vectors is None else (MODEL,)),
        )

    def candidates(
        self,
        sessions: Sessions,
        evidence: Evidence,
        *,
        allowed: BoolArray,
        limits: "Limits",
        n_least: int,
    ) -> IntArray:
        """Return int32 (n_sessions, budget): items to be scored, padded with -1.

        Parameters
        ----------
        allowed : bool array, shape (n_items,)
        n_least : int
            There are at least so many, if so many are allowed.
        """
        n_items = len(self.counts)
        budget = min(max(limits.budget, n_least), n_items)
        n_least = budget if budget == n_items else n_least
        out = np.full((len(sessions), budget), -1, dtype=np.int32)
        find_candidates(
            (sessions.indptr, sessions.items),
            evidence.suggestions,
            evidence.forecast,
            self.popular,
            self.best,
            allowed,
            (limits.leaves_seen_out, limits.mass, n_least),
            0,
            len(sessions),
            out,
        )
        return out

    def features(self, sessions: Sessions, evidence: Evidence, candidates: IntArray) -> FloatArray:
        """Return float32 (n_sessions, budget, n_features); 0 where there is no candidate."""
        n_levels, n_sources, rows = self.n_levels, len(SOURCES), (0, len(sessions))
        out = np.zeros((*candidates.shape, len(self.feature_names)), dtype=np.float32)
        fill_evidence(evidence.sources, FLOORS, candidates, *rows, out[:, :, :n_sources])
        at = n_sources + len(OTHERS)
        fill_repeats(
            (sessions.indptr, sessions.items), candidates, *rows, out[:, :, n_sources : at - 1]
        )
        out[:, :, at - 1] = self.log_popularity[candidates] * (candidates >= 0)
        fill_categories(
            evidence.forecast,
            evidence.nodes,
            self.paths,
            self.ends,
            CATEGORY_FLOORS,
            candidates,
            *rows,
            out[:, :, at : at + len(OF_CATEGORY) + n_levels],
        )
        if self.vectors is not None and evidence.queries is not None:
            dot_rows(evidence.queries, self.vectors, candidates, *rows, out[:, :, -1])
        return out


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Which items of a session are scored.

    Attributes
    ----------
    budget : int
        At most so many; all that may be recommended if there are no more items.
    mass : float
        The categories that are looked into have this probability together.
    leaves_seen_out : bool
        Whether items of the session itself are left out.
    """

    budget: int
    mass: float
    leaves_seen_out: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Weights:
    """What features count.

    Attributes
    ----------
    warm : float64 array, shape (n_features,)
        For items with events.
    cold : float64 array, shape (n_features,)
        For items without; 0 for what such an item cannot have.
    cold_offset : float
        What brings scores of cold items level with those of warm ones.
    """

    warm: DoubleArray
    cold: DoubleArray
    cold_offset: float

    def terms(
        self, features: FloatArray, is_cold: BoolArray, *, is_empty: bool = False
    ) -> DoubleArray:
        """Return what each feature adds for candidates of one session, (n, n_features).

        Parameters
        ----------
        is_empty : bool
            Whether nothing is known of the session: then popularity alone counts.
        """
        weights = np.where(is_cold[:, None], self.cold, self.warm)
        if is_empty:
            weights = np.zeros_like(weights)
            weights[:, POPULAR] = 1.0
        return np.asarray(features * weights, dtype=np.float64)

    def score(self, features: FloatArray, is_cold: BoolArray, is_empty: BoolArray) -> DoubleArray:
        """Return float64 (n_sessions, budget): the sums of `terms`.

        Those of cold items have ``cold_offset`` beside, but not in a session that is empty.

        Parameters
        ----------
        is_cold : bool array, shape (n_sessions, budget)
        is_empty : bool array, shape (n_sessions,)
        """
        scores: DoubleArray = features @ self.warm
        if is_cold.any():
            scores[is_cold] = features[is_cold] @ self.cold + self.cold_offset
        if is_empty.any():
            scores[is_empty] = features[is_empty, :, POPULAR]
        return scores


def best_of(candidates: IntArray, scores: DoubleArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return the ``k`` best candidates of each row, padded with -1 and -inf."""
    items = np.full((len(candidates), k), -1, dtype=np.int32)
    best = np.full((len(candidates), k), -np.inf, dtype=np.float32)
    best_rows(candidates, scores, 0, len(candidates), items, best)
    return items, best


def shares_of_ends(masses: sp.csr_array, counts: DoubleArray) -> tuple[FloatArray, FloatArray]:
    """Return an item's share of the events in each of its ends, and of the items that have any.

    Items that are added later change neither. Both are as the entries of ``masses``.
    """
    n_items = len(counts)
    rows = np.repeat(np.arange(n_items), np.diff(masses.indptr))
    events, members = counts @ masses, (counts > 0) @ masses
    popular = counts[rows] / np.maximum(events[masses.indices], 1.0)
    equal = 1.0 / np.maximum(members[masses.indices], 1.0)
    return popular.astype(np.float32), equal.astype(np.float32)


def popular_items(masses: sp.csr_array, best: IntArray) -> tuple[Any, Any]:
    """Return ``indptr, items``: the `N_POPULAR` most popular items of each end, in their order."""
    by_end = sp.csr_array(masses[best].T)
    by_end.sort_indices()
    counts = np.diff(by_end.indptr)
    rank = np.arange(len(by_end.indices)) - np.repeat(by_end.indptr[:-1], counts)
    kept = rank < N_POPULAR
    indptr = np.concatenate([[0], np.cumsum(np.minimum(counts, N_POPULAR))]).astype(np.int64)
    return indptr, best[by_end.indices[kept]]


def is_feature(names: Sequence[str], wanted: Sequence[str]) -> BoolArray:
    """Return which of ``names`` are ``wanted`` or a level, if ``wanted`` has "level"."""
    return np.array([name in wanted or name.split(" ")[0] in wanted for name in names])
