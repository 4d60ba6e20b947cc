"""The command line of the product as a system that categorizes a dump."""

import sys
from functools import partial
from pathlib import Path

from bench.batch import N_PATHS, Answer, Batch, Command
from bench.peers import THREADS
from bench.product import train_product


def ours(preset: str) -> Batch:
    return Batch(
        f"xmlrec, {preset}", preset, partial(train, preset=preset), categorize_command, best_answer
    )


def train(name: str, model: Path, *, preset: str) -> float:
    """Train as `bench.cases.presets` does, which reports the accuracy; return the seconds."""
    return train_product(name, model, "--preset", preset)


def categorize_command(model: Path, catalog: Path, out: Path) -> Command:
    categorize = [sys.executable, "-m", "xmlrec", "categorize", str(catalog), "--model", str(model)]
    choices = ["--out", str(out), "-k", str(N_PATHS), "--threads", str(THREADS)]
    return Command([*categorize, *choices])


def best_answer(row: dict) -> Answer:
    best = [*row["paths"], *row["alternatives"]][:1]
    return row["id"], tuple(best[0]["path"]) if best else None
