"""Saving a forest as a folder of ``.npy`` files that are memory-mapped when read.

No pickle: a file holds one array. Who writes the folder (a model directory, say) makes it appear
at once and checks digests; here only shapes and numbers are checked.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from label_trees.forest import LabelForest
from label_trees.tree import LabelTree
from label_trees.weights import NodeWeights, TrainedTree

FORMAT = 1
TREE_ARRAYS: dict[str, type[np.generic]] = {
    "slot_indptr": np.int32,
    "slot_node": np.int32,
    "slot_label": np.int32,
}
WEIGHT_ARRAYS: dict[str, type[np.generic]] = {
    "bias": np.float32,
    "node_indptr": np.int64,
    "row_feature": np.int32,
    "row_indptr": np.int64,
    "output": np.int32,
    "value": np.float32,
}


def save_forest(forest: LabelForest, folder: Path) -> None:
    """Write ``forest`` into ``folder``, which is made if it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {
        "format": FORMAT,
        "n_features": forest.n_features,
        "n_labels": forest.n_labels,
        "n_trees": len(forest.trees),
    }
    (folder / "forest.json").write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    for number, trained in enumerate(forest.trees):
        for name in TREE_ARRAYS:
            _save_array(folder / f"tree{number}.{name}.npy", getattr(trained.tree, name))
        for name in WEIGHT_ARRAYS:
            _save_array(folder / f"tree{number}.{name}.npy", getattr(trained.weights, name))


def _save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    aside = path.with_name(f"{path.name}.part")  # path may be the file that array is mapped from
    with aside.open("wb") as file:
        np.save(file, array)
    aside.replace(path)


def load_forest(folder: Path) -> LabelForest:
    """Open what `save_forest` wrote; the arrays stay on disk until they are used.

    Raises
    ------
    ValueError
        If the folder is of a newer format, or a file is missing, damaged, or does not fit the rest.
        The numbers in the weight arrays are trusted, so that opening need not read them: who
        fears damage checks digests first.
    """
    path = folder / "forest.json"
    try:
        sizes = json.loads(path.read_text(encoding="utf-8"))
        format_number, n_trees, n_features, n_labels = (
            int(sizes[name]) for name in ("format", "n_trees", "n_features", "n_labels")
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be read: {error!r}") from None
    if format_number > FORMAT:
        raise ValueError(f"{folder} is of format {format_number}, this version reads {FORMAT}")
    if n_trees < 1:
        raise ValueError(f"{path} names {n_trees} trees, there must be at least 1")
    return LabelForest(
        trees=tuple(_load_tree(folder, number, n_labels) for number in range(n_trees)),
        n_features=n_features,
        n_labels=n_labels,
    )


def load_array(path: Path) -> np.ndarray[Any, Any]:
    """Return the array of a ``.npy`` file, memory-mapped.

    Raises
    ------
    ValueError
        If the file is missing or damaged.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as error:  # a damaged header can raise nearly anything, SyntaxError too
        raise ValueError(f"{path} cannot be read: {error}") from None


def _load_vector(path: Path, dtype: type[np.generic]) -> np.ndarray[Any, Any]:
    array = load_array(path)
    if array.dtype != dtype or array.ndim != 1:
        raise ValueError(
            f"{path} holds {array.dtype} of shape {array.shape}, expected one row of "
            f"{np.dtype(dtype)}"
        )
    return array


def _load_tree(folder: Path, number: int, n_labels: int) -> TrainedTree:
    arrays = {
        name: _load_vector(folder / f"tree{number}.{name}.npy", dtype)
        for name, dtype in (TREE_ARRAYS | WEIGHT_ARRAYS).items()
    }
    try:
        tree = LabelTree(**{name: arrays[name] for name in TREE_ARRAYS}, n_labels=n_labels)
    except ValueError as error:
        raise ValueError(f"{folder}: tree {number}: {error}") from None
    n_rows, n_values = arrays["row_feature"].size, arrays["value"].size
    fits = (
        arrays["bias"].size == tree.slot_node.size
        and arrays["node_indptr"].size == tree.n_nodes + 1
        and arrays["node_indptr"][-1] == n_rows == arrays["row_indptr"].size - 1
        and arrays["row_indptr"][-1] == n_values == arrays["output"].size
    )
    if not fits:
        raise ValueError(f"{folder}: the arrays of tree {number} do not fit together")
    return TrainedTree(tree, NodeWeights(**{name: arrays[name] for name in WEIGHT_ARRAYS}))
