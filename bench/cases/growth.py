"""How cost grows, on catalogs that the project makes, and how long a start takes."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.datasets import WORK
from bench.options import Options
from bench.peers import THREADS, made
from bench.table import Table
from xmlrec.demo import make_catalog
from xmlrec.demo.files import split
from xmlrec.models import TaxonomyClassifier

SIZES = (1_500, 6_000, 12_000, 24_000)
N_RANKED = 300
PARTS = ("text", "trees", "labels")
COLUMNS = (
    "training rows",
    "categories with rows",
    "trees",
    "train s",
    *(f"{part} MB" for part in PARTS),
    "rank ms",
)


def run(options: Options) -> list[Table]:
    """Return two tables: growth with the rows of a catalog, and starts of the command line."""
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        TaxonomyClassifier().fit(split(make_catalog(1_000, 0), 0)[0]).classify(["warm up"])
        growth = Table("Growth: train, and rank a title on one thread", COLUMNS)
        for n in SIZES:
            growth.rows.append(measure_size(n, Path(folder) / str(n), options.n_repetitions))
        growth.notes.append(f"Trained by {THREADS} threads; rank is processor time in a batch.")
        return [growth, start_table(Path(folder) / str(SIZES[1]), options.n_repetitions)]


def measure_size(n: int, folder: Path, n_repetitions: int) -> tuple[int | float, ...]:
    """Train on the demo's catalog of ``n`` rows and return one line of the table."""
    train, test = split(make_catalog(n, 0), 0)
    start = time.perf_counter()
    model = TaxonomyClassifier(n_threads=THREADS).fit(train)
    train_s = time.perf_counter() - start
    model.save(folder)
    sizes = [
        sum(file.stat().st_size for file in (folder / "base" / part).iterdir()) / 1e6
        for part in PARTS
    ]
    model.n_threads = 1
    titles = [product["title"] for product in test[:N_RANKED]]
    rank_ms = []
    for _ in range(n_repetitions):
        start = time.process_time()
        model.rank(titles, 10)
        rank_ms.append(1e3 * (time.process_time() - start) / len(titles))
    n_used = int((model.label_counts_ > 0).sum())
    n_trees = len(model.ranker_.forest.trees)
    return (len(train), n_used, n_trees, train_s, *sizes, median(rank_ms))


def start_table(model: Path, n_repetitions: int) -> Table:
    """Time `xmlrec classify` of one text: with nothing compiled yet, and later."""
    table = Table("Start: one text classified, whole command", ("start", "s"))
    command = [sys.executable, "-m", "xmlrec", "classify", "kettle", "--model", str(model)]
    first, later = [], []
    for _ in range(n_repetitions):
        with tempfile.TemporaryDirectory() as cache:
            environment = os.environ | {"NUMBA_CACHE_DIR": cache}
            for times in (first, later):
                start = time.perf_counter()
                subprocess.run(command, env=environment, check=True, capture_output=True)
                times.append(time.perf_counter() - start)
    table.rows += [("first after install", median(first)), ("later", median(later))]
    return table
