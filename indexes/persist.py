"""Saving an index as a folder of two ``.npy`` files, memory-mapped when read, and their sizes.

No pickle: a file holds one array. Who writes the folder (a model directory, say) makes it appear
at once and checks digests; here only sizes, types and ids are checked.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from indexes.contract import Ids, Vectors

FORMAT = 1


def save_arrays(folder: Path, ids: Ids, vectors: Vectors) -> None:
    """Write ``ids``, ascending, and their ``vectors`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    _save_array(folder / "ids.npy", ids)
    _save_array(folder / "vectors.npy", vectors)
    sizes = {"format": FORMAT, "dim": vectors.shape[1], "n_ids": len(ids)}
    (folder / "index.json").write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")


def _save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    aside = path.with_name(f"{path.name}.part")  # path may be the file that array is mapped from
    with aside.open("wb") as file:
        np.save(file, array)
    aside.replace(path)


def load_arrays(folder: Path) -> tuple[Ids, Vectors]:
    """Return the ids in memory and the vectors on disk.

    Raises
    ------
    ValueError
        If the folder is of a newer format, or a file is missing, damaged, or does not fit the rest.
    """
    path = folder / "index.json"
    try:
        sizes = json.loads(path.read_text(encoding="utf-8"))
        format_number, dim, n_ids = (int(sizes[name]) for name in ("format", "dim", "n_ids"))
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be read: {error!r}") from None
    if format_number > FORMAT:
        raise ValueError(f"{folder} is of format {format_number}, this version reads {FORMAT}")
    if dim < 1:
        raise ValueError(f"{path} says that vectors have length {dim}, the least is 1")
    ids = np.array(_load_array(folder / "ids.npy", np.int64, (n_ids,)))
    if n_ids and (ids[0] < 0 or (ids[1:] <= ids[:-1]).any()):
        raise ValueError(f"{folder / 'ids.npy'} is damaged: ids must ascend from 0 up")
    return ids, _load_array(folder / "vectors.npy", np.float32, (n_ids, dim))


def _load_array(
    path: Path, dtype: type[np.generic], shape: tuple[int, ...]
) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as error:  # numpy parses headers as Python: damage raises almost anything
        raise ValueError(f"{path} cannot be read: {error}") from None
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(
            f"{path} holds {array.dtype} of shape {array.shape}, expected {np.dtype(dtype)} of "
            f"shape {shape}"
        )
    return array
