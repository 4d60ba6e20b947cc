"""Accuracy beside the peers: the product on texts, the engine on matrices, and its training time.

1. Text sets: the command line, `train` then `evaluate`, beside each peer on plain TF-IDF.
2. Sparse sets: `LabelTreeClassifier` beside each peer on the same matrix, means over seeds.
3. One tree of ours beside one of PECOS: seconds to train, interleaved, each in a fresh process.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from bench.cases.presets import MUST
from bench.datasets import (
    SPARSE_SETS,
    TEXT_SETS,
    WORK,
    DataMissingError,
    Problem,
    load_sparse_set,
    load_text_set,
    plain_tfidf,
)
from bench.metrics import precision_at
from bench.options import PRESETS, Options
from bench.peers import (
    ENGINE,
    ENGINE_TREE,
    PECOS_TREE,
    PEERS,
    THREADS,
    Measurement,
    made,
    measure,
    measure_once,
)
from bench.product import CUTS, evaluate_product, train_product
from bench.table import Table

COLUMNS = ("set", "system", "P@1", "P@3", "P@5", "train s", "us a row", "model MB", "measured")
TRAINING_LINES = (
    ("train", "s", "train_s"),
    ("peak memory when trained", "MB", "peak_rss_mb"),
    ("of it before training", "MB", "loaded_rss_mb"),
    ("predict, a row of a batch", "us", "us_per_row"),
    ("model on disk", "MB", "model_mb"),
)


def run(options: Options) -> list[Table]:
    """Return the tables of the three parts; a part without a chosen data set has none."""
    tables: list[Table] = []
    if names := options.chosen(TEXT_SETS):
        tables += text_tables(names, options)
    if names := options.chosen(SPARSE_SETS):
        tables += sparse_tables(names, options)
    if names := options.chosen(("tate",)) or options.chosen(TEXT_SETS)[:1]:
        tables.append(training_table(names[0], options))
    return tables


def text_tables(names: tuple[str, ...], options: Options) -> list[Table]:
    """Measure the text sets: every system, then ours against the best peer."""
    every = Table("Text sets: title and description, all test rows", COLUMNS)
    best = Table(
        "Text sets: P@1 against the best peer",
        ("set", "preset", "ours", "best peer", "its P@1", "difference", "to reach"),
    )
    for name in names:
        try:
            problem = plain_tfidf(load_text_set(name))
        except DataMissingError as missing:
            every.notes.append(f"Skipped {missing}.")
            continue
        ours = {}
        for preset in PRESETS:
            ours[preset], train_s = run_product(name, preset)
            row = (name, f"xmlrec, {preset}", *ours[preset], train_s, None, None, today())
            every.rows.append(row)
        peers = add_peers(every, problem, n_seeds=1, options=options)
        system = max(peers, key=lambda system: peers[system][0])
        theirs = peers[system][0]
        for preset in PRESETS:
            of_set = (ours[preset][0], system, theirs, ours[preset][0] - theirs)
            best.rows.append((name, preset, *of_set, MUST[name][preset]))
    every.notes.append("Train s of xmlrec is the whole command, of a peer from its matrix on.")
    if names == TEXT_SETS and len(best.rows) == len(names) * len(PRESETS):
        for preset in PRESETS:
            rows = [row for row in best.rows if row[1] == preset]
            of_mean, theirs, gain = (fmean(row[i] for row in rows) for i in (2, 4, 5))
            best.rows.append(("mean", preset, of_mean, "", theirs, gain, MUST["mean"][preset]))
    return [every, best]


def sparse_tables(names: tuple[str, ...], options: Options) -> list[Table]:
    """Measure the sets without text: every system, then ours against the best peer at each cut."""
    seeds = range(options.n_seeds)
    every = Table(f"Sparse sets: one matrix for all systems, seeds 0 to {len(seeds) - 1}", COLUMNS)
    best = Table(
        "Sparse sets: P@k against the best peer, to be at most 0.3 below",
        ("set", "k", "ours", "best peer", "its P@k", "difference"),
    )
    for name in names:
        try:
            problem = load_sparse_set(name)
        except DataMissingError as missing:
            every.notes.append(f"Skipped {missing}.")
            continue
        runs = [measure(problem, ENGINE, seed=seed) for seed in seeds]
        ours = mean_precisions(problem, runs)
        every.rows.append((name, ENGINE.name, *ours, *times_and_size(runs)))
        peers = add_peers(every, problem, n_seeds=len(seeds), options=options)
        for place, k in enumerate(CUTS):
            system = max(peers, key=lambda system, place=place: peers[system][place])
            theirs = peers[system][place]
            best.rows.append((name, k, ours[place], system, theirs, ours[place] - theirs))
    every.notes.append("P@k is the mean of the seeds, the rest the median.")
    every.notes.append("C of ours was chosen on held-out training rows; peers have their defaults.")
    return [every, best]


def training_table(name: str, options: Options) -> Table:
    """Measure one tree of each, in turns, on the matrix of a text set."""
    table = Table(
        f"One tree on {name}: medians of {options.n_repetitions} interleaved runs",
        ("what", "unit", "label_trees", "PECOS", "ours / PECOS"),
    )
    try:
        problem = plain_tfidf(load_text_set(name))
    except DataMissingError as missing:
        table.notes.append(f"Skipped {missing}.")
        return table
    pairs = [
        [measure(problem, system) for system in (ENGINE_TREE, PECOS_TREE)]
        for _ in range(options.n_repetitions)
    ]
    both = list(zip(*pairs, strict=True))
    for what, unit, key in TRAINING_LINES:
        ours, theirs = (median(run.measures[key] for run in runs) for runs in both)
        table.rows.append((what, unit, ours, theirs, ours / theirs))
    for place, k in enumerate(CUTS):
        ours, theirs = (mean_precisions(problem, runs[:1])[place] for runs in both)
        table.rows.append((f"P@{k}", "%", ours, theirs, ours / theirs))
    n_rows, n_labels = problem.Y.shape
    table.notes.append(f"{n_rows:,} rows, {n_labels:,} labels, {THREADS} threads each.")
    return table


def run_product(name: str, preset: str) -> tuple[tuple[float, ...], float]:
    """Train and evaluate; return P@1, P@3, P@5 and seconds to train."""
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        model = Path(folder) / "model"
        train_s = train_product(name, model, "--preset", preset)
        return evaluate_product(name, model), train_s


def add_peers(
    table: Table, problem: Problem, *, n_seeds: int, options: Options
) -> dict[str, tuple[float, ...]]:
    """Add a row for every peer to ``table`` and return P@1, P@3, P@5 of those measured."""
    figures = {}
    for system in PEERS:
        runs = [
            measure_once(
                problem, system, seed=seed, fresh=options.fresh, run_slow=options.slow_peers
            )
            for seed in range(n_seeds)
        ]
        known = [run for run in runs if run is not None]
        if known:
            figures[system.name] = mean_precisions(problem, known)
            row = (*figures[system.name], *times_and_size(known))
        else:
            row = (None,) * (len(COLUMNS) - 3) + ("",)
            table.notes.append(f"{system.name} on {problem.name} takes minutes: --slow-peers.")
        table.rows.append((problem.name, system.name, *row))
    return figures


def mean_precisions(problem: Problem, runs: Sequence[Measurement]) -> tuple[float, ...]:
    """Return P@1, P@3 and P@5 in percent, each the mean of the runs."""
    return tuple(fmean(precision_at(run.labels, problem.Y_test, k=k) for run in runs) for k in CUTS)


def times_and_size(runs: Sequence[Measurement]) -> tuple[float | str, ...]:
    """Return the last cells of a row: three medians and the day of the oldest run."""
    keys = ("train_s", "us_per_row", "model_mb")
    medians = (median(run.measures[key] for run in runs) for key in keys)
    return *medians, min(run.day for run in runs)


def today() -> str:
    return time.strftime("%Y-%m-%d")
