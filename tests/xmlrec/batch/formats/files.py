"""Rows, and what their files look like to other programs."""

import csv
import gzip
import json
import sqlite3
from contextlib import closing

from xmlrec.batch.formats import choose_format
from xmlrec.catalog import result_path, result_row

LAPTOPS = result_path("328", ["Electronics", "Laptops"], -0.25, 0.75, [0.9, 0.75])
TABLETS = result_path("00329", ["Electronics", "Tablets"], -1.5, 0.125, [0.9, 0.125])
NAMES = (
    "out.jsonl",
    "out.ndjson",
    "out.jsonl.gz",
    "out.csv",
    "out.tsv",
    "out.csv.gz",
    "out.parquet",
    "out.sqlite",
    "out.db",
)
KINDS = ("out.jsonl", "out.jsonl.gz", "out.csv", "out.csv.gz", "out.parquet", "out.sqlite")
"""One name of each way of writing."""


def answered(row_id, carried=None):
    row = result_row(row_id, [LAPTOPS], [TABLETS], taxonomy="google", model="fast")
    return row if carried is None else {**row, "input": carried}


def abstained(row_id):
    return result_row(
        row_id, [], [LAPTOPS], taxonomy="google", model="fast", status="abstain", reason="excluded"
    )


def write_parts(folder, results, parts):
    """Write each part's rows into ``folder``; return the files in order."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:05d}.part" for number in range(len(parts))]
    for path, rows in zip(paths, parts, strict=True):
        path.write_bytes(results.encode(rows))
    return paths


def write_output(path, *parts, n_paths=2, **options):
    """Write parts and put them together to ``path``; the parts stand in a folder beside it."""
    results = choose_format(str(path), n_paths=n_paths, **options)
    results.assemble(write_parts(path.parent / "parts", results, parts), str(path))


def read_rows(path):
    """Return a mapping a row, read with the library that a user would take."""
    name = path.name
    if name.endswith(".parquet"):
        from pyarrow import parquet

        with open(path, "rb") as file:
            return parquet.read_table(file).to_pylist()
    if name.endswith((".sqlite", ".db")):
        return read_table(path, "SELECT * FROM results ORDER BY row")
    opened = gzip.open if name.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        if "json" in name:
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file, delimiter="\t" if ".tsv" in name else ","))


def read_table(path, query):
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query)]
