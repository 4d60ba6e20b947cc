"""How far probabilities can be believed, beside others on the same rows.

Models are trained through the command line on title and description, and measured on all test
rows. Thresholds never come from test rows: ours from what training held out, the others' from
out-of-fold rankings or from rows that they were calibrated on.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.calibrated import METHODS, hiclass_confidences
from bench.cases import sure_answers
from bench.catalogs import make_catalog
from bench.confidences import FIGURES, N_DRAWS, Confidences
from bench.datasets import TEXT_SETS, WORK, DataMissingError, TextSet, load_text_set
from bench.isotonic import (
    RULES,
    answers_above,
    best_threshold,
    example_f1,
    isotonic_confidences,
    isotonic_probabilities,
)
from bench.nearest import open_minilm
from bench.options import Options
from bench.peers import THREADS, K, made
from bench.remembering import KeptEncoder
from bench.softmax import N_ROWS, softmax_confidences
from bench.table import Cell, Table, show
from bench.trained import N_FOLDS, Trained
from xmlrec.metrics import brier_score, expected_calibration_error, log_loss

SINGLE_SETS = ("mwpd", "onet-unspsc", "amazon-sports")
PAIR_SETS = ("tate",)
SEVERAL_SETS = ("tate", "onet-tasks", "amazon-sports")
HICLASS_SETS = ("mwpd",)
SOFTMAX = "softmax of all-MiniLM-L6-v2"

Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Part:
    """A table over trained presets: its sets, and the rows that one of them gives."""

    title: str
    columns: tuple[str, ...]
    sets: tuple[str, ...]
    rows: Callable[[Trained], Iterable[Row]]
    notes: tuple[str, ...] = ()


def run(options: Options) -> list[Table]:
    """Return the tables of `PARTS`, and that of rows that no category fits; MiniLM comes last."""
    tables = [Table(part.title, part.columns, notes=list(part.notes)) for part in PARTS]
    nothing = sure_answers.nothing_fits_table()
    sets = load_sets(options, tables[0].notes)
    for texts in sets.values():
        for preset in options.presets:
            with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
                trained = Trained.on(texts, preset, Path(folder))
                for part, table in zip(PARTS, tables, strict=True):
                    if texts.name in part.sets:
                        add_rows(table, part.rows(trained))
            if texts.name in sure_answers.HIDDEN_SETS:
                add_rows(nothing, sure_answers.nothing_fits(texts, preset))
        if texts.name in HICLASS_SETS:
            add_rows(tables[0], hiclass_rows(texts, fresh=options.fresh))
    add_minilm(tables[0], nothing, sets, fresh=options.fresh)
    tables.insert(-1, nothing)  # the cost comes last
    for table in tables:
        table.rows.sort(key=lambda row: list(sets).index(str(row[0])))
    return tables


def load_sets(options: Options, notes: list[str]) -> dict[str, TextSet]:
    """Return the sets that are there; ``notes`` gets the others."""
    sets = {}
    for name in options.chosen(TEXT_SETS):
        try:
            sets[name] = load_text_set(name)
        except DataMissingError as missing:
            notes.append(f"Skipped {missing}.")
    return sets


def add_rows(table: Table, rows: Iterable[Row]) -> None:
    for row in rows:
        print(*map(show, row), file=sys.stderr, flush=True)
        table.rows.append(row)


def calibration_rows(trained: Trained) -> Iterator[Row]:
    """Yield ours, and isotonic regression on the scores of the same model."""
    name = trained.texts.name
    yield name, trained.system, *trained.confidences().figures()
    for system, rule in RULES.items():
        found = isotonic_confidences(trained.held_out, trained.ranked, rule)
        yield name, f"{system}, {trained.preset}", *found.figures()


def hiclass_rows(texts: TextSet, *, fresh: bool) -> Iterator[Row]:
    confidences: dict[str, Confidences] = hiclass_confidences(texts, fresh=fresh)
    for method in METHODS:
        yield texts.name, f"hiclass, {method}", *confidences[method].figures()


def add_minilm(single: Table, nothing: Table, sets: dict[str, TextSet], *, fresh: bool) -> None:
    """Add MiniLM to two tables, if it is there; its vectors are kept for the next run."""
    asked = [name for name in sets if name in (*SINGLE_SETS, *sure_answers.HIDDEN_SETS)]
    if not asked or (minilm := open_minilm(single.notes)) is None:
        return
    encoder = KeptEncoder(minilm, made(WORK / "cache") / "minilm.npz", fresh=fresh)
    for name in asked:
        if name in SINGLE_SETS:
            found = softmax_confidences(encoder, make_catalog(sets[name]))
            add_rows(single, [(name, SOFTMAX, *found.figures())])
        if name in sure_answers.HIDDEN_SETS:
            add_rows(nothing, [sure_answers.nearest_fits(sets[name], encoder)])


def pair_rows(trained: Trained) -> Iterator[Row]:
    """Yield how far the probabilities of the first `K` labels of all rows can be believed."""
    test = trained.ranked
    is_label = test.labels >= 0
    isotonic = isotonic_probabilities(trained.held_out, test, K)
    for system, P in (
        (trained.system, trained.confident.P[:, :K]),
        (f"isotonic, {trained.preset}", isotonic),
    ):
        pairs, is_right = P[is_label], test.is_right[is_label]
        error = 100.0 * expected_calibration_error(pairs, is_right)
        scores = 100.0 * brier_score(pairs, is_right), log_loss(pairs, is_right)
        yield trained.texts.name, system, int(pairs.size), error, *scores


def several_rows(trained: Trained) -> Iterator[Row]:
    """Yield the F1 of a row's paths: ours, of the best one alone, and of a global threshold."""
    test, n_rows = trained.ranked, len(trained.texts.test)
    threshold = best_threshold(trained.held_out)
    ours = trained.classifier.evaluate(trained.texts.test)["example_f1"]
    top, globally = (
        100.0 * float(example_f1(test, n_answers).mean())
        for n_answers in (np.ones(n_rows, dtype=np.int64), answers_above(test.scores, threshold))
    )
    yield trained.texts.name, trained.system, ours, top, globally, ours - max(top, globally)


