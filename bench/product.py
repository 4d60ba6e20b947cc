"""The product as a user runs it: the command line on a text set, `train` then `evaluate`."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.datasets import WORK, data_file, load_text_set
from bench.peers import THREADS, BenchError, made, run_command

CUTS = (1, 3, 5)
COMMAND = (sys.executable, "-m", "xmlrec")


def train_product(name: str, model: Path, *options: str, catalog: Path | None = None) -> float:
    """Train on title and description; return the seconds it took.

    Rows are the training rows of a set, or those of ``catalog``.
    """
    print(f"{name}: xmlrec train {' '.join(options)}", file=sys.stderr, flush=True)
    texts = ["--text", "title", "--text", "description", "--threads", str(THREADS)]
    rows = str(catalog or data_file(name, "train.jsonl.gz"))
    start = time.perf_counter()
    run_command(
        [*COMMAND, "train", rows, "--model", str(model), *texts, *options],
        threads=THREADS,
        log=made(WORK / "logs") / f"{name}-xmlrec.log",
    )
    return time.perf_counter() - start


def evaluate_product(name: str, model: Path) -> tuple[float, ...]:
    """Return P@1, P@3 and P@5 in percent on all test rows of a set."""
    command = [*COMMAND, "evaluate", str(data_file(name, "test.jsonl.gz")), "--model", str(model)]
    log = made(WORK / "logs") / f"{name}-xmlrec.log"
    figures: dict[str, Any] = json.loads(
        run_command([*command, "--json"], threads=THREADS, log=log)
    )
    if figures["n"] != (n_rows := len(load_text_set(name).test)):
        raise BenchError(f"{name}: {figures['n']} of {n_rows} test rows were measured")
    return tuple(figures[f"p@{k}"] for k in CUTS)


def categorize_product(name: str, model: Path, out: Path) -> float:
    """Answer all test rows of a set into the file ``out``; return the seconds it took."""
    command = [*COMMAND, "categorize", str(data_file(name, "test.jsonl.gz"))]
    start = time.perf_counter()
    run_command(
        [*command, "--model", str(model), "--out", str(out), "--threads", str(THREADS)],
        threads=THREADS,
        log=made(WORK / "logs") / f"{name}-xmlrec.log",
    )
    return time.perf_counter() - start
