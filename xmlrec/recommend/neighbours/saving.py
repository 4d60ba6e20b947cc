"""A neighbour index as a folder of ``.npy`` files, which are memory-mapped when read."""

import json
from pathlib import Path

import numpy as np

from label_trees.persist import load_array
from xmlrec.errors import ModelError
from xmlrec.recommend.neighbours.building import NeighbourArrays
from xmlrec.recommend.neighbours.settings import NeighbourSettings

FORMAT = 1
FACTS = "neighbours.json"

DTYPES = {
    "indptr": np.int64,
    "items": np.int32,
    "weights": np.float32,
    "item_indptr": np.int64,
    "item_sessions": np.int32,
    "item_places": np.int32,
    "rule_indptr": np.int64,
    "rule_items": np.int32,
    "rule_weights": np.float32,
    "id_indptr": np.int64,
    "id_bytes": np.uint8,
}


def write_arrays(arrays: NeighbourArrays, settings: NeighbourSettings, folder: Path) -> None:
    """Write an index into ``folder``, which is made if it does not exist.

    Who writes a model directory makes the folder appear at once, and checks digests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"format": FORMAT, "settings": settings.to_json()}
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for name, array in arrays._asdict().items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def read_arrays(folder: Path) -> tuple[NeighbourArrays, NeighbourSettings]:
    """Return what `write_arrays` wrote; the numbers in the arrays are trusted, not their sizes.

    Raises
    ------
    ModelError
        If a file is missing, damaged, of another format, or does not fit the rest.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        format_number, settings = facts["format"], NeighbourSettings.from_json(facts["settings"])
        arrays = NeighbourArrays(**{name: load_array(folder / f"{name}.npy") for name in DTYPES})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(str(folder), f"neighbours cannot be read: {error}") from None
    if format_number != FORMAT:
        raise ModelError(
            str(folder), f"neighbours of format {format_number}, expected {FORMAT}", "fit it again"
        )
    for name, array in arrays._asdict().items():
        if array.dtype != DTYPES[name] or array.ndim != 1:
            raise ModelError(str(folder), f"{name} holds {array.dtype} of shape {array.shape}")
    if not _fit_together(arrays):
        raise ModelError(str(folder), "the arrays of the neighbours do not fit together")
    return arrays, settings


def _fit_together(arrays: NeighbourArrays) -> bool:
    """Say whether the sizes of all arrays belong together."""
    rows = (
        (arrays.indptr, arrays.items, arrays.weights),
        (arrays.item_indptr, arrays.item_sessions, arrays.item_places),
        (arrays.rule_indptr, arrays.rule_items, arrays.rule_weights),
        (arrays.id_indptr, arrays.id_bytes),
    )
    return (
        arrays.indptr.size == arrays.id_indptr.size
        and arrays.item_indptr.size == arrays.rule_indptr.size
        and all(
            indptr.size > 0 and indptr[0] == 0 and all(part.size == indptr[-1] for part in parts)
            for indptr, *parts in rows
        )
    )
