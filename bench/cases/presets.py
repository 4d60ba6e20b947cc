"""The presets beside each other on the text sets, and what a teacher gives to `fast`.

All through the command line, on title and description, measured on all test rows. The teacher is
the last preset of the run: `balanced`, or with ``--accurate`` the one with a transformer.
"""

import tempfile
import time
from pathlib import Path
from statistics import fmean, median

from bench.datasets import TEXT_SETS, WORK, DataMissingError, load_text_set
from bench.options import Options
from bench.peers import THREADS, made
from bench.product import evaluate_product, train_product
from bench.table import Table
from bench.worker import folder_mb
from xmlrec.models import TaxonomyClassifier

MUST = {  # P@1 in percent that each preset is to reach
    "mwpd": {"fast": 82.0, "balanced": 83.5, "accurate": 85.0},
    "tate": {"fast": 61.5, "balanced": 62.0, "accurate": 63.0},
    "onet-tasks": {"fast": 28.6, "balanced": 35.5, "accurate": 43.0},
    "onet-unspsc": {"fast": 43.5, "balanced": 49.0, "accurate": 53.0},
    "amazon-sports": {"fast": 50.0, "balanced": 52.5, "accurate": 55.0},
    "mean": {"fast": 53.4, "balanced": 56.5, "accurate": 59.8},
}
STUDENT = "fast"
FIGURES = ("P@1", "P@3", "P@5", "train s", "rows a second", "model MB")
COLUMNS = ("set", "preset", *FIGURES, "to reach")
TRANSFORMER_ROWS = 1000
"""Rows that are timed where a transformer reads them."""


def run(options: Options) -> list[Table]:
    """Return two tables: each preset on each set, and `fast` with and without a teacher."""
    every = Table("Presets: title and description, all test rows", COLUMNS)
    taught = Table(
        "A teacher for fast: P@1 to gain 1.0 in the mean, no set lower",
        ("set", "fast", "teacher", "taught", "gain"),
    )
    for name in options.chosen(TEXT_SETS):
        try:
            load_text_set(name)
        except DataMissingError as missing:
            every.notes.append(f"Skipped {missing}.")
            continue
        with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
            add_set(every, taught, name, options, Path(folder))
    if len(taught.rows) == len(TEXT_SETS):
        add_means(every, taught, options)
    every.notes.append(f"{THREADS} threads. Train s is the whole command; the rest after a start.")
    return [every, taught]


def add_set(every: Table, taught: Table, name: str, options: Options, folder: Path) -> None:
    """Train and measure all presets on one set, then `fast` with the last one as its teacher."""
    first = {}
    for preset in options.presets:
        figures = measure(name, folder / preset, "--preset", preset)
        first[preset] = figures[0]
        every.rows.append((name, preset, *figures, MUST[name][preset]))
    teacher = options.presets[-1]
    figures = measure(
        name, folder / "taught", "--preset", STUDENT, "--teacher", str(folder / teacher)
    )
    every.rows.append((name, f"{STUDENT}, taught", *figures, None))
    gain = figures[0] - first[STUDENT]
    taught.rows.append((name, first[STUDENT], teacher, figures[0], gain))


def add_means(every: Table, taught: Table, options: Options) -> None:
    """Add the means over all sets."""
    for preset in options.presets:
        of_preset = [row for row in every.rows if row[1] == preset]
        precisions = (fmean(float(row[place]) for row in of_preset) for place in (2, 3, 4))
        every.rows.append(("mean", preset, *precisions, None, None, None, MUST["mean"][preset]))
    means = {place: fmean(float(row[place]) for row in taught.rows) for place in (1, 3, 4)}
    taught.rows.append(("mean", means[1], taught.rows[0][2], means[3], means[4]))


def measure(name: str, model: Path, *options: str) -> tuple[float, ...]:
    """Train a model and return `FIGURES`."""
    train_s = train_product(name, model, *options)
    precisions = evaluate_product(name, model)
    return *precisions, train_s, rows_a_second(name, model), folder_mb(model)


def rows_a_second(name: str, model: Path) -> float:
    """Return how many test rows a second a saved model ranks, the median of three times."""
    classifier = TaxonomyClassifier.load(model, n_threads=THREADS)
    items = load_text_set(name).test
    if classifier.settings.has_transformer:
        items = items[:TRANSFORMER_ROWS]
    classifier.rank(items[:100], 5)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        classifier.rank(items, 5)
        times.append(time.perf_counter() - start)
    return len(items) / median(times)
