"""Label trees beside the peers: time, size, memory and accuracy on the same matrices.

Every run is a fresh process, and the systems take turns, once around for every repetition. Ours
are always measured; runs of peers are kept, see `measure_once`. A set or a system that fails is
left out with a note.
"""

import json
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.cases.trees_asked import Opening, asked_table
from bench.cases.trees_tables import (
    Book,
    best_table,
    every_table,
    one_row_table,
    size_table,
    sum_up,
)
from bench.datasets import (
    SPARSE_SETS,
    TEXT_SETS,
    WORK,
    DataMissingError,
    Problem,
    load_sparse_set,
    load_text_set,
    plain_tfidf,
)
from bench.generated import GENERATED_SETS, generate, generated_set, scaled
from bench.options import Options
from bench.peers import (
    ONE_TREE,
    PECOS_TREE,
    TREES,
    BenchError,
    Measurement,
    System,
    made,
    measure_in,
    measure_once,
    run_command,
)
from bench.table import Table

LARGE_SET = "amazon670k"
SMALL_SET = "eurlex-0.2"  # for trial runs only
SETS = TEXT_SETS + SPARSE_SETS + tuple(name for name in GENERATED_SETS if name != LARGE_SET)
ONCE_S = 30.0  # a peer that trains longer runs once
NEEDS = ("one_row_p50_us",)  # of a kept run of a peer
OPENED_SET = "amazon670k-10th"
OPENED = System(  # about 500 MB on that set
    "label_trees, 1 tree, hardly pruned", "label_trees", ONE_TREE.settings | {"min_weight": 0.01}
)


def run(options: Options) -> list[Table]:
    """Return the tables: every system, ours beside the best, one row, int8, and what was asked."""
    names = chosen_sets(options)
    if not names:
        return []
    with tempfile.TemporaryDirectory(dir=made(WORK)) as cache:
        bench = Bench(options, {"NUMBA_CACHE_DIR": cache})
        bench.measure_compilation()
        for name in names:
            bench.measure_set(name)
        opening = bench.measure_opening()
    every = every_table(bench.book)
    every.notes += bench.notes
    return [
        every,
        best_table(bench.book),
        one_row_table(bench.book),
        size_table(bench.book),
        asked_table(bench.book, opening),
    ]


def chosen_sets(options: Options) -> tuple[str, ...]:
    """Return the sets to measure, the largest last."""
    small = (SMALL_SET,) if SMALL_SET in options.sets else ()
    large = (LARGE_SET,) if options.large else ()
    return options.chosen(SETS) + small + options.chosen(large)


def load_problem(name: str) -> Problem:
    """Read or generate a set."""
    if name in TEXT_SETS:
        return plain_tfidf(load_text_set(name))
    if name in SPARSE_SETS:
        return load_sparse_set(name)
    if name == SMALL_SET:
        return generate(scaled("eurlex", 0.2))
    return generated_set(name)


@dataclass
class Bench:
    """One run: ``book`` and ``notes`` grow; ``environment`` is that of our processes.

    It names a cache of compiled kernels that starts empty, so that they are compiled once a run,
    by the first process.
    """

    options: Options
    environment: dict[str, str]
    book: Book = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def measure_compilation(self) -> None:
        """Note how long our kernels take to compile, and to load in a later process."""
        problem = generate(scaled("eurlex", 0.05))
        first, later = (
            self.measure_ours(problem, ONE_TREE, 0).measures["warm_up_s"] for _ in range(2)
        )
        self.notes.append(
            f"Ours compiles its kernels once after install: two small trainings and predictions "
            f"then take {first:.1f} s, in a later process {later:.2f} s. Train s has neither."
        )

    def measure_set(self, name: str) -> None:
        """Measure every system in turns."""
        try:
            problem = load_problem(name)
        except DataMissingError as missing:
            self.notes.append(f"Skipped {missing}.")
            return
        systems = (ONE_TREE, PECOS_TREE) if name == LARGE_SET else TREES
        n_repetitions = 1 if name == LARGE_SET else self.options.n_repetitions
        runs: dict[str, list[Measurement]] = {system.name: [] for system in systems}
        for seed in range(n_repetitions):
            for system in systems:
                known = runs[system.name]
                if len(known) == seed and not (known and self.is_slow(name, system, known[0])):
                    known += self.measure(problem, system, seed)
        figures = {system: sum_up(problem, taken) for system, taken in runs.items() if taken}
        if figures:
            self.book[name] = figures
            print(every_table({name: figures}).to_text(), file=sys.stderr, flush=True)

    def is_slow(self, name: str, system: System, run: Measurement) -> bool:
        """Say, in a note too, whether a peer trains too long to run again."""
        slow = system.package != "label_trees" and run.measures["train_s"] > ONCE_S
        if slow:
            self.notes.append(f"Run once, it trains for over {ONCE_S:g} s: {system.name}, {name}.")
        return slow

    def measure(self, problem: Problem, system: System, seed: int) -> list[Measurement]:
        """Measure ours now, and a peer unless its run is kept; none if that fails."""
        try:
            if system.package == "label_trees":
                return [self.measure_ours(problem, system, seed)]
            fresh = self.options.fresh
            slow = self.options.slow_peers
            run = measure_once(problem, system, seed=seed, fresh=fresh, run_slow=slow, needs=NEEDS)
            if run is None and seed == 0:
                self.notes.append(
                    f"Takes minutes, see --slow-peers: {system.name}, {problem.name}."
                )
            return [run] if run else []
        except BenchError as error:
            print(f"{problem.name}: {system.name} failed: {error}", file=sys.stderr, flush=True)
            self.notes.append(f"Failed with seed {seed}: {system.name}, {problem.name}.")
            return []

    def measure_ours(self, problem: Problem, system: System, seed: int) -> Measurement:
        """Measure one of ours, with the time to open its model in another process."""
        with tempfile.TemporaryDirectory(dir=made(WORK)) as out:
            run = measure_in(Path(out), problem, system, seed=seed, environment=self.environment)
            model, matrix = Path(out) / "model", problem.folder() / "X_test.npz"
            said = run_command(
                [sys.executable, "-m", "bench.opening", str(model), str(matrix)],
                threads=1,
                log=made(WORK / "logs") / f"{problem.name}-opening.log",
                environment=self.environment,
            )
        return replace(run, measures=run.measures | json.loads(said))

    def measure_opening(self) -> Opening | None:
        """Return how long the model of the large set takes to open, or one hardly pruned.

        That is of `OPENED_SET`, or, if it was not measured, of the set with the largest model.
        """
        sizes = {
            name: figures[ONE_TREE.name].values["model_mb"]
            for name, figures in self.book.items()
            if ONE_TREE.name in figures
        }
        if LARGE_SET in sizes:
            values = self.book[LARGE_SET][ONE_TREE.name].values
            return Opening.of(f"{LARGE_SET}, 1 tree", values)
        if not sizes:
            return None
        name = OPENED_SET if OPENED_SET in sizes else max(sizes, key=lambda name: sizes[name])
        runs = self.measure(load_problem(name), OPENED, 0)
        return Opening.of(f"{name}, 1 tree, hardly pruned", runs[0].measures) if runs else None
