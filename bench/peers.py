"""The systems side by side: what each is, where it runs, and one measurement in a fresh process."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets import ROOT, WORK, Problem

HERE = Path(__file__).resolve().parent
K = 10  # answers kept of every row
THREADS = 2  # of every system
SLOW_PAIRS = 200_000_000
SLOW_TREES, SLOW_ROWS, SLOW_LABELS = ("omikuji", "napkinxc"), 100_000, 50_000


class BenchError(Exception):
    """A run that cannot go on; the message is one line for the user."""


@dataclass(frozen=True)
class System:
    """A package with its settings. ``is_flat``: no tree, so every label sees every row."""

    name: str
    package: str
    settings: dict[str, int | str | None]
    is_flat: bool = False

    def is_slow(self, problem: Problem) -> bool:
        """Whether training takes minutes: about 1 s for a million pairs of row and label."""
        (n_rows, n_labels), is_tree = problem.Y.shape, self.package in SLOW_TREES
        if is_tree:
            return n_rows > SLOW_ROWS or n_labels > SLOW_LABELS
        return self.is_flat and n_rows * n_labels > SLOW_PAIRS


ENGINE_TREE = System("label_trees, 1 tree", "label_trees", {"n_trees": 1})
ENGINE = System("label_trees, 3 trees, C 0.3", "label_trees", {"n_trees": 3, "C": 0.3})
"""For the sparse sets: C of 1, 0.5, 0.3 and 0.2 were compared on a quarter of their training rows,
held out, three times; 0.3 was best on both."""
PECOS_TREE = System("PECOS tree", "libpecos", {"split": 32})
NAPKINXC = System("napkinXC", "napkinxc", {})
PEERS = (
    PECOS_TREE,
    System("omikuji 3 trees", "omikuji", {"n_trees": 3, "collapse_every_n_layers": 5}),
    System("PECOS one-vs-all", "libpecos", {"split": None}, is_flat=True),
    NAPKINXC,
)
ONE_TREE = System("label_trees, 1 tree", "label_trees", {"n_trees": 1})
THREE_TREES = System("label_trees, 3 trees", "label_trees", {"n_trees": 3})
OMIKUJI_BINARY = System("omikuji, 3 trees, binary", "omikuji", {"n_trees": 3})
OMIKUJI_COLLAPSED = System(
    "omikuji, 3 trees, collapsed 5", "omikuji", {"n_trees": 3, "collapse_every_n_layers": 5}
)
TREES = (ONE_TREE, THREE_TREES, PECOS_TREE, OMIKUJI_BINARY, OMIKUJI_COLLAPSED, NAPKINXC)
"""Ours with its defaults: up to 400 labels (mwpd, bibtex) that is one tree of one level."""


@dataclass(frozen=True)
class Measurement:
    """What one process measured: the worker's numbers, its rankings, and the day it ran."""

    measures: dict[str, float]
    labels: np.ndarray
    day: str
    int8_labels: np.ndarray | None = None


def measure(
    problem: Problem, system: System, *, seed: int = 0, threads: int = THREADS
) -> Measurement:
    """Train and rank with ``system`` in a fresh process now."""
    with tempfile.TemporaryDirectory(dir=made(WORK)) as out:
        return measure_in(Path(out), problem, system, seed=seed, threads=threads)


def measure_in(
    out: Path,
    problem: Problem,
    system: System,
    *,
    seed: int = 0,
    threads: int = THREADS,
    environment: Mapping[str, str] | None = None,
) -> Measurement:
    """Like `measure`, but what the worker writes stays: the model is ``out / "model"``."""
    run_worker(problem, system, seed=seed, threads=threads, out=out, environment=environment)
    measures = json.loads((out / "measures.json").read_text(encoding="utf-8"))
    with np.load(out / "ranking.npz") as ranking:
        labels, int8_labels = ranking["labels"], ranking.get("int8_labels")
    return Measurement(measures, labels, time.strftime("%Y-%m-%d"), int8_labels)


