"""One row of a file as its format gives it, and how it becomes a row of a catalog."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xmlrec.catalog.columns import PATHS_COLUMN, Columns
from xmlrec.catalog.labels import parse_paths
from xmlrec.catalog.rows import MAX_FIELD_CHARS, Fault, Row, RowFault

_COMPACT_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Record:
    """Where a row is, and its values by column: text, or whatever JSON holds.

    ``fault`` says why there are no values. ``repairs`` names what has to be repaired in its
    texts: NUL, half surrogate pairs, and bytes that are not UTF-8, which are such halves here
    (as ``surrogateescape`` makes them). ``is_text`` says that all values are text. ``raw`` is b""
    where a row has no text of its own in the file.
    """

    line: int
    byte: int
    raw: bytes
    values: dict[str, Any]
    repairs: tuple[Fault, ...] = ()
    fault: RowFault | None = None
    is_text: bool = False


def decoded(raw: bytes) -> tuple[str, bool]:
    """Return ``raw`` as text, and whether it was UTF-8; a bad byte becomes half a pair."""
    try:
        return raw.decode(), True
    except UnicodeDecodeError:
        return raw.decode("utf-8", "surrogateescape"), False


def needed_repairs(text: str, *, is_utf8: bool) -> tuple[Fault, ...]:
    """Return what is to be repaired in ``text``, all the text of a row."""
    repairs = [Fault.NUL] if "\0" in text else []
    if _SURROGATE.search(text):
        repairs.append(Fault.LONE_SURROGATE if is_utf8 else Fault.INVALID_UTF8)
    return tuple(repairs)


def repaired(text: str) -> str:
    """Return ``text`` without NUL, and with U+FFFD for each half of a surrogate pair."""
    return _SURROGATE.sub("\ufffd", text.replace("\0", ""))


def to_row(record: Record, number: int, columns: Columns, source: str) -> Row:
    """Return the row in ``record``, the ``number``-th of the catalog; take the values from it.

    Raises
    ------
    RowFault
        If it has a fault already, or its id or its label is one.
    """
    if record.fault is not None:
        raise record.fault
    values = record.values
    row_id = str(number) if columns.id is None else _id(record, columns.id)
    for name in columns.keys:
        _id(record, name)
    label = columns.label or PATHS_COLUMN
    paths = None if columns.label is None else parse_paths(values.get(label))
    values.pop(label, None)
    fields: dict[str, str] = values if record.is_text else _fields(values)
    if record.repairs:
        fields = {repaired(name): repaired(text) for name, text in fields.items()}
    if (len(record.raw) > MAX_FIELD_CHARS or not record.raw) and (cut := _cut(fields)):
        fields = fields | cut
        record.repairs += (Fault.FIELD_TOO_LONG,)
    return Row(row_id, fields, paths, record.line, record.byte, source)


def _id(record: Record, column: str) -> str:
    value = record.values.get(column)
    if value is None or isinstance(value, list | dict):
        found = "is missing" if value is None else "is not one value"
        raise RowFault(Fault.BAD_ID, f"the id, column {column!r}, {found}")
    row_id = value if isinstance(value, str) else _text(value)
    if len(row_id) > MAX_FIELD_CHARS:
        message = f"the id, column {column!r}, has more than {MAX_FIELD_CHARS:,} characters"
        raise RowFault(Fault.FIELD_TOO_LONG, message)
    if record.repairs:
        damage = needed_repairs(row_id, is_utf8=Fault.INVALID_UTF8 not in record.repairs)
        if damage:
            raise RowFault(damage[0], f"the id, column {column!r}, is damaged")
    return row_id


def _fields(values: dict[str, object]) -> dict[str, str]:
    return {
        name: value if type(value) is str else _text(value)
        for name, value in values.items()
        if value is not None
    }


def _text(value: object) -> str:
    """Return a JSON value as text: a list of texts joined by spaces, what is nested as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return " ".join(value)
    try:
        return _COMPACT_JSON.encode(value)
    except RecursionError:
        raise RowFault(Fault.BAD_JSON, "nested too deeply") from None


def _cut(fields: dict[str, str]) -> dict[str, str]:
    """Return the texts that are too long, cut: none is used up to there."""
    return {
        name: text[:MAX_FIELD_CHARS] for name, text in fields.items() if len(text) > MAX_FIELD_CHARS
    }


def strings_in(values: object) -> Iterator[str]:
    """Yield all strings in a JSON value, keys included, however nested."""
    stack: list[object] = [values]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())


def written(values: dict[str, object]) -> bytes:
    """Return a row that has no text of its own in its file as JSON."""
    return _COMPACT_JSON.encode(values).encode("utf-8", "surrogateescape")
