"""One label more in a model of 10,000, on a catalog that is made up for it."""

import sys
import time
from collections.abc import Sequence
from itertools import product
from statistics import median

import numpy as np

from bench.catalogs import Catalog, make_catalog
from bench.datasets import TextSet
from bench.options import Options
from bench.peers import THREADS, K
from bench.table import Table
from xmlrec.models import RankerSettings
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import LabelFacts
from xmlrec.models.view import known_columns
from xmlrec.taxonomy.node import Node

N_LABELS, N_PARENTS, ROWS_A_LABEL = 10_000, 100, 2
N_ASKED, N_SINGLE_ROWS = 1_000, 100
SYLLABLES = [consonant + vowel for consonant, vowel in product("bdfgklmnprstvz", "aeiou")]
WORDS = ["".join(syllables) for syllables in product(SYLLABLES, repeat=2)]
COLUMNS = (
    "preset",
    "train s",
    "add ms",
    "first row ms",
    "one row ms",
    "before ms",
    "place of the new label",
    "rows without it",
    "changed",
)


def run(presets: Sequence[str], options: Options, *, n_labels: int = N_LABELS) -> Table:
    """Return one table: times to add a label and to rank with it."""
    table = Table(f"One label added to a model of {n_labels:,}, in memory", COLUMNS)
    texts, new_path = made_texts(n_labels)
    catalog = make_catalog(texts)
    for preset in presets:
        print(f"one label more: {preset}", file=sys.stderr, flush=True)
        settings = RankerSettings(preset=preset)
        start = time.perf_counter()
        ranker = TextRanker.fit(
            catalog.items, catalog.Y, catalog.known, settings, n_threads=THREADS
        )
        train_s = time.perf_counter() - start
        cells = measure(ranker, catalog, new_path, n_repetitions=options.n_repetitions)
        table.rows.append((preset, train_s, *cells))
    table.notes += [
        f"{len(catalog.items):,} made-up training rows. First row: the one that asks for the new "
        "label, by a ranker just made. One row, and before: p50 on one thread.",
        f"Rows without it: of {N_ASKED:,} those that do not have it in their first {K}.",
    ]
    return table


def made_texts(n_labels: int) -> tuple[TextSet, tuple[str, str]]:
    """Return rows of so many labels, and the path of one more that no row has.

    A title has a word of the label's name, that of its parent, and two of any.
    """
    rng = np.random.default_rng(0)
    names = rng.choice(len(WORDS) ** 2, n_labels + 1, replace=False)
    paths = [
        (WORDS[label % N_PARENTS], f"{WORDS[name // len(WORDS)]} {WORDS[name % len(WORDS)]}")
        for label, name in enumerate(names.tolist())
    ]

    def row(label: int) -> dict[str, object]:
        parent, name = paths[label]
        others = (WORDS[word] for word in rng.integers(len(WORDS), size=2))
        title = " ".join([name.split()[rng.integers(2)], parent, *others])
        return {"title": title, "description": "", "paths": [paths[label]]}

    train = [row(label) for label in range(n_labels) for _ in range(ROWS_A_LABEL)]
    test = [row(label) for label in rng.integers(n_labels, size=N_ASKED).tolist()]
    return TextSet("made up", train, test), paths[-1]


def measure(
    before: TextRanker, catalog: Catalog, new_path: tuple[str, str], *, n_repetitions: int
) -> tuple[float | int | None, ...]:
    """Return the cells of a row but for the preset and the time to train."""
    (parent, name), column = new_path, len(catalog.taxonomy)
    parent_id = catalog.taxonomy.ids[catalog.taxonomy.names.index(parent)]
    taxonomy = catalog.taxonomy.with_nodes([Node("new", name, (parent_id,))])
    known = known_columns(taxonomy, np.append(catalog.known.columns, np.int32(column)))
    facts, item = {column: LabelFacts(name, " ".join(new_path))}, {"title": name}
    before.with_labels(known, facts).rank([item], K, n_threads=1)  # loads the kernels
    add_ms, first_ms = [], []
    for _ in range(n_repetitions):
        start = time.perf_counter()
        after = before.with_labels(known, facts)
        added = time.perf_counter()
        labels, _ = after.rank([item], K, n_threads=1)
        first_ms.append(1e3 * (time.perf_counter() - added))
        add_ms.append(1e3 * (added - start))
    place = np.flatnonzero(labels[0] == column)
    return (
        median(add_ms),
        median(first_ms),
        *(one_row_ms(ranker, catalog) for ranker in (after, before)),
        int(place[0]) + 1 if place.size else None,
        *count_changed(before, after, catalog, column),
    )


def one_row_ms(ranker: TextRanker, catalog: Catalog) -> float:
    times = []
    for item in catalog.test_items[:N_SINGLE_ROWS]:
        start = time.perf_counter()
        ranker.rank([item], K, n_threads=1)
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def count_changed(
    before: TextRanker, after: TextRanker, catalog: Catalog, column: int
) -> tuple[int, int]:
    """Return how many rows do not find the new label, and how many of them rank otherwise."""
    (old, old_scores), (new, new_scores) = (
        ranker.rank(catalog.test_items, K, n_threads=THREADS) for ranker in (before, after)
    )
    is_without = (new != column).all(axis=1)
    is_same = (old == new).all(axis=1) & (old_scores == new_scores).all(axis=1)
    return int(is_without.sum()), int((is_without & ~is_same).sum())
