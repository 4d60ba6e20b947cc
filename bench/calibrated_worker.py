"""Train and calibrate hiclass in a fresh process: ``calibrated_worker JOB.json``.

The job is that of `bench.given_worker`, with the ``methods`` of calibration and the ``share`` of
rows to calibrate on. ``answers.npz`` has the ``rows`` held out for it, and for each method the
likeliest class of these and of the test rows, and its probability.

Probabilities are products of what hiclass's calibrated classifiers give along each path. Its own
``predict_proba`` gives other ones, as what it says of a row depends on the rows beside it: below
the second level it asks only the classifiers below the branch that it visited last.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from bench.cases.given import paths_to

Answers = tuple[np.ndarray, np.ndarray]  # columns, probabilities


def fit_hiclass(X: sp.csr_matrix, paths: np.ndarray, *, threads: int, **settings):
    """Return a trained model that can be calibrated."""
    from hiclass import LocalClassifierPerParentNode
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(max_iter=1000, **settings)
    model = LocalClassifierPerParentNode(
        local_classifier=regression, n_jobs=threads, calibration_method="isotonic"
    )
    return model.fit(X, paths)


def likeliest(model, X: sp.csr_matrix) -> Answers:
    """Return the class with the highest product of probabilities along its path, and the product.

    All paths are compared, level by level, for all rows at once.
    """
    columns, confidence = np.full(X.shape[0], -1, dtype=np.int32), np.full(X.shape[0], -1.0)
    waiting = [(model.root_, np.ones(X.shape[0]))]
    while waiting:
        name, chance = waiting.pop()
        node = model.hierarchy_.nodes[name]
        if not model.hierarchy_.out_degree(name):
            is_better = chance > confidence
            columns[is_better] = int(name.split(model.separator_)[-1])
            confidence[is_better] = chance[is_better]
            continue
        local = node.get("calibrator") or node["classifier"]
        of_children = np.nan_to_num(local.predict_proba(X))
        below = zip(local.classes_, of_children.T, strict=True)
        waiting += [(str(child), chance * p) for child, p in below]
    return columns, np.clip(confidence, 0.0, 1.0)


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    out = Path(job["out"])
    X, Y, X_test = (
        sp.csr_matrix(sp.load_npz(Path(job["matrices"]) / f"{name}.npz"), dtype=np.float32)
        for name in ("X", "Y", "X_test")
    )
    paths = paths_to(Y.indices, np.load(out / "parents.npy")).astype(str)
    order = np.random.default_rng(job["seed"]).permutation(X.shape[0])
    is_held_out = np.zeros(X.shape[0], dtype=np.bool_)
    is_held_out[order[: int(job["share"] * order.size)]] = True
    model = fit_hiclass(
        X[~is_held_out], paths[~is_held_out], threads=job["threads"], **job["settings"]
    )
    is_known = is_held_out & np.isin(paths[:, -1], paths[~is_held_out, -1])
    answers = {"rows": np.flatnonzero(is_held_out)}
    for method in job["methods"]:
        model.calibration_method = method
        model.calibrate(X[is_known], paths[is_known])  # no calibrator takes a class it has not seen
        for part, rows in (("held_out", X[is_held_out]), ("test", X_test)):
            answers[f"{method} {part}"], answers[f"{method} of {part}"] = likeliest(model, rows)
    np.savez(out / "answers.npz", **answers)


if __name__ == "__main__":
    main(sys.argv[1])
