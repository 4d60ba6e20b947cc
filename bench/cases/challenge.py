"""The product classification of the MWPD2020 challenge (Zhang et al., CEUR 2720), as it was scored.

F1 of each level weighted by rows, and the mean of the three levels. Columns and preset are chosen
on the validation rows, by models of the training rows; the test rows are then asked once, by a
model of both.
"""

import json
import sys
import tempfile
from pathlib import Path
from statistics import fmean

from bench.datasets import WORK, DataMissingError, data_file
from bench.options import Options
from bench.peers import THREADS, made, run_command
from bench.table import Table

SET = "mwpd"
TEXTS = (
    ("title", "description"),
    ("title", "description", "shop_category"),
    ("title", "description", "shop_category", "url"),
)
LEVELS = (1, 2, 3)
COLUMNS = ("columns", "preset", "rows", "P@1", *(f"F1 level {level}" for level in LEVELS), "mean")
TO_REACH = 88.7
PUBLISHED = (
    "Published: 88.62 by the winner, an ensemble of BERT models; 87.2 by a linear SVM on TF-IDF."
)


def run(options: Options) -> list[Table]:
    """Return one table: every choice on validation rows, and the best of them on test rows."""
    if not options.chosen((SET,)):
        return []
    table = Table(f"{SET}: mean of weighted F1, to be at least {TO_REACH} on test rows", COLUMNS)
    try:
        train, valid, test = (
            data_file(SET, f"{part}.jsonl.gz") for part in ("train", "valid", "test")
        )
    except DataMissingError as missing:
        table.notes.append(f"Skipped {missing}.")
        return [table]
    means = {}
    for columns in TEXTS:
        for preset in options.presets:
            figures = measure([train], valid, columns, preset)
            means[columns, preset] = figures[-1]
            table.rows.append((name_of(columns), preset, "valid", *figures))
    columns, preset = max(means, key=lambda choice: means[choice])
    figures = measure([train, valid], test, columns, preset)
    table.rows.append((name_of(columns), preset, "test", *figures))
    table.notes += [
        "Test rows: trained on train and valid, with the choice best on valid.",
        PUBLISHED,
    ]
    return [table]


def name_of(columns: tuple[str, ...]) -> str:
    return ", ".join(columns)


def measure(
    catalogs: list[Path], rows: Path, columns: tuple[str, ...], preset: str
) -> tuple[float, ...]:
    """Train and evaluate through the command line; return P@1, F1 of each level and their mean."""
    print(f"{SET}: {preset}, {name_of(columns)}, {rows.name}", file=sys.stderr, flush=True)
    log = made(WORK / "logs") / f"{SET}-challenge-{preset}.log"
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        catalog = Path(folder) / "catalog.jsonl.gz"
        catalog.write_bytes(b"".join(path.read_bytes() for path in catalogs))
        model = ["--model", str(Path(folder) / "model"), "--threads", str(THREADS)]
        texts = [part for column in columns for part in ("--text", column)]
        command = [sys.executable, "-m", "xmlrec"]
        train = [*command, "train", str(catalog), "--preset", preset, *model, *texts]
        run_command(train, threads=THREADS, log=log)
        evaluate = [*command, "evaluate", str(rows), *model, "--json"]
        figures = json.loads(run_command(evaluate, threads=THREADS, log=log))
    of_levels = [figures[f"level_{level}_f1_weighted"] for level in LEVELS]
    return figures["p@1"], *of_levels, fmean(of_levels)
