"""Fit and rank with one peer in a fresh process: ``python -m bench.recommend_worker JOB.json``.

The job names a folder with the arrays that `bench.recommend_sets` writes. Where it has several
settings, those with the best MRR on the tuning split are fitted on all training sessions. The
answers are ``measures.json`` and ``lists.npy`` in the job's ``out`` folder.
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.recommend_baselines import fit_popularity, fit_session_popularity
from bench.recommend_implicit import fit_als, fit_neighbours
from bench.recommend_rectools import fit_sasrec
from bench.recommend_rows import Rows

FITS = {
    "popularity": fit_popularity,
    "session popularity": fit_session_popularity,
    "neighbours": fit_neighbours,
    "als": fit_als,
    "sasrec": fit_sasrec,
}


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    package, version, out = job["package"], job["version"], Path(job["out"])
    if version and importlib.metadata.version(package) != version:
        raise SystemExit(f"{sys.executable} has another {package} than the pinned {version}")
    arrays = Path(job["arrays"])
    settings = chosen_settings(job, arrays / "tuning.npz")
    fit_s, rank_s, lists, found_out = fit_and_rank(job, arrays / "final.npz", settings)
    measures = {"fit_s": fit_s, "ms_a_query": 1000 * rank_s / len(lists)}
    found = {"measures": measures, "settings": settings | found_out}
    (out / "measures.json").write_text(json.dumps(found), encoding="utf-8")
    np.save(out / "lists.npy", lists)


def chosen_settings(job: dict[str, Any], tuning: Path) -> dict[str, Any]:
    """Return the only settings, or the best ones, on ties the first."""
    if len(job["settings"]) == 1:
        return job["settings"][0]
    with np.load(tuning) as arrays:
        targets = arrays["targets"]

    def mrr(settings: dict[str, Any]) -> float:
        is_hit = fit_and_rank(job, tuning, settings)[2] == targets[:, None]
        return float((is_hit / np.arange(1, job["k"] + 1)).sum())

    return max(job["settings"], key=mrr)


def fit_and_rank(
    job: dict[str, Any], split: Path, settings: dict[str, Any]
) -> tuple[float, float, np.ndarray, dict[str, Any]]:
    """Return the seconds to fit and to rank, the lists, and what came out of fitting."""
    with np.load(split) as arrays:
        train, queries = (
            Rows(arrays[f"{part}_indptr"], arrays[f"{part}_items"]) for part in ("train", "query")
        )
    start = time.perf_counter()
    rank, found_out = FITS[job["method"]](
        train, job["n_items"], threads=job["threads"], seed=job["seed"], **settings
    )
    fitted = time.perf_counter()
    lists = rank(queries, job["k"], job["may_repeat"])
    return fitted - start, time.perf_counter() - fitted, lists, found_out


if __name__ == "__main__":
    main(sys.argv[1])
