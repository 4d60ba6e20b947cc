"""Our recommender as a user runs it: ``xmlrec recommend fit`` and ``batch`` on files."""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.datasets import WORK
from bench.peers import THREADS, BenchError, made, run_command
from bench.recommend_peers import Answers, K
from bench.recommend_rows import padded
from bench.recommend_sets import EventSet

COMMAND = (sys.executable, "-m", "xmlrec", "recommend")


def ours(event_set: EventSet, preset: str, *, seed: int = 0) -> Answers:
    """Fit a preset and answer all queries; what a query takes is without the start."""
    print(f"{event_set.name}: xmlrec, {preset}, seed {seed}", file=sys.stderr, flush=True)
    files = event_set.folder()
    with tempfile.TemporaryDirectory(dir=made(WORK)) as name:
        model, out = Path(name) / "model", Path(name) / "lists.jsonl"
        events, catalog = str(files / "events.csv"), str(files / "items.jsonl")
        choices = ["--preset", preset, "--seed", str(seed), "--model", str(model)]
        fit_s = timed(event_set, "fit", events, "--catalog", catalog, *choices)
        one = Path(name) / "one.csv"
        event_set.write_events(event_set.final.queries[:1], one)
        start_s = batch(event_set, model, one, out)
        seconds = batch(event_set, model, files / "queries.csv", out)
        lists = read_lists(event_set, out)
    ms_a_query = 1000 * max(seconds - start_s, 0.0) / len(lists)
    return Answers(lists, fit_s, ms_a_query, {"preset": preset}, time.strftime("%Y-%m-%d"))


def batch(event_set: EventSet, model: Path, sessions: Path, out: Path) -> float:
    """Answer sessions anew; return the seconds it took."""
    out.unlink(missing_ok=True)
    choices = ["--model", str(model), "--out", str(out), "-k", str(K)]
    if not event_set.may_repeat:
        choices.append("--exclude-seen")
    return timed(event_set, "batch", str(sessions), *choices)


def timed(event_set: EventSet, *arguments: str) -> float:
    start = time.perf_counter()
    run_command(
        [*COMMAND, *arguments, "--threads", str(THREADS)],
        threads=THREADS,
        log=made(WORK / "logs") / f"{event_set.name}-xmlrec-recommend.log",
    )
    return time.perf_counter() - start


def read_lists(event_set: EventSet, out: Path) -> np.ndarray:
    """Return the lists of all queries in their order.

    Raises
    ------
    BenchError
        Unless every query is answered once, with at most `K` items, each once.
    """
    columns = {item: column for column, item in enumerate(event_set.item_ids)}
    answers: dict[int, list[int]] = {}
    with out.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            items = [columns[item["item_id"]] for item in row["items"]]
            if int(row["id"]) in answers or len(items) > K or len(set(items)) < len(items):
                raise BenchError(f"{out}: query {row['id']} or an item of it is there twice")
            answers[int(row["id"])] = items
    n_queries = len(event_set.final.queries)
    if differing := answers.keys() ^ set(range(n_queries)):
        raise BenchError(f"{out}: {len(differing):,} queries have no answer or were not asked")
    return padded([answers[query] for query in range(n_queries)], K)
