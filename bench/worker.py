"""Train, time and rank with one system in a fresh process: ``python worker.py JOB.json``.

The same code measures every system, ours too. It runs under the peers' interpreter as well as
under ours, so it imports numpy, scipy and, inside its trainer, the one system that it measures.
The job names a folder with the matrices ``X``, ``Y`` and ``X_test``; the answers are
``measures.json`` and ``ranking.npz`` in the job's ``out`` folder. Linux only: memory is read
from ``/proc``.
"""

import importlib.metadata
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sp

Pairs = list[list[tuple[int, float]]]  # of every row: labels or features with their values
Scored = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows, labels, scores: one entry per answer
N_PREDICTIONS = 3


class Clock:
    """Seconds and memory of the ``with`` block that trains; the system is imported before it."""

    def __enter__(self) -> "Clock":
        self.loaded_mb = memory_mb("VmRSS")
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_) -> None:
        self.seconds = time.perf_counter() - self.start
        self.peak_mb = memory_mb("VmHWM")


def pecos(X, Y, *, seed, threads, model_dir, split):
    """XR-Linear: one tree over PIFA label features, or one level without a tree."""
    from pecos.xmc import Indexer, LabelEmbeddingFactory
    from pecos.xmc.xlinear.model import XLinearModel

    with Clock() as clock:
        C = None
        if split:
            Z = LabelEmbeddingFactory.create(Y, X, method="pifa", threads=threads)
            C = Indexer.gen(Z, nr_splits=split, seed=seed, threads=threads)
        model = XLinearModel.train(X, Y.tocsc(), C=C, threads=threads)
    model.save(str(model_dir))
    model = XLinearModel.load(str(model_dir), is_predict_only=True)  # its fastest way to predict

    def predict(X: sp.csr_matrix, k: int) -> sp.csr_matrix:
        return model.predict(X, only_topk=k, beam_size=10, threads=threads)

    def unpack(S: sp.csr_matrix) -> Scored:
        S = S.tocoo()
        return S.row, S.col, S.data

    return clock, predict, unpack


def omikuji(X, Y, *, seed, threads, model_dir, **settings):
    """Omikuji trains from a file, answers row by row, and draws its own ``seed``."""
    import omikuji

    data_file = model_dir.with_suffix(".txt")
    write_xc(data_file, X, Y)
    hyper_param = omikuji.Model.default_hyper_param()
    for name, value in settings.items():
        setattr(hyper_param, name, value)
    with Clock() as clock:
        model = omikuji.Model.train_on_data(str(data_file), hyper_param, threads)
    data_file.unlink()
    model.save(str(model_dir))
    model.init_prediction_thread_pool(threads)

    model.densify_weights(n_threads=threads)  # as its own command line does before it predicts

    def predict(X: Pairs, k: int) -> Pairs:
        return [model.predict(row, beam_size=10, top_k=k) for row in X]

    return clock, predict, flatten


def napkinxc(X, Y, *, seed, threads, model_dir, **settings):
    """Probabilistic label tree."""
    from napkinxc.models import PLT

    model = PLT(str(model_dir), threads=threads, seed=seed, **settings)
    with Clock() as clock:
        model.fit(X, Y)
    model.load()

    def predict(X: sp.csr_matrix, k: int) -> Pairs:
        return model.predict_proba(X, top_k=k)

    return clock, predict, flatten


def label_trees(X, Y, *, seed, threads, model_dir, **settings):
    """Our engine; a first fit and prediction on a few rows load the compiled kernels."""
    from label_trees import LabelTreeClassifier, save_forest

    model = LabelTreeClassifier(random_state=seed, n_threads=threads, **settings)
    model.fit(X[:200], Y[:200]).predict(X[:20])
    with Clock() as clock:
        model.fit(X, Y)
    save_forest(model.forest_, model_dir)

    def predict(X: sp.csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
        return model.predict(X, k=k)

    def unpack(best: tuple[np.ndarray, np.ndarray]) -> Scored:
        labels, scores = best
        rows, slots = np.nonzero(labels >= 0)
        return rows, labels[rows, slots], scores[rows, slots]

    return clock, predict, unpack


TRAINERS: dict[str, Callable[..., tuple[Clock, Callable, Callable[..., Scored]]]] = {
    "libpecos": pecos,
    "omikuji": omikuji,
    "napkinxc": napkinxc,
    "label_trees": label_trees,
}


def write_xc(path: Path, X: sp.csr_matrix, Y: sp.csr_matrix) -> None:
    """Write the text format of the Extreme Classification Repository."""
    with path.open("w", encoding="ascii") as out:
        out.write(f"{X.shape[0]} {X.shape[1]} {Y.shape[1]}\n")
        for row in range(X.shape[0]):
            stored = slice(X.indptr[row], X.indptr[row + 1])
            labels = ",".join(map(str, Y.indices[Y.indptr[row] : Y.indptr[row + 1]]))
            pairs = zip(X.indices[stored], X.data[stored], strict=True)
            out.write(labels + "".join(f" {feature}:{value:.7g}" for feature, value in pairs))
            out.write("\n")


def as_pairs(X: sp.csr_matrix) -> Pairs:
    indptr, indices, data = X.indptr.tolist(), X.indices.tolist(), X.data.tolist()
    ends = zip(indptr[:-1], indptr[1:], strict=True)
    return [list(zip(indices[i:j], data[i:j], strict=True)) for i, j in ends]


def flatten(answers: Pairs) -> Scored:
    rows = np.repeat(np.arange(len(answers)), [len(answer) for answer in answers])
    pairs = np.array([pair for answer in answers for pair in answer]).reshape(-1, 2)
    return rows, pairs[:, 0].astype(np.int32), pairs[:, 1]


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


def memory_mb(field: str) -> float:
    """Return ``VmRSS`` (now) or ``VmHWM`` (the peak so far) of this process in 2**20 bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def folder_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    system, k, out = job["system"], job["k"], Path(job["out"])
    if job["version"] and importlib.metadata.version(system) != job["version"]:
        raise SystemExit(f"{sys.executable} has another {system} than the pinned {job['version']}")
    X, Y, X_test = (
        sp.csr_matrix(sp.load_npz(Path(job["matrices"]) / f"{name}.npz"), dtype=np.float32)
        for name in ("X", "Y", "X_test")
    )
    clock, predict, unpack = TRAINERS[system](
        X, Y, seed=job["seed"], threads=job["threads"], model_dir=out / "model", **job["settings"]
    )
    queries = as_pairs(X_test) if system == "omikuji" else X_test
    predict(queries[:64], k)
    times = []
    for _ in range(N_PREDICTIONS):
        start = time.perf_counter()
        answers = predict(queries, k)
        times.append(time.perf_counter() - start)
    predict_s = statistics.median(times)
    measures = {
        "train_s": clock.seconds,
        "predict_s": predict_s,
        "us_per_row": 1e6 * predict_s / X_test.shape[0],
        "loaded_rss_mb": clock.loaded_mb,
        "peak_rss_mb": clock.peak_mb,
        "model_mb": folder_mb(out / "model"),
    }
    (out / "measures.json").write_text(json.dumps(measures), encoding="utf-8")
    np.savez(out / "ranking.npz", **ranking(unpack(answers), X_test.shape[0], k))


if __name__ == "__main__":
    main(sys.argv[1])
