"""The systems to measure: how each trains, and how it is asked afterwards.

They run under the peers' interpreter or under ours, so this imports numpy and scipy and, inside a
trainer, its one system. Linux only: memory is read from ``/proc``.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

Pairs = list[list[tuple[int, float]]]  # of every row: labels or features with their values
Scored = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows, labels, scores: one entry per answer
Predictor = Callable[[Any, int], Any]  # (prepared rows, k) to answers


class Clock:
    """Seconds and memory of the ``with`` block that trains; the system is imported before it."""

    def __enter__(self) -> "Clock":
        self.loaded_mb = memory_mb("VmRSS")
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_) -> None:
        self.seconds = time.perf_counter() - self.start
        self.peak_mb = memory_mb("VmHWM")


@dataclass(kw_only=True)
class Fitted:
    """A trained and saved system.

    ``predictor`` makes the function that ranks on so many threads. ``core_s`` grows by the seconds
    of each call of the compiled search, ``outside_s`` by those that it spent in Python meanwhile.
    """

    clock: Clock
    predictor: Callable[[int], Predictor]
    unpack: Callable[[Any], Scored]
    prepare: Callable[[sp.csr_matrix], Any] = lambda X: X
    core_s: list[float] | None = None
    outside_s: list[float] = field(default_factory=list)
    int8: Predictor | None = None
    warm_up_s: float = 0.0


def pecos(X, Y, *, seed, threads, model_dir, split) -> Fitted:
    """XR-Linear: one tree over PIFA label features, or one level without a tree."""
    from pecos.core.base import ScipyCompressedSparseAllocator, clib
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

    def predictor(threads: int) -> Predictor:
        return lambda X, k: model.predict(X, only_topk=k, beam_size=10, threads=threads)

    def unpack(S: sp.csr_matrix) -> Scored:
        S = S.tocoo()
        return S.row, S.col, S.data

    return Fitted(
        clock=clock,
        predictor=predictor,
        unpack=unpack,
        core_s=time_calls(clib.clib_float32, "c_xlinear_predict_csr_f32"),
        outside_s=time_calls(ScipyCompressedSparseAllocator, "__call__"),  # C++ calls it
    )


def omikuji(X, Y, *, seed, threads, model_dir, **settings) -> Fitted:
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
    model.densify_weights(n_threads=threads)  # as its own command line does before it predicts

    def predictor(threads: int) -> Predictor:
        model.init_prediction_thread_pool(threads)
        return lambda X, k: [model.predict(row, beam_size=10, top_k=k) for row in X]

    return Fitted(clock=clock, predictor=predictor, unpack=flatten, prepare=as_pairs)


def napkinxc(X, Y, *, seed, threads, model_dir, **settings) -> Fitted:
    """Probabilistic label tree."""
    from napkinxc.models import PLT

    model = PLT(str(model_dir), threads=threads, seed=seed, **settings)
    with Clock() as clock:
        model.fit(X, Y)

    def predictor(threads: int) -> Predictor:
        model = PLT(str(model_dir), threads=threads, seed=seed, **settings)
        model.load()
        return lambda X, k: model.predict_proba(X, top_k=k)

    return Fitted(clock=clock, predictor=predictor, unpack=flatten)


def label_trees(X, Y, *, seed, threads, model_dir, **settings) -> Fitted:
    """Our engine, after two small trainings have loaded or compiled every kernel that it uses.

    One tree is also saved and ranked with weights of 8 bits.
    """
    from label_trees import LabelTreeClassifier, save_forest, search

    model = LabelTreeClassifier(random_state=seed, n_threads=threads, **settings)
    start = time.perf_counter()
    deep = {"max_leaf": 2, "max_flat": 0}
    for n_rows, changed in ((200, deep), (1_000, {})):  # wide leaves take other kernels
        small = LabelTreeClassifier(n_threads=threads, **settings | changed)
        small.fit(X[:n_rows], Y[:n_rows]).predict(X[:20])
    warm_up_s = time.perf_counter() - start
    with Clock() as clock:
        model.fit(X, Y)
    save_forest(model.forest_, model_dir)

    def predictor(threads: int) -> Predictor:
        return lambda X, k: model.forest_.rank(X, k, beam=10, n_threads=threads)

    fitted = Fitted(
        clock=clock,
        predictor=predictor,
        unpack=unpack_ranking,
        core_s=time_calls(search, "search"),
        warm_up_s=warm_up_s,
    )
    if settings.get("n_trees") == 1:
        forest = model.forest_.quantized()
        save_forest(forest, model_dir.with_name("int8"))
        save_forest(forest, model_dir.with_name("int8_compressed"), compress=True)
        fitted.int8 = lambda X, k: forest.rank(X, k, beam=10, n_threads=threads)
    return fitted


TRAINERS: dict[str, Callable[..., Fitted]] = {
    "libpecos": pecos,
    "omikuji": omikuji,
    "napkinxc": napkinxc,
    "label_trees": label_trees,
}


def time_calls(owner: Any, name: str) -> list[float]:
    """Make ``owner.name`` note the seconds of every call from now on, in the list returned."""
    function, seconds = getattr(owner, name), []

    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        answer = function(*arguments, **named)
        seconds.append(time.perf_counter() - start)
        return answer

    setattr(owner, name, timed)
    return seconds


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


def unpack_ranking(best: tuple[np.ndarray, np.ndarray]) -> Scored:
    labels, scores = best
    rows, slots = np.nonzero(labels >= 0)
    return rows, labels[rows, slots], scores[rows, slots]


def memory_mb(field: str) -> float:
    """Return ``VmRSS`` (now) or ``VmHWM`` (the peak so far) of this process in 2**20 bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
