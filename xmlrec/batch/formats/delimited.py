"""CSV and TSV: the wide form of a row, or the flat one."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xmlrec.batch.formats.columns import FLAT, flat_values, header, with_carried
from xmlrec.batch.formats.line_parts import join_parts, part_bytes
from xmlrec.catalog.results import ResultRow, wide_header, wide_values

# and all cells quoted, the rules of https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)")


@dataclass(frozen=True, slots=True)
class Delimited:
    """A table under a header line."""

    delimiter: str
    n_paths: int
    carried: tuple[str, ...] = ()
    flat: bool = False
    excel_safe: bool = False
    gz: bool = False

    @property
    def head(self) -> bytes:
        """The header line."""
        ours = FLAT if self.flat else wide_header(self.n_paths)
        return self._table([header(ours, self.carried)])

    def encode(self, rows: Sequence[ResultRow]) -> bytes:
        """Return one record a row, without a header."""
        return self._table(
            with_carried(
                row,
                flat_values(row) if self.flat else wide_values(row, self.n_paths),
                self.carried,
            )
            for row in rows
        )

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write the header and the parts to ``path``."""
        join_parts(self.head, parts, path, gz=self.gz)

    def _table(self, records: Iterable[Sequence[object]]) -> bytes:
        text = io.StringIO(newline="")
        if self.excel_safe:  # quoted, as a spreadsheet may take another delimiter for one
            writer = csv.writer(text, delimiter=self.delimiter, quoting=csv.QUOTE_ALL)
            writer.writerows(map(_guarded, records))
        else:
            csv.writer(text, delimiter=self.delimiter).writerows(records)
        return part_bytes(text.getvalue(), gz=self.gz)


def _guarded(record: Sequence[object]) -> list[object]:
    return [f"'{cell}" if _is_formula(cell) else cell for cell in record]


def _is_formula(cell: object) -> bool:
    return (
        isinstance(cell, str)
        and cell.startswith(_FORMULA_STARTS)
        and _NUMBER.fullmatch(cell) is None
    )
