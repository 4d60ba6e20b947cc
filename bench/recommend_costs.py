"""What scoring only candidates costs and saves, how fast requests are, how true forecasts are."""

import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from statistics import median

import numpy as np

from bench.peers import THREADS
from bench.recommend_requests import all_items_ms, evidence_ms, p50_and_p99, recommend_ms
from bench.recommend_sets import EventSet, items_of
from bench.recommend_variants import sessions_of, tell
from bench.table import Table
from xmlrec.recommend import SessionRecommender, Sessions
from xmlrec.recommend.neighbours import NeighbourIndex
from xmlrec.recommend.neighbours.fitting import K, target_ranks

MAX_ECE = 3.0  # percent
N_COMPARED = 15_000  # queries at most: scoring all items takes long
LEVEL = "ece_level_"
N_AT_ONCE = 4_000

Figures = Mapping[str, float]


def candidates_table() -> Table:
    columns = (
        "set",
        "preset",
        "scored",
        "% of items",
        "% of targets",
        "HR@20",
        "% of all",
        "MRR@20",
        "% of all",
        "p50 ms",
        "p99 ms",
    )
    notes = [
        f"At most {N_COMPARED:,} queries, evenly spread.",
        "Percent of items: scored, mean over queries, to be at most 4. Percent of targets: among "
        "those scored. Percent of all: beside scoring all items, to be at least 99.",
        "Ms: single requests, one thread; for all items what `recommend` does with limits that let "
        "all through, without looking up ids.",
    ]
    return Table("Candidates: fitted ones beside all items", columns, notes=notes)


def speed_table() -> Table:
    columns = ("set", "what", "unit", "value", "to reach")
    notes = [f"One thread, but all of fitting has {THREADS}. Requests are of one session."]
    return Table("Speed of the preset fast, and its neighbours alone", columns, notes=notes)


def forecast_table() -> Table:
    columns = ("set", "preset", "level", "ECE", "to reach")
    notes = [
        "Expected calibration error of the probabilities of categories, in percent; test queries."
    ]
    return Table("Forecast of the next category", columns, notes=notes)


def evaluated(
    recommender: SessionRecommender, event_set: EventSet, *, all_items: bool = False
) -> Figures:
    """Return the figures of `SessionRecommender.evaluate`: each query is a session by itself."""
    split = event_set.final
    tell(event_set, f"{len(split.queries):,} queries, {'all items' if all_items else 'candidates'}")
    asked = [
        [*items_of(history), target]
        for history, target in zip(split.queries, split.targets.tolist(), strict=True)
    ]
    return recommender.evaluate(
        Sessions.of(asked),
        protocol="last",
        exclude_seen=not event_set.may_repeat,
        all_items=all_items,
    )


def add_candidates(table: Table, event_set: EventSet, recommender: SessionRecommender) -> None:
    """Add the row of fitted candidates and that of all items, for the same queries."""
    some = replace(event_set, final=event_set.final.thinned(N_COMPARED))
    fitted, of_all = (evaluated(recommender, some, all_items=which) for which in (False, True))
    tell(event_set, "single requests")
    rows = (
        ("candidates", fitted, recommend_ms(recommender, event_set)),
        ("all items", of_all, all_items_ms(recommender.parts, event_set)),
    )
    for name, own, times in rows:
        row = (
            event_set.name,
            recommender.settings.preset,
            name,
            100.0 * own["candidate_share"],
            own["candidate_recall"],
            own["hr@20"],
            100.0 * own["hr@20"] / of_all["hr@20"],
            own["mrr@20"],
            100.0 * own["mrr@20"] / of_all["mrr@20"],
            *p50_and_p99(times),
        )
        table.rows.append(row)


def add_speed(
    table: Table,
    event_set: EventSet,
    recommender: SessionRecommender,
    *,
    fit_s: float,
    n_repetitions: int,
) -> None:
    """Add what requests and fitting take; ``fit_s`` is that of the whole recommender."""
    tell(event_set, "speed")
    neighbours = p50_and_p99(evidence_ms(recommender.parts, event_set))
    whole = p50_and_p99(recommend_ms(recommender, event_set))
    train, n_items = sessions_of(event_set.final.train), len(event_set.item_ids)
    index_s = median(seconds_of_index(train, n_items) for _ in range(n_repetitions))
    hr, mrr = neighbours_alone(recommender, event_set)
    rows = (
        ("neighbours alone, HR@20", "%", hr, 51.7),
        ("neighbours alone, MRR@20", "%", mrr, 18.4),
        ("neighbours of a session, p50", "ms", neighbours[0], 1.0),
        ("neighbours of a session, p99", "ms", neighbours[1], 5.0),
        ("recommend, p50", "ms", whole[0], None),
        ("recommend, p99", "ms", whole[1], None),
        ("fitting, the index of neighbours", "s", index_s, 5.0),
        ("fitting, all of it", "s", fit_s, None),
    )
    table.rows += [(event_set.name, *row) for row in rows]


def neighbours_alone(recommender: SessionRecommender, event_set: EventSet) -> tuple[float, float]:
    """Return HR@20 and MRR@20 of ranking by the evidence of neighbours, ties to the lower item."""
    index, split, ranks = recommender.parts.neighbours, event_set.final, []
    for lo in range(0, len(split.queries), N_AT_ONCE):
        rows = [items_of(row) for row in islice(split.queries, lo, lo + N_AT_ONCE)]
        evidence, asked = index.evidence(Sessions.of(rows)), split.targets[lo : lo + N_AT_ONCE]
        ranks.append(target_ranks(evidence, asked))
    found = np.concatenate(ranks)
    reciprocal = np.where(found <= K, 1.0 / found, 0.0)
    return 100.0 * float((found <= K).mean()), 100.0 * float(reciprocal.mean())


def seconds_of_index(train: Sessions, n_items: int) -> float:
    start = time.perf_counter()
    NeighbourIndex.fit(train, n_items)
    return time.perf_counter() - start


def add_forecast(table: Table, event_set: EventSet, preset: str, figures: Figures) -> None:
    """Add a row a level."""
    for name, value in figures.items():
        if name.startswith(LEVEL):
            level = int(name.removeprefix(LEVEL))
            table.rows.append((event_set.name, preset, level, 100.0 * value, MAX_ECE))
