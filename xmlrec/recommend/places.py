"""Where a row stands, and what is kept of it if it cannot be used."""

import json
from collections.abc import Mapping
from typing import NamedTuple, Self

from xmlrec.catalog import Reject, Row, raw_text
from xmlrec.catalog.rows import RowFault


class Place(NamedTuple):
    """A file, a line from 1, and a byte from 0."""

    source: str
    line: int
    byte: int

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return where a row of a catalog stands."""
        return cls(row.source, row.line, row.byte)

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"

    def reject(self, fault: RowFault, values: Mapping[str, object]) -> Reject:
        """Return the reject of a row, of which JSON keeps the ``values``."""
        raw = json.dumps(values, ensure_ascii=False, default=str)
        return Reject(*self, fault.code, fault.message, raw_text(raw.encode("utf-8", "replace")))
