"""Kill `xmlrec categorize` again and again, and see whether its output is that of one quiet run.

The same command is run until it has been killed so many times, each time with its whole process
group and at a moment drawn at random, and then to its end. A row in a thousand is to be rejected.
"""

import filecmp
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.batch import Answer, Command, checked_answers
from bench.batch_ours import ours
from bench.datasets import WORK, DataMissingError, load_text_set
from bench.dumps import row_id, write_dump, write_rows
from bench.options import Options
from bench.peers import BenchError, failure, made
from bench.processes import measure_command, started
from bench.table import Cell, Table

SET, PRESET = "onet-unspsc", "balanced"
N_ROWS, N_KILLS, BREAK_EVERY = 200_000, 100, 1_000
QUICK_ROWS, QUICK_KILLS = 20_000, 10
WORK_SHARE = 4.0
"""How often all killed runs together could do the rows if no work were lost; what a run is at when
it is killed is lost."""

COLUMNS = (
    "set",
    "preset",
    "rows",
    "rejects",
    "kills",
    "to reach",
    "every id once",
    "bytes equal",
    "unbroken s",
    "last run s",
    "all s",
)


@dataclass(frozen=True)
class Outcome:
    """What became of the runs: how many were killed, seconds of the last and of all."""

    n_kills: int
    last_s: float
    all_s: float


def run(options: Options) -> list[Table]:
    """Return one table."""
    if not options.chosen((SET,)):
        return []
    quick = options.n_repetitions == 1
    n_rows, n_kills = (QUICK_ROWS, QUICK_KILLS) if quick else (N_ROWS, N_KILLS)
    table = Table(f"Categorize under kill -9: {SET}, {PRESET}", COLUMNS)
    try:
        rows = load_text_set(SET).test
    except DataMissingError as missing:
        table.notes.append(f"Skipped {missing}.")
        return [table]
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        table.rows.append(measure(rows, Path(folder), n_rows, n_kills, table.notes))
    table.notes.append(
        "Moments of kills are drawn evenly over the start and some time after it, so that all "
        f"runs together would do {WORK_SHARE:.0%} of the work if none were lost. Last run: after "
        "the last kill."
    )
    return [table]


def measure(
    rows: Sequence[dict], folder: Path, n_rows: int, n_kills: int, notes: list[str]
) -> tuple[Cell, ...]:
    """Train, run once without and once with kills, and compare."""
    system, model, log = ours(PRESET), folder / "model", made(WORK / "logs") / "kills.log"
    system.train(SET, model)
    one, dump = folder / "one.csv.gz", folder / "dump.csv.gz"
    write_rows(rows[:1], one)
    write_dump(rows, dump, n_rows, break_every=BREAK_EVERY)
    start = system.command(model, one, folder / "one.jsonl").arguments
    start_s = median(measure_command(start, log=log).seconds for _ in range(3))
    unbroken, out = folder / "unbroken" / "out.jsonl", folder / "killed" / "out.jsonl"
    unbroken.parent.mkdir()
    quiet_s = measure_command(system.command(model, dump, unbroken).arguments, log=log).seconds
    longest_s = longest_run(start_s, quiet_s - start_s, n_kills)
    rng = random.Random(0)
    while True:
        out.parent.mkdir()
        command = system.command(model, dump, out)
        outcome = run_killed(command, log, n_kills=n_kills, longest_s=longest_s, rng=rng)
        if outcome.n_kills == n_kills:
            break
        print(f"done after {outcome.n_kills} kills; again, with shorter runs", file=sys.stderr)
        longest_s = start_s + 0.5 * (longest_s - start_s)
        out.parent.rename(folder / f"done-{outcome.n_kills}-{longest_s}")
    try:
        n_rejects = check_every_row(out, n_rows, system.answer)
    except BenchError as error:
        notes.append(f"{error}.")
        n_rejects = None
    cells = n_kills, N_KILLS, yes(n_rejects is not None), yes(is_same(out, unbroken))
    return SET, PRESET, n_rows, n_rejects, *cells, quiet_s, outcome.last_s, outcome.all_s


def yes(fact: bool) -> str:
    return "yes" if fact else "no"


def longest_run(start_s: float, work_s: float, n_kills: int) -> float:
    """Return the longest time to a kill, so that runs of all lengths up to it do `WORK_SHARE`.

    Of an even draw up to start + d, the work done is d ** 2 / (2 (start + d)) in the mean.
    """
    mean_s = WORK_SHARE * work_s / n_kills
    return start_s + mean_s + math.sqrt(mean_s**2 + 2 * mean_s * start_s)


def run_killed(
    command: Command, log: Path, *, n_kills: int, longest_s: float, rng: random.Random
) -> Outcome:
    """Run a command until it was killed so many times or is done, then once more to its end.

    Raises
    ------
    BenchError
        If a run fails by itself.
    """
    begun = time.perf_counter()
    for n_killed in range(n_kills):
        started_at = time.perf_counter()
        with started(command.arguments, log=log, environment=command.environment) as process:
            try:
                code = process.wait(rng.uniform(0.0, longest_s))
            except subprocess.TimeoutExpired:
                continue  # leaving the block kills it
        if code:
            raise failure(code, command.arguments, log)
        now = time.perf_counter()
        return Outcome(n_killed, now - started_at, now - begun)
    last = measure_command(command.arguments, log=log, environment=command.environment)
    return Outcome(n_kills, last.seconds, time.perf_counter() - begun)


def check_every_row(out: Path, n_rows: int, answer: Callable[[dict], Answer]) -> int:
    """Return how many rows are among the rejects.

    Raises
    ------
    BenchError
        Unless every row is in the output or among the rejects, once.
    """
    rejects = Path(f"{out}.rejects.jsonl")
    lines = rejects.read_text(encoding="utf-8").splitlines() if rejects.exists() else []
    rejected = {json.loads(line)["raw"].split(",")[0] for line in lines}
    answered = checked_answers(out, answer, n_rows, n_left_out=len(lines))
    if len(rejected) < len(lines) or any(row_id(number) in rejected for number, _ in answered):
        raise BenchError(f"{out}: a row is rejected twice, or rejected and answered")
    return len(lines)


def is_same(out: Path, unbroken: Path) -> bool:
    """Say whether results and rejects are the same bytes."""
    return all(
        filecmp.cmp(f"{out}{part}", f"{unbroken}{part}", shallow=False)
        for part in ("", ".rejects.jsonl")
    )
