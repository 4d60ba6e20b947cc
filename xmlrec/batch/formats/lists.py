"""Lists of items as CSV and TSV: one record an item."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xmlrec.batch.formats.line_parts import join_parts, part_bytes

COLUMNS = ("session_id", "rank", "item_id", "score")


@dataclass(frozen=True, slots=True)
class DelimitedLists:
    """A table under a header line; a session without items has one record, with its id alone."""

    delimiter: str
    gz: bool = False

    @property
    def head(self) -> bytes:
        """The header line."""
        return self._table([COLUMNS])

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the records of these answers, without a header."""
        return self._table(record for row in rows for record in _records(row))

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write the header and the parts to ``path``."""
        join_parts(self.head, parts, path, gz=self.gz)

    def _table(self, records: Iterable[Sequence[object]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter).writerows(records)
        return part_bytes(text.getvalue(), gz=self.gz)


def _records(row: Mapping[str, Any]) -> list[tuple[object, ...]]:
    if not row["items"]:
        return [(row["id"], None, None, None)]
    items = enumerate(row["items"], start=1)
    return [(row["id"], rank, item["item_id"], item["score"]) for rank, item in items]