def measure_once(
    problem: Problem,
    system: System,
    *,
    seed: int = 0,
    fresh: bool,
    run_slow: bool,
    needs: tuple[str, ...] = (),
) -> Measurement | None:
    """Return the measurement kept for these matrices and settings, taking it if there is none.

    One that lacks a measure that the caller ``needs`` is taken again. None stands for a slow
    system without a kept measurement where ``run_slow`` is false.
    """
    version = peer_versions()[system.package]
    key = json.dumps([problem.digest, system.package, version, system.settings, seed, THREADS, K])
    kept = made(WORK / "cache") / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    may_run = run_slow or not system.is_slow(problem)
    if kept.exists() and not (fresh and may_run):
        known = read_kept(kept)
        if known.measures.keys() >= set(needs):
            return known
    if not may_run:
        return None
    measurement = measure(problem, system, seed=seed)
    np.save(kept.with_suffix(".npy"), measurement.labels)
    facts = {"problem": problem.name, "system": system.name, "day": measurement.day}
    kept.write_text(json.dumps(facts | {"measures": measurement.measures}), encoding="utf-8")
    return measurement


def read_kept(kept: Path) -> Measurement:
    facts = json.loads(kept.read_text(encoding="utf-8"))
    labels = np.load(kept.with_suffix(".npy"))
    return Measurement(facts["measures"], labels, facts["day"])


def run_worker(
    problem: Problem,
    system: System,
    *,
    seed: int,
    threads: int,
    out: Path,
    environment: Mapping[str, str] | None,
) -> None:
    """Run the worker; what it and the system print goes to a file that an error quotes."""
    job = {
        "system": system.package,
        "version": peer_versions().get(system.package),
        "settings": system.settings,
        "seed": seed,
        "threads": threads,
        "k": K,
        "matrices": str(problem.folder()),
        "out": str(out),
    }
    (out / "job.json").write_text(json.dumps(job), encoding="utf-8")
    python = peers_python() if system.package in peer_versions() else sys.executable
    print(f"{problem.name}: {system.name}, seed {seed}", file=sys.stderr, flush=True)
    run_command(
        [python, "-m", "bench.worker", str(out / "job.json")],
        threads=threads,
        log=made(WORK / "logs") / f"{problem.name}-{system.package}.log",
        environment=environment,
    )


def run_command(
    command: list[str],
    *,
    threads: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run ``command`` from the project's root; return its stdout, keep all that it said in ``log``.

    ``environment`` adds variables to those of this process.

    Raises
    ------
    BenchError
        If it fails, with the last line that it said.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=variables(threads, environment),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = f"{done.stdout}\n{done.stderr}".strip()
    log.write_text(said, encoding="utf-8")
    if done.returncode:
        raise failure(done.returncode, command, log)
    return done.stdout


def variables(threads: int, environment: Mapping[str, str] | None) -> dict[str, str]:
    """Return the variables of a process that is to use so many threads."""
    counts = ("OMP", "NUMBA", "RAYON", "OPENBLAS", "MKL")
    threads_of = {f"{name}_NUM_THREADS": str(threads) for name in counts}
    return os.environ | threads_of | (environment or {}) | {"PYTHONPATH": str(ROOT)}


def failure(code: int, command: list[str], log: Path) -> BenchError:
    """Return the error of a command that failed, with the last line that it said."""
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    last = said.rpartition("\n")[2]
    return BenchError(f"exit {code} of {' '.join(command)}: {last} (see {log})")


def peer_versions(name: str = "peers") -> dict[str, str]:
    """Return the pinned version of every package in ``<name>.txt``."""
    lines = (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def peers_python() -> str:
    """Return the peers' interpreter: ``XMLREC_PEERS``, or an environment made at the first call."""
    return python_of("peers")


def python_of(name: str) -> str:
    """Return the interpreter that has what ``<name>.txt`` lists: ``XMLREC_<NAME>``, or a made one.

    An environment is made at the first call, and again when the list has changed.
    """
    variable = f"XMLREC_{name.upper()}"
    if variable in os.environ:
        if not Path(os.environ[variable]).exists():
            raise BenchError(f"{variable} names no interpreter: {os.environ[variable]}")
        return os.environ[variable]
    home, requirements = WORK / name, HERE / f"{name}.txt"
    installed = home / f"{name}.txt"  # written last: an environment without it is not complete
    if not installed.exists() or installed.read_bytes() != requirements.read_bytes():
        print(f"installing {requirements.name} into {home}", file=sys.stderr, flush=True)
        python, log = str(home / "bin" / "python"), made(WORK / "logs") / f"{name}.log"
        run_command([sys.executable, "-m", "venv", "--clear", str(home)], threads=1, log=log)
        install = [python, "-m", "pip", "install", "--no-deps", "-r", str(requirements)]
        run_command(install, threads=1, log=log)
        installed.write_bytes(requirements.read_bytes())
    return str(home / "bin" / "python")


def made(folder: Path) -> Path:
    """Return ``folder``, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
