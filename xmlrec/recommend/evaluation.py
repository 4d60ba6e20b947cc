"""What a recommender's answers are worth: how high the next item is, and what lists are like.

Everything is measured on rankings of the whole catalog, never against sampled items. Figures are in
percent, as those of `xmlrec evaluate`, but for counts and for those that `by_query` and
`evaluate_ranking` name otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from xmlrec.metrics.bootstrap import grouped_intervals
from xmlrec.metrics.item_lists import catalog_coverage, gini, list_novelty, list_popularity
from xmlrec.metrics.next_item import next_item_scores, target_ranks
from xmlrec.recommend.item_paths import DoubleArray, ItemPaths, list_diversity
from xmlrec.recommend.reranking import list_divergence
from xmlrec.recommend.sessions import IntArray, LongArray, Sessions

BoolArray = npt.NDArray[np.bool_]

K = 20
"""How many places of a list are looked at for what the list is like."""

N_SHORT = 2
"""A session of so many items, or fewer, is short."""

N_RARE = 5
"""An item with so many training events, or fewer, is rare; one without any is cold."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answers:
    """What was recommended to sessions, and what came next.

    Attributes
    ----------
    items : int32 array, shape (n_queries, k)
        Recommended items, best first, padded with -1; k should be 20 or more.
    targets : int32 array, shape (n_queries,)
        The next item, -1 for one that is not in the catalog.
    sessions : int array, shape (n_queries,)
        The session that each query is part of; intervals draw whole sessions.
    lengths : int array, shape (n_queries,)
        How many items of the session were known before the target.
    ranks : int array, shape (n_queries,), optional
        The rank of the target among all items, see `xmlrec.metrics.next_item`; by default that
        in ``items``.
    n_candidates : int array, shape (n_queries,), optional
        How many items were scored.
    has_target : bool array, shape (n_queries,), optional
        Whether the target was among these.

    Raises
    ------
    ValueError
        If there is no query, or an array does not have one value a query.
    """

    items: IntArray
    targets: IntArray
    sessions: LongArray
    lengths: LongArray
    ranks: IntArray | None = None
    n_candidates: LongArray | None = None
    has_target: BoolArray | None = None

    def __post_init__(self) -> None:
        if self.items.ndim != 2 or not len(self.items):
            raise ValueError(f"items must be (n_queries, k), at least 1, got {self.items.shape}")
        per_query = ("targets", "sessions", "lengths", "ranks", "n_candidates", "has_target")
        for name in per_query:
            value = getattr(self, name)
            if value is not None and value.shape != self.items.shape[:1]:
                raise ValueError(
                    f"{name} must have one value a query, {len(self.items)}, got {value.shape}"
                )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Training:
    """How often training sessions had each item, and where items stand.

    Attributes
    ----------
    n_events, n_sessions_with : int64 array, shape (n_items,)
        Events of the item, and sessions that have it.
    n_sessions : int
    paths : ItemPaths
    """

    n_events: LongArray
    n_sessions_with: LongArray
    n_sessions: int
    paths: ItemPaths

    @classmethod
    def of(cls, sessions: Sessions, paths: ItemPaths) -> Self:
        """Count the items of training sessions."""
        ones, n_items = np.ones(len(sessions.items), dtype=np.int8), paths.n_items
        once = sp.csr_array(
            (ones, sessions.items, sessions.indptr), shape=(len(sessions), n_items), copy=True
        )
        once.sum_duplicates()
        return cls(
            n_events=np.bincount(sessions.items, minlength=n_items),
            n_sessions_with=np.bincount(once.indices, minlength=n_items),
            n_sessions=len(sessions),
            paths=paths,
        )


class Difference(NamedTuple):
    """The mean by which one recommender is above another, and its 95 % interval."""

    mean: float
    low: float
    high: float


