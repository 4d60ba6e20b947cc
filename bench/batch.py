"""Systems that categorize a catalog from compressed CSV to JSON lines, and what that takes them."""

import hashlib
import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from bench.datasets import WORK, TextSet
from bench.dumps import write_dump, write_rows
from bench.peers import THREADS, BenchError, made
from bench.processes import Taken, measure_command

N_PATHS = 3
"""Categories that every system writes of a row."""

LabelPath = tuple[str, ...]
Answer = tuple[str, LabelPath | None]  # the id of a row, and the best path if it has one


@dataclass(frozen=True)
class Command:
    """What is run, and the variables that it needs."""

    arguments: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """A system: how it is trained on a set, run over a catalog, and what a line of its output says.

    ``facts`` are the version and the settings that a kept measurement belongs to.
    """

    name: str
    facts: str
    train: Callable[[str, Path], object]  # name of a set, folder of the model to be
    command: Callable[[Path, Path, Path], Command]  # model, catalog, output
    answer: Callable[[dict], Answer]


@dataclass(frozen=True)
class Figures:
    """What a system took for ``n_rows`` of a dump, and for the start; P@1 in percent."""

    n_rows: int
    seconds: float
    start_s: float
    peak_mb: float
    precision: float
    day: str

    @property
    def rows_a_second(self) -> float:
        """The rate once it has started."""
        return self.n_rows / max(self.seconds - self.start_s, 1e-9)


def measure_batch(
    batch: Batch, texts: TextSet, model: Path, *, n_rows: int, n_repetitions: int = 1
) -> Figures:
    """Run a trained system over a row, all test rows, and the first ``n_rows`` of a dump.

    Every run is a fresh process; the output is checked. The medians count.

    Raises
    ------
    BenchError
        If it fails, or does not answer every row once.
    """
    print(f"{texts.name}: {batch.name}, {n_rows:,} rows", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=made(WORK)) as name:
        folder = Path(name)
        one, test, dump = (folder / f"{part}.csv.gz" for part in ("one", "test", "dump"))
        write_rows(texts.test[:1], one)
        write_rows(texts.test, test)
        write_dump(texts.test, dump, n_rows)

        out = folder / "out.jsonl"
        run = partial(measure_checked, batch, texts.name, model)
        run(one, out, 1)  # compiles, and reads files into memory
        starts = [run(one, out, 1).seconds for _ in range(n_repetitions)]
        run(test, out, len(texts.test))
        best = dict(checked_answers(out, batch.answer, len(texts.test)))
        runs = [run(dump, out, n_rows) for _ in range(n_repetitions)]
    return Figures(
        n_rows=n_rows,
        seconds=median(run.seconds for run in runs),
        start_s=median(starts),
        peak_mb=max(run.peak_mb for run in runs),
        precision=precision_at_1(best, texts),
        day=time.strftime("%Y-%m-%d"),
    )


def measure_batch_once(batch: Batch, texts: TextSet, *, n_rows: int, fresh: bool) -> Figures:
    """Train a peer and measure it, or return what is kept of the same rows, facts and threads."""
    key = json.dumps([digest(texts), batch.name, batch.facts, n_rows, THREADS])
    kept = made(WORK / "cache") / f"{hashlib.sha256(key.encode()).hexdigest()}.batch.json"
    if kept.exists() and not fresh:
        return Figures(**json.loads(kept.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        model = Path(folder) / "model"
        batch.train(texts.name, model)
        figures = measure_batch(batch, texts, model, n_rows=n_rows)
    kept.write_text(json.dumps(asdict(figures)), encoding="utf-8")
    return figures


def digest(texts: TextSet) -> str:
    """Return the sha256 of the rows of a set."""
    rows = json.dumps([texts.name, texts.train, texts.test], ensure_ascii=False)
    return hashlib.sha256(rows.encode("utf-8", "surrogatepass")).hexdigest()


def measure_checked(
    batch: Batch, name: str, model: Path, catalog: Path, out: Path, n_rows: int
) -> Taken:
    """Answer a catalog anew and check the output; what is said goes to a log of system and set."""
    out.unlink(missing_ok=True)
    command = batch.command(model, catalog, out)
    log = made(WORK / "logs") / f"{name}-batch-{batch.name.replace(' ', '-')}.log"
    taken = measure_command(command.arguments, log=log, environment=command.environment)
    deque(checked_answers(out, batch.answer, n_rows), maxlen=0)
    return taken


def checked_answers(
    out: Path, answer: Callable[[dict], Answer], n_rows: int, n_left_out: int = 0
) -> Iterator[tuple[int, LabelPath | None]]:
    """Yield the number and the best path of each row of an output.

    Raises
    ------
    BenchError
        At the end or before, unless all rows but ``n_left_out`` are there, each once.
    """
    is_there = np.zeros(n_rows, dtype=np.bool_)
    with out.open(encoding="utf-8") as lines:
        for line in lines:
            row_id, path = answer(json.loads(line))
            number = int(row_id)
            if number >= n_rows or is_there[number]:
                raise BenchError(f"{out}: row {row_id} was not asked for, or is there twice")
            is_there[number] = True
            yield number, path
    if (n_missing := int((~is_there).sum())) != n_left_out:
        raise BenchError(f"{out}: {n_missing:,} of {n_rows:,} rows are missing")


def precision_at_1(best: Mapping[int, LabelPath | None], texts: TextSet) -> float:
    """Return in percent how many test rows have their best path among their own."""
    right = [
        (path := best[number]) is not None and names(path) in map(names, row["paths"])
        for number, row in enumerate(texts.test)
    ]
    return 100.0 * float(np.mean(right))


def names(path: Sequence[str]) -> LabelPath:
    """Return a path without the ids that a set may write in front of its names, ``12_Saws``."""
    pairs = [element.partition("_") for element in path]
    has_ids = all(name and any(map(str.isdigit, number)) for number, _, name in pairs)
    return tuple(name for _, _, name in pairs) if has_ids else tuple(path)
