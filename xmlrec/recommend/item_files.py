"""An item table as files: ids and fields as JSON lines, the taxonomy, and arrays."""

import json
from pathlib import Path

import numpy as np

from xmlrec.models.ranker_files import load_arrays, read_rows, save_arrays
from xmlrec.recommend.items import ItemTable
from xmlrec.taxonomy import Taxonomy, read_taxonomy, write_taxonomy

_ITEMS, _TAXONOMY, _ARRAYS = "items.jsonl", "taxonomy.jsonl", "arrays"
_FLAGS = ("is_available", "is_predicted")


def write_items(folder: Path, table: ItemTable) -> None:
    """Write a table into a new folder; the same table gives the same bytes."""
    folder.mkdir(parents=True)
    encode = json.JSONEncoder(separators=(",", ":")).encode  # ASCII: any text, and no line break
    lines = [encode(row) for row in zip(table.ids, table.fields, strict=True)]
    text = "".join([f"{line}\n" for line in lines])
    (folder / _ITEMS).write_text(text, encoding="ascii", newline="\n")
    write_taxonomy(table.taxonomy, folder / _TAXONOMY)
    parts = {f"P.{part}": getattr(table.P, part) for part in ("indptr", "indices", "data")}
    save_arrays(folder / _ARRAYS, parts | {name: getattr(table, name) for name in _FLAGS})


def read_items(folder: Path) -> ItemTable:
    """Return the table that `write_items` wrote.

    Raises
    ------
    ValueError, OSError or XmlrecError
        If the files are damaged or missing, or do not fit together.
    """
    with (folder / _ITEMS).open(encoding="ascii") as file:
        rows = [json.loads(line) for line in file]
    arrays = load_arrays(folder / _ARRAYS)
    missing = {"P.indptr", "P.indices", "P.data", *_FLAGS} - arrays.keys()
    if missing:
        raise ValueError(f"{folder / _ARRAYS} lacks {', '.join(sorted(missing))}")
    taxonomy = _taxonomy(folder / _TAXONOMY)
    if any(len(arrays[name]) != len(rows) for name in _FLAGS):
        raise ValueError(f"{folder / _ITEMS} and its arrays come from different tables")
    return ItemTable(
        ids=tuple([item_id for item_id, _ in rows]),
        fields=tuple([fields for _, fields in rows]),
        taxonomy=taxonomy,
        P=read_rows(arrays, "P", (len(rows), len(taxonomy))),
        **{name: np.array(arrays[name], dtype=np.bool_) for name in _FLAGS},
    )


def _taxonomy(path: Path) -> Taxonomy:
    """Return a taxonomy, which may be empty here."""
    if path.stat().st_size:
        return read_taxonomy(path)
    return Taxonomy.from_nodes((), source=str(path))