def evaluate_ranking(
    answers: Answers,
    training: Training,
    *,
    profiles: sp.csr_array | None = None,
    level: int | None = None,
) -> dict[str, float]:
    """Return every figure of a recommender, in a fixed order.

    Parameters
    ----------
    answers, training
        See there.
    profiles : csr_array, shape (n_queries, n_nodes), optional
        How the known items of each query divide among the categories of ``level``, see
        `ItemPaths.profiles`.

    Returns
    -------
    dict of str to float
        ``n_queries``; ``n_without_answer``, queries with an empty list; ``n_unknown_targets``, next
        items that are not in the catalog; ``n_<slice>``, the queries of each of `slices`; the means
        of `by_query`, without those that no query has a part in; ``coverage@20`` in percent, and
        ``gini@20``, 0 to 1. With candidates ``candidate_share``, the mean share of the catalog that
        was scored, 0 to 1, and ``candidate_recall``, the percentage of targets among them.
    """
    lists, n_items = answers.items[:, :K], training.paths.n_items
    figures: dict[str, float] = {
        "n_queries": len(answers.items),
        "n_without_answer": int((lists < 0).all(axis=1).sum()),
        "n_unknown_targets": int((answers.targets < 0).sum()),
        **{f"n_{name}": int(rows.sum()) for name, rows in slices(answers, training).items()},
    }
    values = by_query(answers, training, profiles=profiles, level=level)
    figures |= {name: float(np.nanmean(of)) for name, of in values.items() if has_any(of)}
    figures["coverage@20"] = catalog_coverage(lists, n_items)
    if (lists >= 0).any() and n_items > 1:
        figures["gini@20"] = gini(lists, n_items)
    if answers.n_candidates is not None:
        figures["candidate_share"] = float(answers.n_candidates.mean()) / n_items
    if answers.has_target is not None:
        figures["candidate_recall"] = 100.0 * float(answers.has_target.mean())
    return figures


def by_query(
    answers: Answers,
    training: Training,
    *,
    profiles: sp.csr_array | None = None,
    level: int | None = None,
) -> dict[str, DoubleArray]:
    """Return the figures that are means over queries, shape (n_queries,) each, NaN for no part.

    ``hr@5 hr@10 hr@20 mrr@20 ndcg@10`` in percent, and ``<slice>_hr@20 <slice>_mrr@20`` for each
    of `slices`; ``novelty@20`` in bits; ``popularity_share@20``, 0 to 1; ``diversity@20``, the
    mean distance of two items of a list, 0 to 1; with ``profiles`` ``calibration_kl@20`` in nats.
    """
    lists = answers.items[:, :K]
    ranks = target_ranks(answers.items, answers.targets) if answers.ranks is None else answers.ranks
    values = next_item_scores(ranks)
    counts = training.n_sessions_with, training.n_sessions
    of_slices = {
        f"{name}_{metric}": np.where(rows, values[metric], np.nan)
        for name, rows in slices(answers, training).items()
        for metric in ("hr@20", "mrr@20")
    }
    values["novelty@20"] = list_novelty(lists, *counts)
    values["popularity_share@20"] = list_popularity(lists, *counts)
    values["diversity@20"] = list_diversity(lists, training.paths)
    if profiles is not None:
        of_lists = list_divergence(lists, training.paths, profiles, level=level)
        values["calibration_kl@20"] = of_lists
    return values | of_slices


def slices(answers: Answers, training: Training) -> dict[str, BoolArray]:
    """Return which queries are in each slice; they may overlap.

    ``short``: 1 or 2 items are known of the session; ``rare``: the target has 1 to 5 training
    events; ``cold``: it has none; ``several_paths``: it has more than one.
    """
    is_known, targets = answers.targets >= 0, np.maximum(answers.targets, 0)
    n_events = training.n_events[targets]
    return {
        "short": (answers.lengths >= 1) & (answers.lengths <= N_SHORT),
        "rare": is_known & (n_events >= 1) & (n_events <= N_RARE),
        "cold": is_known & (n_events == 0),
        "several_paths": is_known & (training.paths.n_paths()[targets] > 1),
    }


def intervals(
    values: Mapping[str, DoubleArray], sessions: LongArray
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of the mean of each figure of `by_query`, by session."""
    ends = grouped_intervals(np.column_stack(list(values.values())), sessions)
    return {
        name: (float(low), float(high))
        for (name, of), (low, high) in zip(values.items(), ends, strict=True)
        if has_any(of)
    }


def paired_differences(
    first: Mapping[str, DoubleArray], second: Mapping[str, DoubleArray], sessions: LongArray
) -> dict[str, Difference]:
    """Return by how much ``first`` is above ``second``, of the same queries in the same order.

    The figures of `by_query` that both have; a query without a part in one of them is left out.
    """
    gaps = {name: first[name] - second[name] for name in first if name in second}
    return {
        name: Difference(float(np.nanmean(gaps[name])), *ends)
        for name, ends in intervals(gaps, sessions).items()
    }


def has_any(values: DoubleArray) -> bool:
    """Return whether a query has a part in a figure."""
    return not bool(np.isnan(values).all())
