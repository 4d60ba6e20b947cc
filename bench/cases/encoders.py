"""Accuracy against speed: the presets, and encoders alone by nearest label, on the text sets."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from bench.catalogs import Catalog, make_catalog
from bench.datasets import TEXT_SETS, WORK, DataMissingError, load_text_set
from bench.nearest import MINILM, STATIC, UNTRAINED_NOTE, NearestLabel, open_minilm
from bench.options import Options
from bench.peers import THREADS, K, made
from bench.table import Table
from bench.worker import folder_mb
from xmlrec.encode import Encoder, packaged_encoder
from xmlrec.encode.adaptation import AdaptSettings, adapt
from xmlrec.encode.label_texts import training_text
from xmlrec.metrics import precision_at_k, recall_at_k
from xmlrec.models import RankerSettings
from xmlrec.models.dense import joined_text
from xmlrec.models.ranker import TextRanker
from xmlrec.text import Item

ADAPTED = "static encoder, adapted"
BATCH = 1_000
N_FIRST_ROWS, N_WARM_UP, N_SINGLE_ROWS = 2_000, 64, 200
SLOW_S = 30.0
COLUMNS = (
    "set",
    "system",
    "train s",
    "rows a second",
    "one row ms",
    "P@1",
    "P@3",
    "P@5",
    f"recall@{K}",
    "model MB",
)

Ranker = TextRanker | NearestLabel


def run(options: Options) -> list[Table]:
    """Return one table; MiniLM comes last, as its threads stay and wait."""
    if not options.chosen(TEXT_SETS):
        return []
    table = Table("Accuracy and speed: title and description, all test rows", COLUMNS)
    catalogs = {}
    for name in options.chosen(TEXT_SETS):
        try:
            catalogs[name] = make_catalog(load_text_set(name))
        except DataMissingError as missing:
            table.notes.append(f"Skipped {missing}.")
    for name, catalog in catalogs.items():
        for system, train in TRAINERS.items():
            train(first_rows(catalog))  # loads the kernels
            add_row(table, (name, system), train, catalog, options)
    if encoder := open_minilm(table.notes):
        for name, catalog in catalogs.items():
            train = partial(train_untrained, encoder=encoder)
            add_row(table, (name, MINILM), train, catalog, options)
    table.rows.sort(key=lambda row: list(catalogs).index(str(row[0])))
    table.notes += [
        f"Rows a second: batches of {BATCH:,} on {THREADS} threads, median of "
        f"{options.n_repetitions}; once if that takes over {SLOW_S:.0f} s. One row: p50, 1 thread "
        "but for those that BLAS and faiss have of their own.",
        f"{UNTRAINED_NOTE} Their training is to encode the labels.",
    ]
    return [table]


def first_rows(catalog: Catalog) -> Catalog:
    """Return a catalog with some of the training rows."""
    return replace(catalog, items=catalog.items[:N_FIRST_ROWS], Y=catalog.Y[:N_FIRST_ROWS])


def train_preset(catalog: Catalog, *, preset: str) -> TextRanker:
    settings = RankerSettings(preset=preset)
    return TextRanker.fit(catalog.items, catalog.Y, catalog.known, settings, n_threads=THREADS)


def train_untrained(catalog: Catalog, *, encoder: Encoder | None = None) -> NearestLabel:
    """Encode the labels, by the packaged static encoder if no other is given."""
    return NearestLabel.untrained(encoder or packaged_encoder(), catalog.known, n_threads=THREADS)


def train_adapted(catalog: Catalog) -> NearestLabel:
    """Train token vectors as the preset balanced does."""
    packaged, known = packaged_encoder(), catalog.known
    label_texts = [""] * len(catalog.taxonomy)
    for column, name, path in zip(known.columns.tolist(), known.names, known.paths, strict=True):
        label_texts[column] = training_text(name, path)
    items, labels = (
        packaged.tokenize(texts, n_threads=THREADS)
        for texts in ([joined_text(item) for item in catalog.items], label_texts)
    )
    vectors = adapt(packaged.vectors, items, labels, catalog.Y, settings=AdaptSettings())
    encoder = packaged.with_vectors(vectors)
    return NearestLabel(encoder, encoder.encode_tokens(labels, n_threads=THREADS))


TRAINERS: dict[str, Callable[[Catalog], Ranker]] = {
    "xmlrec, fast": partial(train_preset, preset="fast"),
    "xmlrec, balanced": partial(train_preset, preset="balanced"),
    ADAPTED: train_adapted,
    STATIC: train_untrained,
}


def add_row(
    table: Table,
    name: tuple[str, str],
    train: Callable[[Catalog], Ranker],
    catalog: Catalog,
    options: Options,
) -> None:
    """Train a system on a catalog, ask it for the test rows, and add what that took and found."""
    print(": ".join(name), file=sys.stderr, flush=True)
    start = time.perf_counter()
    ranker = train(catalog)
    train_s = time.perf_counter() - start
    labels, rows_a_second = rank_in_batches(ranker, catalog.test_items, options.n_repetitions)
    truth = catalog.Y_test
    table.rows.append(
        (
            *name,
            train_s,
            rows_a_second,
            one_row_ms(ranker, catalog.test_items),
            *(precision_at_k(labels, truth, k) for k in (1, 3, 5)),
            recall_at_k(labels, truth, K),
            model_mb(ranker),
        )
    )


def rank_in_batches(
    ranker: Ranker, items: Sequence[Item], n_repetitions: int
) -> tuple[np.ndarray, float]:
    """Return the best `K` labels of every item, and rows a second."""
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    ranker.rank(items[:N_WARM_UP], K, n_threads=THREADS)
    times: list[float] = []
    while len(times) < n_repetitions and sum(times) < SLOW_S:
        start = time.perf_counter()
        ranked = [ranker.rank(batch, K, n_threads=THREADS) for batch in batches]
        times.append(time.perf_counter() - start)
    return np.concatenate([labels for labels, _ in ranked]), len(items) / median(times)


def one_row_ms(ranker: Ranker, items: Sequence[Item]) -> float:
    times = []
    for item in items[:N_SINGLE_ROWS]:
        start = time.perf_counter()
        ranker.rank([item], K, n_threads=1)
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def model_mb(ranker: Ranker) -> float:
    """Return the size on disk: a saved ranker, or an encoder and the vectors of labels."""
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        if isinstance(ranker, TextRanker):
            ranker.save(Path(folder))
            return folder_mb(Path(folder))
        ranker.encoder.save(Path(folder))
        return folder_mb(Path(folder)) + ranker.vectors.nbytes / 2**20
