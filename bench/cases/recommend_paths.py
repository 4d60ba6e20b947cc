"""What category paths, candidates and the classifier give to recommendations, and what it takes.

On the sets of `bench.cases.recommend`, but within this process. Neither the paths nor anything else
is chosen on test queries.
"""

import time

from bench.datasets import DataMissingError
from bench.options import Options
from bench.recommend_costs import (
    add_candidates,
    add_forecast,
    add_speed,
    candidates_table,
    evaluated,
    forecast_table,
    speed_table,
)
from bench.recommend_gains import (
    ablation_table,
    add_ablation,
    add_cold,
    classifier_table,
    cold_table,
)
from bench.recommend_sets import EventSet, load_recommend_set
from bench.recommend_trial import common_items
from bench.recommend_variants import fitted, has_texts, item_table, paths_of, sessions_of, tell
from bench.table import Table

CLICKS, PURCHASES = "diginetica", "amazon-sports"
TRIAL_SET = "completejourney"  # for trial runs only
SETS = (CLICKS, PURCHASES)


def run(options: Options) -> list[Table]:
    """Return six tables: candidates, speed, paths, cold items, the classifier's paths, forecast."""
    tables = [
        make()
        for make in (
            candidates_table,
            speed_table,
            ablation_table,
            cold_table,
            classifier_table,
            forecast_table,
        )
    ]
    for name in options.chosen((*SETS, TRIAL_SET)) if options.sets else SETS:
        try:
            event_set = load_recommend_set(name)
            if name == TRIAL_SET:
                event_set = common_items(event_set)
        except DataMissingError as missing:
            tables[0].notes.append(f"Skipped {missing}.")
            continue
        measure(event_set, options, tables)
    return tables


def measure(event_set: EventSet, options: Options, tables: list[Table]) -> None:
    """Add the rows of a set: candidates and speed of clicks, cold items of those with texts."""
    candidates, speed, ablation, cold, classifier, forecast = tables
    train = sessions_of(event_set.final.train)
    items = item_table(event_set, paths_of(event_set), with_texts=True)
    neighbours = None
    for preset in ("fast", "accurate")[: 1 + options.accurate]:
        tell(event_set, f"fitting, {preset}")
        start = time.perf_counter()
        recommender = fitted(train, items, preset=preset, neighbours=neighbours)
        fit_s = time.perf_counter() - start
        add_forecast(forecast, event_set, preset, evaluated(recommender, event_set))
        if event_set.name != PURCHASES:
            add_candidates(candidates, event_set, recommender)
        if event_set.name != PURCHASES and neighbours is None:
            add_speed(
                speed, event_set, recommender, fit_s=fit_s, n_repetitions=options.n_repetitions
            )
        neighbours = recommender.parts.neighbours.settings
    add_ablation(ablation, event_set, neighbours)
    if has_texts(event_set):
        add_cold(cold, classifier, event_set, options)
