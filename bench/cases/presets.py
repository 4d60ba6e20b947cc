"""The presets on the text sets, and what a teacher gives to `fast`.

All through the command line, on title and description, measured on all test rows. `accurate`,
whose transformer takes many minutes a set without a GPU, is a case by itself. A set that comes with
its taxonomy is measured with it too: then categories without a training row can be found.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, median

from bench.datasets import TEXT_SETS, WORK, DataMissingError, data_file, load_text_set
from bench.options import PRESETS, Options
from bench.peers import THREADS, made
from bench.product import evaluate_product, train_product
from bench.table import Cell, Table, show
from bench.worker import folder_mb
from xmlrec.models import TaxonomyClassifier

MUST = {  # P@1 in percent that each preset is to reach
    "mwpd": {"fast": 82.0, "balanced": 83.5, "accurate": 85.0},
    "tate": {"fast": 61.5, "balanced": 62.0, "accurate": 63.0},
    "onet-tasks": {"fast": 28.6, "balanced": 35.5, "accurate": 43.0},
    "onet-unspsc": {"fast": 43.5, "balanced": 49.0, "accurate": 53.0},
    "amazon-sports": {"fast": 50.0, "balanced": 52.5, "accurate": 55.0},
    "mean": {"fast": 53.4, "balanced": 56.5},
}
STUDENT, TEACHER = "fast", "balanced"
WITH_TAXONOMY = ("onet-unspsc",)
"""Sets with many test rows, 7 %, that have only categories without a training row."""

FIGURES = ("P@1", "P@3", "P@5", "train s", "rows a second", "model MB")
COLUMNS = ("set", "preset", *FIGURES, "to reach")
TRANSFORMER_ROWS = 1000
"""Rows that are timed where a transformer reads them."""

Row = tuple[Cell, ...]


def run(options: Options) -> list[Table]:
    """Return two tables: `PRESETS` on each set, and `fast` with and without a teacher."""
    taught = Table(
        "A teacher for fast: P@1 to gain 1.0 in the mean, no set lower",
        ("set", "fast", "teacher", "taught", "gain"),
    )
    every = over_sets(options, PRESETS)
    for name in dict.fromkeys(str(row[0]) for row in every.rows):
        precision = {row[1]: float(row[2]) for row in every.rows if row[0] == name}
        student, after = precision[STUDENT], precision[f"{STUDENT}, taught"]
        taught.rows.append((name, student, TEACHER, after, after - student))
    if len(taught.rows) == len(TEXT_SETS):
        add_means(every, taught)
    return [every, taught]


def run_accurate(options: Options) -> list[Table]:
    """Return one table: the preset with a transformer on each set."""
    return [over_sets(options, ("accurate",))]


def over_sets(options: Options, presets: Sequence[str]) -> Table:
    """Return a table of presets on each set that is there."""
    table = Table("Title and description, all test rows", COLUMNS)
    for name in options.chosen(TEXT_SETS):
        try:
            load_text_set(name)
        except DataMissingError as missing:
            table.notes.append(f"Skipped {missing}.")
            continue
        with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
            for row in of_set(name, presets, Path(folder)):
                print(*map(show, row), file=sys.stderr, flush=True)
                table.rows.append(row)
    table.notes.append(f"{THREADS} threads. Train s is the whole command; the rest after a start.")
    return table


def of_set(name: str, presets: Sequence[str], folder: Path) -> Iterator[Row]:
    """Yield the rows of one set: presets, with the taxonomy too, and then the student's."""
    for preset in presets:
        figures = measure(name, folder / preset, "--preset", preset)
        yield name, preset, *figures, MUST[name][preset]
        if name in WITH_TAXONOMY and preset != STUDENT:
            taxonomy = "--taxonomy", str(data_file(name, "taxonomy.csv"))
            figures = measure(name, folder / "informed", "--preset", preset, *taxonomy)
            yield name, f"{preset}, taxonomy.csv", *figures, None
    if STUDENT in presets:
        teacher = "--teacher", str(folder / TEACHER)
        figures = measure(name, folder / "taught", "--preset", STUDENT, *teacher)
        yield name, f"{STUDENT}, taught", *figures, None


def add_means(every: Table, taught: Table) -> None:
    """Add the means over all sets."""
    for preset in PRESETS:
        of_preset = [row for row in every.rows if row[1] == preset]
        precisions = (fmean(float(row[place]) for row in of_preset) for place in (2, 3, 4))
        every.rows.append(("mean", preset, *precisions, None, None, None, MUST["mean"][preset]))
    means = {place: fmean(float(row[place]) for row in taught.rows) for place in (1, 3, 4)}
    taught.rows.append(("mean", means[1], TEACHER, means[3], means[4]))


def measure(name: str, model: Path, *options: str) -> tuple[float, ...]:
    """Train a model and return `FIGURES`."""
    train_s = train_product(name, model, *options)
    precisions = evaluate_product(name, model)
    return *precisions, train_s, rows_a_second(name, model), folder_mb(model)


def rows_a_second(name: str, model: Path) -> float:
    """Return how many test rows a second a saved model ranks, the median of three times.

    It is opened anew each time: it remembers tokens of words that it has seen.
    """
    items = load_text_set(name).test
    times = []
    for _ in range(3):
        classifier = TaxonomyClassifier.load(model, n_threads=THREADS)
        if classifier.settings.has_transformer:
            items = items[:TRANSFORMER_ROWS]
        classifier.rank(items[:100], 5)
        start = time.perf_counter()
        classifier.rank(items, 5)
        times.append(time.perf_counter() - start)
    return len(items) / median(times)
