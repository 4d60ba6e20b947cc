"""Items that were never bought: hidden from training, and ranked among themselves.

A query is a history whose last item is hidden; some items of the history may be too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.recommend_metrics import gains
from bench.recommend_peers import K
from bench.recommend_sets import EventSet, Split
from bench.recommend_variants import fitted, lists_of, sessions_of, tell
from xmlrec.metrics.bootstrap import resamples
from xmlrec.recommend import ItemTable, SessionRecommender

HIDDEN_SHARE = 0.1


@dataclass(frozen=True)
class ColdSplit:
    """Training sessions without the hidden items, and the queries for these."""

    split: Split
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class ColdGains:
    """Each query's part in the figures by catalog and measure, over all seeds; its session."""

    values: Mapping[str, Mapping[str, np.ndarray]]
    sessions: np.ndarray


def hide_items(event_set: EventSet, *, seed: int) -> ColdSplit:
    """Hide a share of the catalog's items, drawn at random."""
    n_items, split = len(event_set.catalog), event_set.final
    drawn = np.random.default_rng(seed).permutation(n_items)[: round(HIDDEN_SHARE * n_items)]
    hidden = set(drawn.tolist())
    train = [[event for event in history if event[0] not in hidden] for history in split.train]
    asked = np.flatnonzero(np.isin(split.targets, drawn))
    return ColdSplit(
        Split(
            [history for history in train if history],
            [split.queries[query] for query in asked.tolist()],
            split.targets[asked],
            split.sessions[asked],
        ),
        tuple(event_set.item_ids[item] for item in sorted(hidden)),
    )


def random_hr(cold: ColdSplit) -> float:
    """Return HR@20 of a random order of the hidden items, in percent."""
    return 100.0 * min(K / len(cold.hidden), 1.0)


def cold_gains(event_set: EventSet, tables: Mapping[str, ItemTable], *, n_seeds: int) -> ColdGains:
    """Return what each catalog gets; all have the items of the set in its order."""
    colds = [hide_items(event_set, seed=seed) for seed in range(n_seeds)]
    runs = [dict(run_once(event_set, cold, tables)) for cold in colds]
    values = {
        name: {measure: np.concatenate([run[name][measure] for run in runs]) for measure in of_run}
        for name, of_run in runs[0].items()
    }
    return ColdGains(values, np.concatenate([cold.split.sessions for cold in colds]))


def run_once(
    event_set: EventSet, cold: ColdSplit, tables: Mapping[str, ItemTable]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield each query's part in the figures, by catalog; the neighbours are fitted once."""
    train, queries = sessions_of(cold.split.train), sessions_of(cold.split.queries)
    first: SessionRecommender | None = None
    for name, items in tables.items():
        tell(event_set, f"{len(cold.hidden):,} cold items: {name}")
        settings = None if first is None else first.parts.neighbours.settings
        recommender = fitted(train, items, neighbours=settings)
        first = first or recommender
        lists = lists_of(recommender, queries, may_repeat=False, available=cold.hidden)
        yield name, gains(lists, cold.split.targets)


def standard_error(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the standard deviation of the mean over bootstrap samples of whole groups."""
    _, numbers = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(numbers, weights=values), np.bincount(numbers)
    drawn = [(times @ sums) / (times @ sizes) for times in resamples(len(sizes))]
    return float(np.std(np.concatenate(drawn), ddof=1))
