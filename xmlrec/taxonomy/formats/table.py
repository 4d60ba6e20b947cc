"""CSV with the columns ``id,parent_id,name`` and optionally ``definition`` and ``aliases``.

The delimiter is a comma, semicolon or tab; other columns are ignored. An empty ``parent_id``
makes a root; a second parent cannot be written (``taxonomy.jsonl`` can). Aliases are separated
by ``|``. White space around a cell does not count.
"""

import csv
import io
from collections.abc import Collection, Iterator, Sequence

from xmlrec.errors import ColumnError, InputError
from xmlrec.taxonomy.formats.draft import Draft, first_line
from xmlrec.taxonomy.node import Node

_NEEDED = ("id", "parent_id", "name")
_OPTIONAL = ("definition", "aliases")
_DELIMITERS = ",;\t"
_MAX_HEADER = 100_000  # characters looked at
_ADVICE = "name the columns id,parent_id,name[,definition,aliases]"


def header_delimiter(line: str, needed: Collection[str] = ("id", "name")) -> str | None:
    """Return the delimiter that makes ``line`` a header with the columns needed, if one does."""
    for delimiter in _DELIMITERS:
        header = next(csv.reader([line[:_MAX_HEADER]], delimiter=delimiter), [])
        if set(needed) <= set(_column_names(header)):
            return delimiter
    return None


def read_table(text: str, source: str) -> Draft:
    """Parse a CSV text.

    Raises
    ------
    ColumnError
        If a needed column is missing or a known one is there twice.
    InputError
        If a quote is never closed.
    """
    columns, rows = open_table(text, source, _NEEDED, _OPTIONAL, advice=_ADVICE)
    return _read_rows(rows, columns)


def open_table(
    text: str, source: str, needed: Sequence[str], optional: Sequence[str], *, advice: str
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the columns of a CSV text, and the line and the cells of each row after them.

    Raises
    ------
    ColumnError
        If a needed column is missing or a known one is there twice.
    InputError
        While rows are read, if a quote is never closed.
    """
    rows = _rows(text, header_delimiter(first_line(text), needed) or ",", source)
    line, header = next(rows)
    columns = _column_names(header)
    place = f"{source}, line {line}"
    for name in (*needed, *optional):
        if columns.count(name) > 1:
            raise ColumnError(place, f"column {name!r} is there twice", "keep one of them")
        if name in needed and name not in columns:
            there = ", ".join(repr(column) for column in columns[:20])
            raise ColumnError(place, f"no column {name!r}; the columns are {there}", advice)
    return columns, rows


def _read_rows(rows: Iterator[tuple[int, list[str]]], columns: list[str]) -> Draft:
    draft = Draft()
    at_id, at_parent, at_name = (columns.index(name) for name in _NEEDED)
    at_definition = columns.index("definition") if "definition" in columns else None
    at_aliases = columns.index("aliases") if "aliases" in columns else None
    for line, cells in rows:
        if len(cells) != len(columns):
            draft.reject(line, f"{len(cells)} cells where the header has {len(columns)}")
            continue
        parent = cells[at_parent].strip()
        node = Node(
            cells[at_id].strip(),
            cells[at_name].strip(),
            (parent,) if parent else (),
            () if at_aliases is None else split_texts(cells[at_aliases]),
            "" if at_definition is None else cells[at_definition].strip(),
        )
        draft.add(node, line)
    return draft


def _rows(text: str, delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each row begins, and its cells; lines without any are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f"the row is not CSV: {error}"
        advice = "close the quote, and double quotes inside quoted cells"
        raise InputError(f"{source}, line {line}", problem, advice) from error


def _column_names(header: list[str]) -> list[str]:
    return [name.strip().casefold() for name in header]


def split_texts(cell: str) -> tuple[str, ...]:
    """Return the texts of a cell, which ``|`` separates."""
    return tuple([text.strip() for text in cell.split("|") if text.strip()])
