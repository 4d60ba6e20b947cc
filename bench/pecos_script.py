"""Categorize a catalog with scikit-learn and PECOS, as one might write it: chunk by chunk.

``python -m bench.pecos_script train SET MODEL`` and ``... categorize CATALOG MODEL OUT``, under
the peers' interpreter. Features and tree are those of PECOS in `bench.cases.accuracy`.
"""

import json
import sys
from pathlib import Path

import joblib
import numpy as np
import scipy.sparse as sp

from bench.peers import PECOS_TREE, THREADS
from bench.script_rows import read_chunks, write_answers

CHUNK_ROWS, N_PATHS, BEAM = 10_000, 3, 10


def train(name: str, model: Path) -> None:
    """Train on the training rows of a set."""
    from bench.datasets import load_text_set, paths_of, plain_vectorizer, title_and_description
    from bench.trainers import pecos

    texts = load_text_set(name)
    vectorizer = plain_vectorizer(len(texts.train))
    X = sp.csr_matrix(vectorizer.fit_transform(title_and_description(texts.train)))
    Y = sp.csr_matrix(texts.label_matrices()[0])
    model.mkdir()
    pecos(X, Y, seed=0, threads=THREADS, model_dir=model / "tree", **PECOS_TREE.settings)
    joblib.dump(vectorizer, model / "vectorizer.joblib")
    (model / "paths.json").write_text(json.dumps(sorted(paths_of(texts.train))), encoding="utf-8")


def categorize(catalog: Path, model: Path, out: Path) -> None:
    """Write the best paths of each row."""
    from pecos.xmc.xlinear.model import XLinearModel

    vectorizer = joblib.load(model / "vectorizer.joblib")
    tree = XLinearModel.load(str(model / "tree"), is_predict_only=True)
    paths = json.loads((model / "paths.json").read_text(encoding="utf-8"))
    with out.open("w", encoding="utf-8") as file:
        for ids, texts in read_chunks(catalog, CHUNK_ROWS):
            X = sp.csr_matrix(vectorizer.transform(texts), dtype=np.float32)
            S = tree.predict(X, only_topk=N_PATHS, beam_size=BEAM, threads=THREADS)
            found, scores = [], []
            for start, end in zip(S.indptr[:-1], S.indptr[1:], strict=True):
                best = start + np.argsort(-S.data[start:end], kind="stable")
                found.append([paths[label] for label in S.indices[best]])
                scores.append(S.data[best].tolist())
            write_answers(file, ids, found, scores)


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(sys.argv[2], Path(sys.argv[3]))
    else:
        categorize(*map(Path, sys.argv[2:]))
