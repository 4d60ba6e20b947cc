"""What scripts that categorize a catalog share: chunks of rows in, JSON lines out."""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

Chunk = tuple[list[str], list[str]]  # ids, texts


def read_chunks(catalog: Path, size: int) -> Iterator[Chunk]:
    """Yield ids and texts of a ``.csv.gz``, so many rows at a time."""
    with gzip.open(catalog, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while chunk := list(islice(rows, size)):
            texts = [f"{row['title']} {row['description']}" for row in chunk]
            yield [row["id"] for row in chunk], texts


def write_answers(
    out: TextIO, ids: Sequence[str], paths: Sequence[list], scores: Sequence[list]
) -> None:
    """Write one JSON object a row with its paths, best first, and their scores."""
    for row_id, of_row, scored in zip(ids, paths, scores, strict=True):
        answer = {"id": row_id, "paths": of_row, "scores": scored}
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
