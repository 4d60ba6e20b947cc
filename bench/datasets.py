"""The data sets of the benchmarks: where they lie, how they are read, what they are called."""

import gzip
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench"  # everything that a run may leave behind; git ignores it

TEXT_SETS = ("mwpd", "tate", "onet-tasks", "onet-unspsc", "amazon-sports")
SPARSE_SETS = ("bibtex", "delicious")


class DataMissingError(Exception):
    """A data set is not on this machine."""


@dataclass(frozen=True)
class Problem:
    """Matrices that every system gets: ``X`` and ``Y`` to train on, ``X_test`` to rank.

    ``Y_test`` is the truth for the metrics only; columns beyond those of ``Y`` are labels that
    have no training row.
    """

    name: str
    X: sp.csr_array
    Y: sp.csr_array
    X_test: sp.csr_array
    Y_test: sp.csr_array

    @cached_property
    def digest(self) -> str:
        """The sha256 of what a system sees."""
        digest = hashlib.sha256()
        for matrix in (self.X, self.Y, self.X_test):
            digest.update(repr(matrix.shape).encode())
            for part in (matrix.indptr, matrix.indices, matrix.data):
                digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    def folder(self) -> Path:
        """Return the folder that holds the matrices as ``.npz``, written at the first call."""
        folder = WORK / "matrices" / f"{self.name}-{self.digest[:16]}"
        if not folder.exists():
            aside = folder.with_name(f"{folder.name}.{os.getpid()}")
            aside.mkdir(parents=True)
            for name in ("X", "Y", "X_test"):
                sp.save_npz(aside / f"{name}.npz", getattr(self, name), compressed=False)
            aside.rename(folder)
        return folder


@dataclass(frozen=True)
class TextSet:
    """Train and test rows, each a mapping with ``title``, ``description`` and ``paths``."""

    name: str
    train: list[dict]
    test: list[dict]

    def label_matrices(self) -> tuple[sp.csr_array, sp.csr_array]:
        """Return ``Y`` and ``Y_test``: sorted paths, those that only test rows have at the end."""
        known = paths_of(self.train)
        ordered = sorted(known) + sorted(paths_of(self.test) - known)
        columns = {path: column for column, path in enumerate(ordered)}
        Y, Y_test = (
            indicator([paths_to_columns(row["paths"], columns) for row in rows], n_labels)
            for rows, n_labels in ((self.train, len(known)), (self.test, len(ordered)))
        )
        return Y, Y_test


def data_file(name: str, file: str) -> Path:
    """Return the path of a data file, or raise `DataMissingError` saying where it was sought."""
    root = Path(os.environ.get("XMLREC_DATA", ROOT.parent / "shared" / "data"))
    path = root / name / file
    if not path.exists():
        raise DataMissingError(f"{name}: no {path}; set XMLREC_DATA to the folder of the data sets")
    return path


def load_text_set(name: str) -> TextSet:
    """Read ``train.jsonl.gz`` and ``test.jsonl.gz`` of a text set."""
    rows = []
    for part in ("train", "test"):
        with gzip.open(data_file(name, f"{part}.jsonl.gz"), "rt", encoding="utf-8") as lines:
            rows.append([json.loads(line) for line in lines])
    return TextSet(name, *rows)


def load_sparse_set(name: str) -> Problem:
    """Read ``train.txt.gz`` and ``test.txt.gz`` of a set without text; rows of X have unit norm."""
    from sklearn.preprocessing import normalize

    X, Y = read_xc(data_file(name, "train.txt.gz"))
    X_test, Y_test = read_xc(data_file(name, "test.txt.gz"))
    return Problem(name, normalize(X), Y, normalize(X_test), Y_test)


def plain_tfidf(texts: TextSet) -> Problem:
    """Return the features of the peers, see `plain_vectorizer`."""
    vectorizer = plain_vectorizer(len(texts.train))
    X = vectorizer.fit_transform(title_and_description(texts.train))
    X_test = vectorizer.transform(title_and_description(texts.test))
    Y, Y_test = texts.label_matrices()
    return Problem(texts.name, sp.csr_array(X), Y, sp.csr_array(X_test), Y_test)


def plain_vectorizer(n_rows: int) -> "TfidfVectorizer":
    """Return sublinear TF-IDF of words and word pairs, to be trained on so many rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=2 if n_rows > 20_000 else 1,
        dtype=np.float32,
    )


def title_and_description(rows: list[dict]) -> list[str]:
    """Return one text a row."""
    return [f"{row['title']} {row['description']}" for row in rows]


def read_xc(path: Path) -> tuple[sp.csr_array, sp.csr_array]:
    """Read the text format of the Extreme Classification Repository into ``X`` and ``Y``."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        n_rows, n_features, n_labels = map(int, next(lines).split())
        labels, counts, indices, data = [], [0], [], []
        for line in lines:
            head, _, tail = line.partition(" ")
            labels.append([int(label) for label in head.split(",") if label.strip()])
            pairs = [pair.split(":") for pair in tail.split()]
            indices.extend(int(feature) for feature, _ in pairs)
            data.extend(float(value) for _, value in pairs)
            counts.append(len(indices))
    if len(labels) != n_rows:
        raise ValueError(f"{path}: {len(labels)} rows, the first line says {n_rows}")
    arrays = np.array(data, np.float32), np.array(indices, np.int32), np.array(counts, np.int32)
    return sp.csr_array(arrays, shape=(n_rows, n_features)), indicator(labels, n_labels)


def paths_of(rows: list[dict]) -> set[tuple[str, ...]]:
    return {tuple(path) for row in rows for path in row["paths"]}


def paths_to_columns(paths: list[list[str]], columns: dict[tuple[str, ...], int]) -> list[int]:
    return sorted({columns[tuple(path)] for path in paths})


def indicator(labels: list[list[int]], n_labels: int) -> sp.csr_array:
    """Return the 0/1 matrix of shape (len(labels), n_labels), float32."""
    indptr = np.cumsum([0, *map(len, labels)], dtype=np.int32)
    indices = np.array([label for row in labels for label in row], dtype=np.int32)
    data = np.ones(len(indices), dtype=np.float32)
    return sp.csr_array((data, indices, indptr), shape=(len(labels), n_labels))
