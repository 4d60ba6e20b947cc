"""New labels: some are hidden from training, see `bench.catalogs`, and added by their text alone.

1. Test rows with a hidden label, found among the new labels and among all; test rows without one,
   before and after the labels are added.
2. The same with a few of the dropped training rows as examples of each new label.
3. One label more in a model of 10,000.

Encoders that were never trained on the rows stand beside, by nearest label.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from bench.cases import added_label
from bench.catalogs import Split, hide_labels
from bench.datasets import TEXT_SETS, WORK, DataMissingError, load_text_set
from bench.nearest import MINILM, STATIC, UNTRAINED_NOTE, NearestLabel, open_minilm
from bench.options import PRESETS, Options
from bench.peers import THREADS, K, made
from bench.remembering import RememberingEncoder
from bench.table import Table
from bench.worker import folder_mb
from xmlrec.encode import Encoder, packaged_encoder
from xmlrec.metrics import precision_at_k, recall_at_k
from xmlrec.models import RankerSettings
from xmlrec.models.dense import joined_text
from xmlrec.models.ranker import TextRanker

SETS = ("onet-tasks", "onet-unspsc")
SHOTS = (0, 1, 2, 5, 10)
CANDIDATES = ("new", "all")
FOUND = ("P@1", "recall@1", "recall@5", "recall@10")
SEEN = ("before", "after", "loss")
ADDED = ("ms", "bytes")
EXAMPLES = ("asked", "used", "labels with fewer")
TITLES = {
    "unseen": "New labels, added by their text: recall@10 among all to be at least 55 (balanced)",
    "seen": "Labels that were trained on: P@1 to lose at most 0.3 by adding the others",
    "shots": "New labels with examples, among all: recall@10 to gain at least 8 by five",
}

Measures = dict[str, float]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Rank = Callable[[IntArray, BoolArray | None], IntArray]
"""From test rows, and which labels may be found, to the best `K` labels of each row."""


def run(options: Options) -> list[Table]:
    """Return four tables: new labels, those trained on, examples, and a model of 10,000 labels."""
    if not options.chosen(TEXT_SETS):
        return []
    unseen = Table(TITLES["unseen"], ("set", "system", "candidates", *FOUND))
    seen = Table(
        TITLES["seen"],
        ("set", "system", *SEEN, "unseen recall@1", "H", "ms a new label", "bytes a new label"),
    )
    shots = Table(TITLES["shots"], ("set", "system", *EXAMPLES, *FOUND, "gain", "seen P@1"))
    splits = load_splits(options, unseen.notes)
    for name, of_seeds in splits.items():
        for preset in options.presets:
            runs = [measure_preset(split, preset, seed) for seed, split in enumerate(of_seeds)]
            add_rows(unseen, seen, (name, preset), [of_shots[0] for of_shots in runs])
            add_shots(shots, (name, preset), runs)
    encoders: dict[str, Encoder] = {STATIC: packaged_encoder()}
    if minilm := open_minilm(unseen.notes):
        encoders[MINILM] = minilm
    for system, encoder in encoders.items():
        for name, of_seeds in splits.items():
            add_rows(unseen, seen, (name, system), measure_encoder(system, encoder, of_seeds))
    for table in (unseen, seen):
        table.rows.sort(key=lambda row: list(splits).index(str(row[0])))
    add_notes(unseen, seen, shots, n_seeds=options.n_seeds)
    return [unseen, seen, shots, added_label.run(PRESETS, options)]


def load_splits(options: Options, notes: list[str]) -> dict[str, list[Split]]:
    """Return a split a seed of every set that is there, and note how large they are."""
    splits = {}
    for name in options.chosen(TEXT_SETS if options.sets else SETS):
        try:
            texts = load_text_set(name)
        except DataMissingError as missing:
            notes.append(f"Skipped {missing}.")
            continue
        splits[name] = [hide_labels(texts, seed=seed) for seed in range(options.n_seeds)]
        notes.append(f"{name}: {describe(splits[name])}")
    return splits


def describe(splits: Sequence[Split]) -> str:
    """Return the mean sizes of splits in words."""

    def mean(count: Callable[[Split], int]) -> str:
        return f"{fmean(map(count, splits)):,.0f}"

    return (
        f"{mean(lambda split: len(split.examples))} labels hidden, "
        f"{mean(lambda split: split.seen.known.columns.size)} left; "
        f"{mean(lambda split: len(split.catalog.items) - len(split.seen.items))} training rows "
        f"dropped, {mean(lambda split: len(split.seen.items))} left; "
        f"{mean(lambda split: split.unseen_rows.size)} test rows with a hidden label, "
        f"{mean(n_mixed)} of them with another one too; "
        f"{mean(lambda split: split.seen_rows.size)} with trained ones only."
    )


def n_mixed(split: Split) -> int:
    """Return how many test rows have a hidden label and one that was trained on."""
    is_seen = np.diff(split.catalog.Y_test[:, : split.n_seen].indptr) > 0
    return int(is_seen[split.unseen_rows].sum())


def measure_preset(split: Split, preset: str, seed: int) -> list[Measures]:
    """Train on what is left, add the labels with each number of examples of `SHOTS`."""
    print(f"{split.catalog.taxonomy.source}: {preset}, seed {seed}", file=sys.stderr, flush=True)
    seen, settings = split.seen, RankerSettings(preset=preset, seed=seed)
    before = TextRanker.fit(seen.items, seen.Y, seen.known, settings, n_threads=THREADS)
    if before.dense is not None:
        before.dense.encoder = RememberingEncoder(before.dense.encoder)
    before.with_labels(split.known, split.facts(0))  # loads the kernels
    size = saved_bytes(before)
    measures = []
    for n_examples in SHOTS:
        facts = split.facts(n_examples)
        start = time.perf_counter()
        after = before.with_labels(split.known, facts)
        seconds = time.perf_counter() - start
        used = [len(fact.examples) for fact in facts.values()]
        cost = {
            "ms": 1e3 * seconds / len(facts),
            "bytes": (saved_bytes(after) - size) / len(facts),
            "used": fmean(used),
            "fewer": float(sum(n < n_examples for n in used)),
        }
        measures.append(cost | figures(split, ranks(before, split), ranks(after, split)))
    return measures


def ranks(ranker: TextRanker, split: Split) -> Rank:
    """Return how a ranker ranks test rows."""
    items = split.catalog.test_items

    def rank(rows: IntArray, allowed: BoolArray | None) -> IntArray:
        asked = [items[row] for row in rows.tolist()]
        labels, _ = ranker.rank(asked, K, allowed=allowed, n_threads=THREADS)
        return labels

    return rank


def ranks_nearest(nearest: NearestLabel, E: FloatArray, findable: BoolArray) -> Rank:
    """Return how an encoder ranks test rows, whose vectors are ``E``, among some labels."""

    def rank(rows: IntArray, allowed: BoolArray | None) -> IntArray:
        asked = findable if allowed is None else findable & allowed
        labels, _ = nearest.rank_vectors(E[rows], K, asked)
        return labels

    return rank


def saved_bytes(ranker: TextRanker) -> float:
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        ranker.save(Path(folder))
        return 2**20 * folder_mb(Path(folder))


def measure_encoder(system: str, encoder: Encoder, splits: Sequence[Split]) -> list[Measures]:
    """Measure an encoder alone; rows and labels are encoded once for all splits."""
    catalog = splits[0].catalog
    print(f"{catalog.taxonomy.source}: {system}", file=sys.stderr, flush=True)
    E = encoder.encode([joined_text(item) for item in catalog.test_items], n_threads=THREADS)
    vectors = NearestLabel.untrained(encoder, splits[0].known, n_threads=THREADS).vectors
    is_any = np.ones(len(catalog.taxonomy), dtype=np.bool_)
    runs = []
    for split in splits:
        columns = [catalog.taxonomy.column(label_id) for label_id in split.catalog.taxonomy.ids]
        nearest = NearestLabel(encoder, vectors[columns])
        findable = np.arange(is_any.size) < split.n_seen, is_any
        runs.append(figures(split, *(ranks_nearest(nearest, E, some) for some in findable)))
    return runs


def figures(split: Split, before: Rank, after: Rank) -> Measures:
    """Return what rankings before and after the labels are added are worth, in percent."""
    is_new = np.arange(len(split.catalog.taxonomy)) >= split.n_seen
    unseen, seen = split.unseen_rows, split.seen_rows
    measures = {}
    for candidates, allowed in zip(CANDIDATES, (is_new, None), strict=True):
        labels, truth = after(unseen, allowed), split.Y_unseen[unseen]
        measures[f"{candidates} P@1"] = precision_at_k(labels, truth, 1)
        for k in (1, 5, 10):
            measures[f"{candidates} recall@{k}"] = recall_at_k(labels, truth, k)
    for when, rank in (("before", before), ("after", after)):
        measures[when] = precision_at_k(rank(seen, None), split.catalog.Y_test[seen], 1)
    measures["loss"] = measures["before"] - measures["after"]
    measures["H"] = harmonic_mean(measures["after"], measures["all recall@1"])
    return measures


def harmonic_mean(a: float, b: float) -> float:
    """Return the harmonic mean, 0 if one of the two is 0."""
    return 2 * a * b / (a + b) if a and b else 0.0


def add_rows(unseen: Table, seen: Table, name: tuple[str, str], runs: Sequence[Measures]) -> None:
    """Add the means of the seeds to the first two tables."""
    mean = means(runs)
    for candidates in CANDIDATES:
        found = (mean[f"{candidates} {what}"] for what in FOUND)
        unseen.rows.append((*name, candidates, *found))
    cells = (mean.get(what) for what in (*SEEN, "all recall@1", "H", *ADDED))
    seen.rows.append((*name, *cells))


def add_shots(table: Table, name: tuple[str, str], runs: Sequence[Sequence[Measures]]) -> None:
    """Add a line for each number of examples; ``runs`` has those of `SHOTS` for each seed."""
    of_shots = [means(of_seeds) for of_seeds in zip(*runs, strict=True)]
    for n_examples, mean in zip(SHOTS, of_shots, strict=True):
        found = (mean[f"all {what}"] for what in FOUND)
        gain = mean["all recall@10"] - of_shots[0]["all recall@10"]
        sizes = mean["used"], mean["fewer"]
        table.rows.append((*name, n_examples, *sizes, *found, gain, mean["after"]))


def means(runs: Sequence[Measures]) -> Measures:
    return {what: fmean(measures[what] for measures in runs) for what in runs[0]}


def add_notes(unseen: Table, seen: Table, shots: Table, *, n_seeds: int) -> None:
    unseen.notes += [
        f"Means of seeds 0 to {n_seeds - 1}, which choose the labels and train. {UNTRAINED_NOTE}",
        "In rows with other labels too, these count as wrong where they are found among all.",
    ]
    seen.notes += [
        "H is the harmonic mean of P@1 after and of the new labels' recall@1 among all.",
        "Ms: all new labels added together. Bytes: what the saved ranker grows by.",
    ]
    shots.notes.append("Asked and used: examples of a new label, of which some have fewer.")
