"""Categorize a catalog with a sentence encoder, as one might write it: the nearest label.

A label's vector is the mean of those of its name and of its path.

``python -m bench.minilm_script train SET MODEL ENCODER`` encodes the labels, and ``... categorize
CATALOG MODEL OUT ENCODER`` finds those with the largest cosine. ENCODER is a folder.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.script_rows import read_chunks, write_answers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CHUNK_ROWS, BATCH_ROWS, N_PATHS = 1_000, 64, 3


def train(name: str, model: Path, encoder: str) -> None:
    """Encode the labels of the training rows of a set."""
    from bench.datasets import load_text_set, paths_of

    sentences, paths = open_encoder(encoder), sorted(paths_of(load_text_set(name).train))
    V = encode(sentences, [path[-1] for path in paths])
    V += encode(sentences, [" ".join(path) for path in paths])
    model.mkdir()
    np.save(model / "labels.npy", V / np.linalg.norm(V, axis=1, keepdims=True))
    (model / "paths.json").write_text(json.dumps(paths), encoding="utf-8")


def categorize(catalog: Path, model: Path, out: Path, encoder: str) -> None:
    """Write the nearest paths of each row."""
    sentences, V = open_encoder(encoder), np.load(model / "labels.npy")
    paths = json.loads((model / "paths.json").read_text(encoding="utf-8"))
    with out.open("w", encoding="utf-8") as file:
        for ids, texts in read_chunks(catalog, CHUNK_ROWS):
            S = encode(sentences, texts) @ V.T
            best = np.argsort(-S, axis=1)[:, :N_PATHS]
            found = [[paths[label] for label in row] for row in best]
            scores = np.take_along_axis(S, best, axis=1).tolist()
            write_answers(file, ids, found, scores)


def open_encoder(folder: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(folder, device="cpu")


def encode(sentences: "SentenceTransformer", texts: list[str]) -> np.ndarray:
    return sentences.encode(texts, batch_size=BATCH_ROWS, normalize_embeddings=True)


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        categorize(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
