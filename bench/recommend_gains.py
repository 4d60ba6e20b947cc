"""What paths give: cut, flat, none or wrong; to items that nobody bought; true or predicted."""

from collections.abc import Mapping

import numpy as np

from bench.options import Options
from bench.recommend_cold import ColdGains, cold_gains, hide_items, random_hr, standard_error
from bench.recommend_metrics import gains
from bench.recommend_predicted import predict_once, with_predicted
from bench.recommend_sets import EventSet
from bench.recommend_variants import (
    NONE,
    fitted,
    has_texts,
    item_table,
    lists_of,
    path_variants,
    paths_of,
    sessions_of,
    tell,
)
from bench.table import Cell, Table
from xmlrec.recommend.evaluation import paired_differences
from xmlrec.recommend.neighbours import NeighbourSettings

MEASURES = ("HR@20", "MRR@20", "NDCG@10")
COLD_MEASURES = ("HR@20", "MRR@20")
BOTH, TEXT, PATH, NEITHER = "text and path", "text", "path", "neither"
LIKELIEST, SOFT = "text and predicted path, the likeliest", "text and predicted paths, likelihoods"
MIN_ERRORS = 2.0

Values = Mapping[str, np.ndarray]


def ablation_table() -> Table:
    of_measures = [column for name in MEASURES for column in (name, "over none", "from", "to")]
    notes = [
        "Percent; over none: less a catalog without paths, paired, with the 95 % interval over "
        "sessions. Neighbour settings are fitted once: they depend on no path.",
        "Shuffled: each item has the paths of another. Leaf only: each end of a path is a root.",
    ]
    return Table(
        "Paths of the catalog, preset fast", ("set", "texts", "paths", *of_measures), notes=notes
    )


def cold_table() -> Table:
    of_measures = [
        column for name in COLD_MEASURES for column in (f"{name} over text", "from", "to")
    ]
    columns = ("set", "items have", "hidden", "queries", *COLD_MEASURES, "times random")
    notes = [
        "10 % of the items, drawn anew for each seed, are hidden from training and ranked among "
        "themselves for the histories that end with one of them. Percent, over all seeds; times "
        "random of HR@20, to be at least 12 with text and path. Neither: in the catalog's order.",
    ]
    return Table("Cold items, preset fast", (*columns, *of_measures), notes=notes)


def classifier_table() -> Table:
    columns = (
        "set",
        "items have",
        "P@1",
        "measure",
        "value",
        "over text",
        "from",
        "to",
        "standard error",
        "% of the gain",
    )
    notes = [
        "Cold items as above. Paths of all items are predicted by the classifier, preset fast, "
        "each by one of 5 that did not see the item; the likeliest counts as given, or each path "
        "as it is likely. Percent of the gain of true paths, to be at least 67 with likelihoods.",
    ]
    return Table("The classifier's paths instead of true ones", columns, notes=notes)


def add_ablation(table: Table, event_set: EventSet, neighbours: NeighbourSettings) -> None:
    """Add a row for each variant of the paths, with texts and without."""
    split = event_set.final
    train, queries = sessions_of(split.train), sessions_of(split.queries)
    for with_texts in (True, False) if has_texts(event_set) else (False,):
        values: dict[str, Values] = {}
        for name, paths in path_variants(paths_of(event_set)).items():
            tell(event_set, f"paths: {name}{', with texts' if with_texts else ''}")
            items = item_table(event_set, paths, with_texts=with_texts)
            recommender = fitted(train, items, neighbours=neighbours)
            lists = lists_of(recommender, queries, may_repeat=event_set.may_repeat)
            values[name] = gains(lists, split.targets)
            cells = [
                cell
                for measure in MEASURES
                for cell in (
                    float(values[name][measure].mean()),
                    *gain(values, name, NONE, measure, split.sessions),
                )
            ]
            table.rows.append((event_set.name, "yes" if with_texts else "no", name, *cells))


def gain(
    values: Mapping[str, Values], name: str, base: str, measure: str, sessions: np.ndarray
) -> tuple[Cell, Cell, Cell]:
    """Return by how much a variant is above another, and the interval; nothing over itself."""
    if name == base:
        return None, None, None
    return paired_differences(
        {measure: values[name][measure]}, {measure: values[base][measure]}, sessions
    )[measure]


def add_cold(cold: Table, classifier: Table, event_set: EventSet, options: Options) -> None:
    """Add what items without events get, by what they have, and by where their paths are from."""
    true, none = paths_of(event_set), [[]] * len(event_set.catalog)
    items = item_table(event_set, true, with_texts=True)
    predicted = predict_once(event_set, items, fresh=options.fresh)
    found = cold_gains(
        event_set,
        {
            BOTH: items,
            TEXT: item_table(event_set, none, with_texts=True),
            PATH: item_table(event_set, true, with_texts=False),
            NEITHER: item_table(event_set, none, with_texts=False),
            LIKELIEST: with_predicted(items, predicted.likeliest()),
            SOFT: with_predicted(items, predicted.P),
        },
        n_seeds=options.n_seeds,
    )
    add_cold_rows(cold, event_set, found)
    add_classifier_rows(classifier, event_set, found, predicted.precision(items.P))


def add_cold_rows(table: Table, event_set: EventSet, found: ColdGains) -> None:
    hidden = hide_items(event_set, seed=0)
    for name in (BOTH, TEXT, PATH, NEITHER):
        means = [float(found.values[name][measure].mean()) for measure in COLD_MEASURES]
        over = [
            cell
            for measure in COLD_MEASURES
            for cell in gain(found.values, name, TEXT, measure, found.sessions)
        ]
        row = (
            event_set.name,
            name,
            len(hidden.hidden),
            len(found.sessions),
            *means,
            means[0] / random_hr(hidden),
            *over,
        )
        table.rows.append(row)


def add_classifier_rows(
    table: Table, event_set: EventSet, found: ColdGains, precision: float
) -> None:
    for measure in COLD_MEASURES:
        of_true = found.values[BOTH][measure] - found.values[TEXT][measure]
        true_gain, error = float(of_true.mean()), standard_error(of_true, found.sessions)
        is_sure = true_gain > MIN_ERRORS * error
        if not is_sure:
            table.notes.append(
                f"{event_set.name}: the {measure} that true paths gain, {true_gain:.2f}, is "
                f"not above {MIN_ERRORS:g} standard errors of {error:.2f}: no share of it is given."
            )
        for name in (BOTH, LIKELIEST, SOFT, TEXT):
            own = found.values[name][measure]
            over = own - found.values[TEXT][measure]
            has_gain = name != TEXT
            row = (
                event_set.name,
                name,
                precision if name in (LIKELIEST, SOFT) else None,
                measure,
                float(own.mean()),
                *gain(found.values, name, TEXT, measure, found.sessions),
                standard_error(over, found.sessions) if has_gain else None,
                100.0 * float(over.mean()) / true_gain if has_gain and is_sure else None,
            )
            table.rows.append(row)
