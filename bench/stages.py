"""Where the time of `xmlrec categorize` goes: each stage by itself, on one thread."""

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench.batch import N_PATHS
from xmlrec.batch.formats import JsonLines
from xmlrec.catalog import CatalogSettings, Reject, read_catalog
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.training import text_items

Given = TypeVar("Given")

STAGES = ("reading", "features", "trees and fusion", "probabilities and decisions", "writing")
CHUNK_ROWS = 4_096
N_TIMES = 3


def stage_times(model: Path, catalog: Path, out: Path, n_rows: int) -> tuple[float, ...]:
    """Return microseconds a row of each of `STAGES`, for the first rows of a catalog.

    Ranking contains features, and classifying contains ranking: what comes on top is the stage.
    """
    classifier = TaxonomyClassifier.load(model, n_threads=1)
    settings = CatalogSettings(model_text=classifier.settings.text)

    def read() -> list[dict]:
        with read_catalog(str(catalog), settings, ignore) as rows:
            return [{**row.fields, "id": row.id} for row in islice(rows, n_rows)]

    items, read_s = timed(read)
    chunks = [items[start : start + CHUNK_ROWS] for start in range(0, n_rows, CHUNK_ROWS)]

    def transform(chunk: list[dict]) -> None:
        texts = text_items(chunk, classifier.settings.text)
        classifier.ranker_.features.transform(texts, n_threads=1)

    def write() -> None:
        with out.open("wb") as file:
            for answers in found:
                file.write(JsonLines().encode_lines(answers.lines))

    classifier.classify_lines(chunks[0], N_PATHS)  # loads kernels, and remembers words
    features_s = timed(lambda: [transform(chunk) for chunk in chunks])[1]
    rank_s = timed(lambda: [classifier.rank(chunk, N_PATHS) for chunk in chunks])[1]
    found, classify_s = timed(
        lambda: [classifier.classify_lines(chunk, N_PATHS) for chunk in chunks]
    )
    write_s = timed(write)[1]
    seconds = read_s, features_s, rank_s - features_s, classify_s - rank_s, write_s
    return tuple(1e6 * of_stage / len(items) for of_stage in seconds)


def timed(call: Callable[[], Given]) -> tuple[Given, float]:
    """Return what a call gives, and the median of its seconds."""
    times = []
    for _ in range(N_TIMES):
        start = time.perf_counter()
        given = call()
        times.append(time.perf_counter() - start)
    return given, median(times)


def ignore(reject: Reject) -> None:
    """Leave a row out."""
