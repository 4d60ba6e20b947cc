"""Saving a forest as a folder of ``.npy`` files that are memory-mapped when read.

No pickle: a file holds one array. Who writes the folder (a model directory, say) makes it appear
at once and checks digests; here only shapes and numbers are checked.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from label_trees.forest import LabelForest
from label_trees.tree import LabelTree
from label_trees.weights import NodeWeights, TrainedTree

FORMAT = 1
TREE_ARRAYS = ("slot_indptr", "slot_node", "slot_label")
WEIGHT_ARRAYS = tuple(field.name for field in fields(NodeWeights))


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
            np.save(folder / f"tree{number}.{name}.npy", getattr(trained.tree, name))
        for name in WEIGHT_ARRAYS:
            np.save(folder / f"tree{number}.{name}.npy", getattr(trained.weights, name))


def load_forest(folder: Path) -> LabelForest:
    """Open what `save_forest` wrote; the arrays stay on disk until they are used.

    Raises
    ------
    ValueError
        If the folder is of a newer format, or a file is missing, damaged, or does not fit the rest.
    """
    try:
        sizes = json.loads((folder / "forest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder / 'forest.json'} cannot be read: {error}") from None
    if sizes["format"] > FORMAT:
        raise ValueError(f"{folder} is of format {sizes['format']}, this version reads {FORMAT}")
    return LabelForest(
        trees=tuple(
            _load_tree(folder, number, sizes["n_labels"]) for number in range(sizes["n_trees"])
        ),
        n_features=sizes["n_features"],
        n_labels=sizes["n_labels"],
    )


def _load_array(path: Path) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _load_tree(folder: Path, number: int, n_labels: int) -> TrainedTree:
    arrays = {
        name: _load_array(folder / f"tree{number}.{name}.npy")
        for name in (*TREE_ARRAYS, *WEIGHT_ARRAYS)
    }
    n_nodes, n_slots = arrays["slot_indptr"].size - 1, arrays["slot_node"].size
    n_rows, n_values = arrays["row_feature"].size, arrays["value"].size
    fits = (
        n_slots == arrays["slot_label"].size == arrays["bias"].size == arrays["slot_indptr"][-1]
        and arrays["slot_label"].max(initial=-1) < n_labels
        and arrays["slot_node"].max(initial=-1) < n_nodes
        and arrays["node_indptr"].size == n_nodes + 1
        and arrays["node_indptr"][-1] == n_rows == arrays["row_indptr"].size - 1
        and arrays["row_indptr"][-1] == n_values == arrays["output"].size
    )
    if not fits:
        raise ValueError(f"{folder}: the arrays of tree {number} do not fit together")
    tree = LabelTree(**{name: arrays[name] for name in TREE_ARRAYS}, n_labels=n_labels)
    return TrainedTree(tree, NodeWeights(**{name: arrays[name] for name in WEIGHT_ARRAYS}))
