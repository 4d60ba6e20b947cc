"""Train local classifiers along a given tree in a fresh process: ``given_worker JOB.json``.

The job names a package with its settings and a folder with the matrices ``X``, ``Y`` and
``X_test``; ``parents.npy`` in its ``out`` folder has the parent of each column of ``Y``. The
answers are ``measures.json`` and ``labels.npy``, the best column for each row of ``X_test``.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from bench.cases.given import paths_to
from bench.trainers import Clock

N_PREDICTIONS = 3

Predict = Callable[[sp.csr_matrix], np.ndarray]
Arrays = tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray]


def fit_hiclass(arrays: Arrays, *, threads: int, **settings) -> tuple[float, Predict]:
    """Train one multinomial logistic regression a parent."""
    from hiclass import LocalClassifierPerParentNode
    from sklearn.linear_model import LogisticRegression

    X, Y, parents = arrays
    paths = paths_to(Y.indices, parents).astype(str)
    regression = LogisticRegression(max_iter=1000, **settings)
    model = LocalClassifierPerParentNode(local_classifier=regression, n_jobs=threads)
    with Clock() as clock:
        model.fit(X, paths)
    return clock.seconds, lambda rows: model.predict(rows)[:, -1].astype(np.int32)


def fit_label_trees(arrays: Arrays, *, threads: int, **settings) -> tuple[float, Predict]:
    """Train our given tree; a first fit and prediction on a few rows load the kernels."""
    from label_trees import LabelTreeClassifier
    from label_trees.tree import LabelTree

    X, Y, parents = arrays
    tree = LabelTree.from_parents(parents, np.unique(Y.indices), parents.size)
    model = LabelTreeClassifier(tree=tree, n_threads=threads, **settings)
    model.fit(X[:500], Y[:500]).predict(X[:20], k=1)
    with Clock() as clock:
        model.fit(X, Y)
    return clock.seconds, lambda rows: model.predict(rows, k=1)[0][:, 0]


FITS = {"hiclass": fit_hiclass, "label_trees": fit_label_trees}


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    out = Path(job["out"])
    X, Y, X_test = (
        sp.csr_matrix(sp.load_npz(Path(job["matrices"]) / f"{name}.npz"), dtype=np.float32)
        for name in ("X", "Y", "X_test")
    )
    arrays = X, Y, np.load(out / "parents.npy")
    train_s, predict = FITS[job["package"]](arrays, threads=job["threads"], **job["settings"])
    predict(X_test[:64])
    times = []
    for _ in range(N_PREDICTIONS):
        start = time.perf_counter()
        labels = predict(X_test)
        times.append(time.perf_counter() - start)
    us_per_row = 1e6 * statistics.median(times) / X_test.shape[0]
    measures = {"train_s": train_s, "us_per_row": us_per_row}
    (out / "measures.json").write_text(json.dumps(measures), encoding="utf-8")
    np.save(out / "labels.npy", labels)


if __name__ == "__main__":
    main(sys.argv[1])
