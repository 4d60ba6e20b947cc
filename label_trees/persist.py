"""Saving a forest as a folder of ``.npy`` files that are memory-mapped when read.

No pickle: a file holds one array; or, compressed to be sent around, one tree. Who writes the folder
(a model directory, say) makes it appear at once and checks digests; here only shapes and numbers
are checked.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from label_trees.checks import read_only
from label_trees.forest import LOSSES, SCORE_POWERS, LabelForest
from label_trees.tree import LabelTree
from label_trees.weights import NodeWeights, TrainedTree

FORMAT = 2
TREE_ARRAYS = ("slot_indptr", "slot_node", "slot_label")
SMALL = (np.uint8, np.uint16, np.int32)
DTYPES: dict[str, tuple[type[np.generic], ...]] = {
    "slot_indptr": (np.int32,),
    "slot_node": (np.int32,),
    "slot_label": (np.int32,),
    "bias": (np.float32,),
    "scale": (np.float32,),
    "shift": (np.uint8,),
    "bucket_indptr": (np.int64,),
    "row_indptr": (np.int64,),
    "weight_indptr": (np.int64,),
    "bucket_row": (np.int32,),
    "bucket_weight": (np.int32,),
    "row_feature": (np.uint8, np.uint16),
    "row_count": SMALL,
    "output": SMALL,
    "value": (np.float32, np.int8),
}


def save_forest(forest: LabelForest, folder: Path, *, compress: bool = False) -> None:
    """Write ``forest`` into ``folder``, which is made if it does not exist.

    Parameters
    ----------
    compress : bool
        Write one compressed file a tree: smaller, but read whole when opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "format": FORMAT,
        "n_features": forest.n_features,
        "n_labels": forest.n_labels,
        "n_trees": len(forest.trees),
        "loss": forest.loss,
        "score_power": forest.score_power,
        "compressed": compress,
    }
    (folder / "forest.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for number, trained in enumerate(forest.trees):
        arrays = {name: getattr(trained.tree, name) for name in TREE_ARRAYS}
        arrays |= trained.weights._asdict()
        if compress:
            _write(folder / f"tree{number}.npz", partial(np.savez_compressed, **arrays))
        else:
            for name, array in arrays.items():
                _write(folder / f"tree{number}.{name}.npy", partial(np.save, arr=array))


def _write(path: Path, save: Callable[[BinaryIO], None]) -> None:
    aside = path.with_name(f"{path.name}.part")  # path may be the file that an array is mapped from
    with aside.open("wb") as file:
        save(file)
    aside.replace(path)


def load_forest(folder: Path) -> LabelForest:
    """Open what `save_forest` wrote; uncompressed arrays stay on disk until they are used.

    Raises
    ------
    ValueError
        If the folder is of another format, or a file is missing, damaged, or does not fit the rest.
        The numbers in the weight arrays are trusted, so that opening need not read them: who
        fears damage checks digests first.
    """
    path = folder / "forest.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        format_number, n_trees, n_features, n_labels = (
            int(facts[name]) for name in ("format", "n_trees", "n_features", "n_labels")
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be read: {error!r}") from None
    if format_number != FORMAT:
        raise ValueError(
            f"{folder} is of format {format_number}, this version reads {FORMAT}; train again"
        )
    if n_trees < 1:
        raise ValueError(f"{path} names {n_trees} trees, there must be at least 1")
    if facts.get("loss") not in LOSSES:
        raise ValueError(f"{path} names the loss {facts.get('loss')!r}, not one of {LOSSES}")
    if facts.get("score_power") not in SCORE_POWERS:
        raise ValueError(
            f"{path} names the power {facts.get('score_power')!r}, not one of {SCORE_POWERS}"
        )
    return LabelForest(
        trees=tuple(
            _load_tree(folder, number, n_features, n_labels, bool(facts.get("compressed")))
            for number in range(n_trees)
        ),
        n_features=n_features,
        n_labels=n_labels,
        loss=facts["loss"],
        score_power=facts["score_power"],
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


def _load_compressed(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: read_only(arrays[name]) for name in DTYPES}
    except Exception as error:  # as above
        raise ValueError(f"{path} cannot be read: {error}") from None


def _load_tree(
    folder: Path, number: int, n_features: int, n_labels: int, is_compressed: bool
) -> TrainedTree:
    if is_compressed:
        arrays = _load_compressed(folder / f"tree{number}.npz")
    else:
        arrays = {name: load_array(folder / f"tree{number}.{name}.npy") for name in DTYPES}
    for name, array in arrays.items():
        if array.dtype not in DTYPES[name] or array.ndim != 1:
            raise ValueError(
                f"{folder}: {name} of tree {number} holds {array.dtype} of shape {array.shape}, "
                f"expected one row of {' or '.join(np.dtype(kind).name for kind in DTYPES[name])}"
            )
    try:
        tree = LabelTree(**{name: arrays.pop(name) for name in TREE_ARRAYS}, n_labels=n_labels)
    except ValueError as error:
        raise ValueError(f"{folder}: tree {number}: {error}") from None
    weights = NodeWeights(**arrays)
    if not _fits(tree, weights, n_features):
        raise ValueError(f"{folder}: the arrays of tree {number} do not fit together")
    return TrainedTree(tree, weights)


def _fits(tree: LabelTree, weights: NodeWeights, n_features: int) -> bool:
    """Say whether the sizes of all arrays belong together."""
    n_nodes, n_slots = tree.n_nodes, tree.slot_node.size
    indptrs = (weights.bucket_indptr, weights.row_indptr, weights.weight_indptr)
    if weights.shift.size != n_nodes or any(indptr.size != n_nodes + 1 for indptr in indptrs):
        return False
    n_buckets = ((n_features - 1) >> weights.shift.astype(np.int64)) + 2
    n_scales = n_slots if weights.value.dtype == np.int8 else 0
    return bool(
        weights.bias.size == n_slots
        and weights.scale.size == n_scales
        and np.array_equal(np.diff(weights.bucket_indptr), n_buckets)
        and weights.bucket_indptr[0] == weights.row_indptr[0] == weights.weight_indptr[0] == 0
        and weights.bucket_indptr[-1] == weights.bucket_row.size == weights.bucket_weight.size
        and weights.row_indptr[-1] == weights.row_feature.size == weights.row_count.size
        and weights.weight_indptr[-1] == weights.output.size == weights.value.size
    )
