"""The output of an audit: the most suspicious rows first.

A part has its rows in the order of the catalog, each a line of JSON behind its suspicion. They are
sorted when all are there, in the memory that a number and a place take for each row.
"""

import csv
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xmlrec.catalog.audit_rows import AUDIT_COLUMNS, AuditRow, audit_values
from xmlrec.catalog.output import is_stream, open_output
from xmlrec.errors import OptionError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_SUFFIXES = (".jsonl", ".ndjson")
_BLOCK_ROWS = 1 << 14
"""Rows in memory while they are put in order."""


@dataclass(frozen=True, slots=True)
class AuditFormat:
    """How an audit is written.

    Attributes
    ----------
    delimiter : str or None
        Of a table; None for JSON lines.
    carried : tuple of str
        Columns of the catalog that rows have under ``input``.
    """

    delimiter: str | None
    carried: tuple[str, ...] = ()

    def encode(self, rows: Sequence[AuditRow], suspicion: Iterable[float]) -> bytes:
        """Return the content of one part."""
        to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        lines = (
            f"{key!r} {to_json(row)}\n"
            for key, row in zip(map(float, suspicion), rows, strict=True)
        )
        return "".join(lines).encode("utf-8", "backslashreplace")

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write the rows of all parts to ``path``, the most suspicious first.

        Equal ones stay in the order of the catalog; those of which nothing can be said come last.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        lines = sorted_lines(list(parts))
        with open_output(path) as output:
            if self.delimiter is None:
                for line in lines:
                    output.write_bytes(line)
                return
            writer = csv.writer(output, delimiter=self.delimiter)
            writer.writerow([*AUDIT_COLUMNS, *self.carried])
            writer.writerows(self._record(json.loads(line)) for line in lines)

    def _record(self, row: AuditRow) -> list[str | float | None]:
        carried = row.get("input", {})
        return [*audit_values(row), *(carried.get(name) for name in self.carried)]


def choose_audit_format(path: str, *, carried: tuple[str, ...] = ()) -> AuditFormat:
    """Return the format of the audit ``path``: .jsonl, .ndjson, .csv or .tsv, also with .gz.

    Raises
    ------
    OptionError
        If it has another name, or is standard output or a pipe.
    """
    if is_stream(path):
        problem = f"an audit is sorted when all of it is there, and cannot go to {path!r}"
        raise OptionError("--out", problem, "name a file")
    _, suffix = os.path.splitext(path.lower().removesuffix(".gz"))
    if suffix not in _DELIMITERS and suffix not in _JSON_SUFFIXES:
        step = "let it end in .jsonl, .csv or .tsv, or one of them and .gz"
        raise OptionError("--out", f"{path!r} does not say how to write an audit", step)
    return AuditFormat(_DELIMITERS.get(suffix), carried)


def sorted_lines(parts: Sequence[Path]) -> Iterator[bytes]:
    """Yield the lines of JSON of all parts, the most suspicious first."""
    keys, numbers, starts = array("d"), array("i"), array("q")
    for number, part in enumerate(parts):
        start = 0
        with part.open("rb") as lines:
            for line in lines:
                keys.append(float(line[: line.index(b" ")]))
                numbers.append(number)
                starts.append(start)
                start += len(line)
    order = np.argsort(-np.array(keys), kind="stable")  # NaN comes last
    of_part, places = np.array(numbers), np.array(starts)
    for lo in range(0, order.size, _BLOCK_ROWS):
        block = order[lo : lo + _BLOCK_ROWS]
        yield from _lines(parts, of_part[block], places[block])


def _lines(
    parts: Sequence[Path],
    numbers: np.ndarray[tuple[int], np.dtype[np.int32]],
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> list[bytes]:
    """Return the lines that start at these places of these parts; a part is opened once."""
    lines = [b""] * len(numbers)
    for number in np.unique(numbers).tolist():
        with parts[number].open("rb") as file:
            for at in np.flatnonzero(numbers == number).tolist():
                file.seek(starts[at])
                lines[at] = file.readline().partition(b" ")[2]
    return lines
