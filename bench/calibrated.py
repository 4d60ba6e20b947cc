"""hiclass with its calibrators, as a classifier with confidence.

It is trained on four fifths of the training rows and calibrated on the rest, which its thresholds
are chosen on too. What it answered is kept, see `Options.fresh`.
"""

import hashlib
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from bench.cases.given import along_paths
from bench.confidences import PRECISIONS, Confidences, lowest_score
from bench.datasets import WORK, Problem, TextSet
from bench.peers import THREADS, made, run_command
from xmlrec.probabilities import holds

METHODS = ("isotonic", "beta")
SETTINGS = {"C": 1000.0}
"""Chosen on validation rows of mwpd, see `bench.cases.given`."""

HELD_OUT_SHARE = 0.2


def hiclass_confidences(texts: TextSet, *, fresh: bool) -> dict[str, Confidences]:
    """Return how sure it is of each test row's likeliest class, for each of `METHODS`."""
    problem, parents = along_paths(texts)
    answers = kept_answers(problem, parents, fresh=fresh)
    Y_held_out = problem.Y[answers["rows"]]
    found = {}
    for method in METHODS:
        held_out, test = (answers[f"{method} of {part}"] for part in ("held_out", "test"))
        is_right = right(Y_held_out, answers[f"{method} held_out"])
        sure = {at: test >= lowest_score(held_out, is_right, at) for at in PRECISIONS}
        found[method] = Confidences(test, right(problem.Y_test, answers[f"{method} test"]), sure)
    return found


def right(Y: sp.csr_array, columns: np.ndarray) -> np.ndarray:
    return holds(Y, columns[:, np.newaxis])[:, 0]


def kept_answers(problem: Problem, parents: np.ndarray, *, fresh: bool) -> dict[str, np.ndarray]:
    """Return the worker's answers, taken again if they are not kept."""
    job = {"settings": SETTINGS, "methods": METHODS, "share": HELD_OUT_SHARE, "seed": 0}
    key = json.dumps([problem.digest, version("hiclass"), job])
    kept = made(WORK / "cache") / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
    if fresh or not kept.exists():
        run_hiclass(problem, parents, job, kept)
    with np.load(kept) as answers:
        return dict(answers)


def run_hiclass(problem: Problem, parents: np.ndarray, job: dict, kept: Path) -> None:
    print(f"{problem.name}: hiclass, calibrated", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        out = Path(folder)
        np.save(out / "parents.npy", parents[: problem.Y.shape[1]])
        places = {"matrices": str(problem.folder()), "out": folder, "threads": THREADS}
        (out / "job.json").write_text(json.dumps(job | places), encoding="utf-8")
        run_command(
            [sys.executable, "-m", "bench.calibrated_worker", str(out / "job.json")],
            threads=THREADS,
            log=made(WORK / "logs") / f"{problem.name}-calibrated-hiclass.log",
        )
        (out / "answers.npz").replace(kept)
