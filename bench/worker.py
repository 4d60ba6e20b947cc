"""Train, time and rank with one system in a fresh process: ``python -m bench.worker JOB.json``.

The same code measures every system, ours too, see `bench.trainers`. The job names a folder with
the matrices ``X``, ``Y`` and ``X_test``; the answers are ``measures.json`` and ``ranking.npz`` in
the job's ``out`` folder.
"""

import contextlib
import importlib.metadata
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from bench.trainers import TRAINERS, Fitted, Predictor, Scored

N_PREDICTIONS = 3
N_WARM_UP, N_SINGLE_ROWS = 20, 500


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    system, k, out = job["system"], job["k"], Path(job["out"])
    if job["version"] and importlib.metadata.version(system) != job["version"]:
        raise SystemExit(f"{sys.executable} has another {system} than the pinned {job['version']}")
    X, Y, X_test = (
        sp.csr_matrix(sp.load_npz(Path(job["matrices"]) / f"{name}.npz"), dtype=np.float32)
        for name in ("X", "Y", "X_test")
    )
    fitted = TRAINERS[system](
        X, Y, seed=job["seed"], threads=job["threads"], model_dir=out / "model", **job["settings"]
    )
    queries = fitted.prepare(X_test)
    predict_s, answers = time_batches(fitted.predictor(job["threads"]), queries, k)
    best = ranking(fitted.unpack(answers), X_test.shape[0], k)
    measures = {
        "train_s": fitted.clock.seconds,
        "predict_s": predict_s,
        "us_per_row": 1e6 * predict_s / X_test.shape[0],
        "loaded_rss_mb": fitted.clock.loaded_mb,
        "peak_rss_mb": fitted.clock.peak_mb,
        "model_mb": folder_mb(out / "model"),
        "warm_up_s": fitted.warm_up_s,
    }
    if fitted.int8 is not None:
        int8_s, answers = time_batches(fitted.int8, queries, k)
        best["int8_labels"] = ranking(fitted.unpack(answers), X_test.shape[0], k)["labels"]
        measures["int8_us_per_row"] = 1e6 * int8_s / X_test.shape[0]
        measures["int8_mb"] = folder_mb(out / "int8")
        measures["int8_compressed_mb"] = folder_mb(out / "int8_compressed")
    measures |= time_single_rows(fitted, X_test, k)
    (out / "measures.json").write_text(json.dumps(measures), encoding="utf-8")
    np.savez(out / "ranking.npz", **best)


def time_batches(predict: Predictor, queries: Any, k: int) -> tuple[float, Any]:
    """Return the median seconds to rank all ``queries`` at once, and the answers."""
    predict(queries[:64], k)
    times = []
    for _ in range(N_PREDICTIONS):
        start = time.perf_counter()
        answers = predict(queries, k)
        times.append(time.perf_counter() - start)
    return statistics.median(times), answers


def time_single_rows(fitted: Fitted, X: sp.csr_matrix, k: int) -> dict[str, float]:
    """Rank rows of ``X`` one by one, on one thread and one processor, over and over if few."""
    pin_to_one_processor()
    predict = fitted.predictor(1)
    rows = [fitted.prepare(X[[row % X.shape[0]]]) for row in range(N_WARM_UP + N_SINGLE_ROWS)]
    core_s = [] if fitted.core_s is None else fitted.core_s
    call_us, core_us = [], []
    for row in rows:
        core_s.clear()
        fitted.outside_s.clear()
        start = time.perf_counter()
        predict(row, k)
        call_us.append(1e6 * (time.perf_counter() - start))
        core_us.append(1e6 * (sum(core_s) - sum(fitted.outside_s)))
    p50, p99 = np.percentile(call_us[N_WARM_UP:], (50, 99))
    measures = {"one_row_p50_us": float(p50), "one_row_p99_us": float(p99)}
    if fitted.core_s is not None:
        measures["one_row_core_us"] = statistics.median(core_us[N_WARM_UP:])
    return measures


def pin_to_one_processor() -> None:
    """Let every thread of this process, and those that it starts, run on one processor only."""
    processor = min(os.sched_getaffinity(0))
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError):  # it has ended by now
            os.sched_setaffinity(int(thread), {processor})


def ranking(scored: Scored, n_rows: int, k: int) -> dict[str, np.ndarray]:
    """Sort the answers of every row by falling score, then rising label."""
    rows, labels, scores = scored
    order = np.lexsort((labels, -scores, rows))
    rows, labels, scores = rows[order], labels[order], scores[order]
    slots = np.arange(len(rows)) - np.searchsorted(rows, rows)
    best = {
        "labels": np.full((n_rows, k), -1, dtype=np.int32),
        "scores": np.full((n_rows, k), -np.inf, dtype=np.float32),
    }
    kept = slots < k
    best["labels"][rows[kept], slots[kept]] = labels[kept]
    best["scores"][rows[kept], slots[kept]] = scores[kept]
    return best


def folder_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


if __name__ == "__main__":
    main(sys.argv[1])
