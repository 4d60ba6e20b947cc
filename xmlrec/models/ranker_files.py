"""A ranker as files: text features, label trees, what fusion knows of labels, and the encoder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import load_array, load_forest, save_forest
from xmlrec.encode import load_encoder
from xmlrec.fuse import Examples, FusionWeights, LabelRows
from xmlrec.models.dense import DenseSide, check_examples, no_examples, no_vectors
from xmlrec.models.example_texts import ExampleTexts
from xmlrec.models.parts_training import Parts
from xmlrec.text import TextFeatures

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


def write_ranker(
    folder: Path, features: TextFeatures, parts: Parts, labels: LabelRows, weights: FusionWeights
) -> None:
    """Write ``text``, ``trees`` and ``labels``, and with an encoder ``encoder`` and ``dense``."""
    save_arrays(folder / "text", features.to_arrays())
    settings = json.dumps(features.settings, indent=1) + "\n"
    (folder / "text" / "features.json").write_text(settings, encoding="utf-8")
    save_forest(parts.forest, folder / "trees")
    rows = {
        f"{name}.{part}": getattr(getattr(labels, name), part)
        for name in ("names", "paths", "taught")
        for part in ("indptr", "indices", "data")
    }
    known = {"counts": labels.counts, "parents": labels.parents, "weights": weights.to_array()}
    save_arrays(folder / "labels", rows | known)
    if parts.dense is not None:
        parts.dense.encoder.save(folder / "encoder")
        texts = parts.dense.example_texts._asdict()
        vectors = {"labels": labels.vectors, **labels.examples._asdict(), **texts}
        save_arrays(folder / "dense", vectors)


def read_ranker(folder: Path) -> tuple[TextFeatures, Parts, LabelRows, FusionWeights]:
    """Open what `write_ranker` wrote, memory-mapped; `ValueError` or `OSError` for damage."""
    settings = json.loads((folder / "text" / "features.json").read_text(encoding="utf-8"))
    features = TextFeatures.from_arrays(settings, load_arrays(folder / "text"))
    forest = load_forest(folder / "trees")
    arrays = load_arrays(folder / "labels")
    dense, vectors, examples = read_dense(folder, forest.n_labels)
    labels = LabelRows(
        names=read_rows(arrays, "names", (forest.n_labels, forest.n_features)),
        paths=read_rows(arrays, "paths", (forest.n_labels, forest.n_features)),
        taught=read_rows(arrays, "taught", (forest.n_features, forest.n_labels)),
        vectors=vectors,
        examples=examples,
        counts=arrays["counts"],
        parents=arrays["parents"],
        is_new=np.zeros(forest.n_labels, dtype=np.bool_),
    )
    sizes = {labels.counts.size, labels.parents.size, len(vectors), examples.indptr.size - 1}
    if sizes != {forest.n_labels} or forest.n_features != features.n_features:
        raise ValueError("features, trees and labels come from different models")
    return features, Parts(forest, dense), labels, FusionWeights.from_array(arrays["weights"])


def read_dense(folder: Path, n_labels: int) -> tuple[DenseSide | None, FloatArray, Examples]:
    """Return the dense side, and the vectors of labels and of examples; empty without one."""
    if not (folder / "encoder").is_dir():
        return None, no_vectors(n_labels), no_examples(n_labels)
    encoder, arrays = load_encoder(folder / "encoder"), load_arrays(folder / "dense")
    if arrays.keys() != {"labels", *Examples._fields, *ExampleTexts._fields}:
        raise ValueError(f"{folder / 'dense'} has other files than a ranker's")
    vectors = np.array(arrays["labels"])
    examples = check_examples(Examples(*[arrays[name] for name in Examples._fields]))
    texts = ExampleTexts(*[arrays[name] for name in ExampleTexts._fields])
    texts.check(len(examples.vectors))
    if not encoder.dim == vectors.shape[1] == examples.vectors.shape[1]:
        raise ValueError("encoder and label vectors come from different models")
    return DenseSide(encoder, vectors, texts), vectors, examples


def read_rows(arrays: Arrays, name: str, shape: tuple[int, int]) -> sp.csr_array:
    """Return the sparse array of a name; kernels trust its indices, so they are checked."""
    parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    rows = sp.csr_array(parts, shape=shape)
    rows.check_format(full_check=True)
    return rows


def save_arrays(folder: Path, arrays: Arrays) -> None:
    """Write arrays into a new folder, by name."""
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def load_arrays(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a folder by name, memory-mapped."""
    return {path.name.removesuffix(".npy"): load_array(path) for path in folder.glob("*.npy")}