PARTS = (
    Part(
        "Calibration: title and description, the best path of all test rows; ECE to be the lowest, "
        "precision to be 95 and 99",
        ("set", "system", *FIGURES),
        SINGLE_SETS,
        calibration_rows,
        (
            "In percent, the Brier score too; log loss in nats. Perfect ECE: of "
            f"{N_DRAWS:,} draws of what is right, where each answer is so with its confidence, "
            "95 % have a lower ECE.",
            "Sure at 95: answers above the threshold for a precision of 95 %, with the 95 % "
            "interval of the bootstrap, and the share of these that is right.",
            f"Isotonic: of the best fused score of our own ranker, on out-of-fold rankings "
            f"({N_FOLDS} folds) of all training rows, which the threshold comes from too: the "
            "lowest that is precise enough there. Our margin: by 1.28 standard errors.",
            f"{SOFTMAX}: temperature and thresholds from {N_ROWS:,} training rows.",
            "hiclass: C 1000 on TF-IDF, a fifth of the training rows to calibrate and for the "
            "thresholds; the product of its calibrated probabilities along the likeliest path. "
            f"Minutes a set, so only on {', '.join(HICLASS_SETS)}.",
        ),
    ),
    Part(
        f"Calibration of several paths: the first {K} labels of each test row",
        ("set", "system", "pairs", "ECE", "Brier", "log loss"),
        PAIR_SETS,
        pair_rows,
        ("ECE and Brier in percent. Isotonic: of these pairs' scores, on out-of-fold rankings.",),
    ),
    Part(
        "Several paths: F1 of the answers to a row, to be above that of both others",
        ("set", "system", "F1", "best path alone", "global threshold", "gain"),
        SEVERAL_SETS,
        several_rows,
        (
            "Mean over rows, in percent. Global threshold: on fused scores, the best on "
            "out-of-fold rankings of the training rows; the best path is always answered.",
        ),
    ),
    Part(
        "Back-off: answers sure at 95 %, mean depth that is right over all test rows",
        sure_answers.BACK_OFF_COLUMNS,
        sure_answers.BACK_OFF_SETS,
        sure_answers.back_off,
        (
            "An answer is right if it is a category of the row or one above; then its depth "
            "counts, else 0. Without back-off: only the rows whose full path is sure.",
        ),
    ),
    Part(
        "Cost: seconds that probabilities and decisions take of all test rows",
        sure_answers.COST_COLUMNS,
        TEXT_SETS,
        sure_answers.cost,
        (
            f"{THREADS} threads, medians of {sure_answers.N_TIMES}, each with a model just opened. "
            "Categorize is the whole command.",
        ),
    ),
)
