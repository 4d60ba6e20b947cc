"""What reading a catalog gives: rows, and rejects for the rows that cannot be used."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import NamedTuple

MAX_FIELD_CHARS = 1 << 20
MAX_FIELDS = 10_000
_RAW_BYTES = 1024


class Fault(StrEnum):
    """What can be wrong with one row: it is rejected or repaired, and counted, never fatal."""

    BAD_JSON = "BAD_JSON"  # not one JSON object on one line
    DUPLICATE_KEY = "DUPLICATE_KEY"  # a JSON object with a key twice
    FIELD_COUNT = "FIELD_COUNT"  # more or fewer fields than the header of a CSV file
    UNTERMINATED_QUOTE = "UNTERMINATED_QUOTE"  # reading goes on at the next line
    FIELD_TOO_LONG = "FIELD_TOO_LONG"  # an id of more than MAX_FIELD_CHARS; else cut there
    LINE_TOO_LONG = "LINE_TOO_LONG"  # longer than lines.MAX_LINE_BYTES
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"  # more than MAX_FIELDS
    BAD_ID = "BAD_ID"  # missing, null, a list or an object
    DUPLICATE_ID = "DUPLICATE_ID"  # of an item that a catalog for recommending has already
    BAD_AVAILABLE = "BAD_AVAILABLE"  # neither yes nor no
    BAD_TIME = "BAD_TIME"  # of an event: no time at all, or one that is missing where others have
    BAD_WEIGHT = "BAD_WEIGHT"  # of an event: not a number above 0
    BAD_LABEL = "BAD_LABEL"  # a category path that cannot be taken apart
    BAD_PATH = "BAD_PATH"  # cannot become a category; this and the next two leave out one path
    AMBIGUOUS_PATH = "AMBIGUOUS_PATH"  # fits several categories
    UNKNOWN_PATH = "UNKNOWN_PATH"  # not in the taxonomy, with --strict
    INVALID_UTF8 = "INVALID_UTF8"  # in an id or a label: rejected; else repaired to U+FFFD
    NUL = "NUL"  # in an id or a label: rejected; else removed
    LONE_SURROGATE = "LONE_SURROGATE"  # half a JSON escape pair; treated like INVALID_UTF8
    NOT_A_NUMBER = "NOT_A_NUMBER"  # NaN or Infinity, which JSON does not have: read as null
    FAILED = "FAILED"  # classification raised an error on it; this and the next two are of a batch
    TIMED_OUT = "TIMED_OUT"  # classification took too long
    WORKER_DIED = "WORKER_DIED"  # the process that classified it ended, again when it was alone


class RowFault(Exception):
    """A row that cannot be used; caught where rows are read, and made into a `Reject`."""

    def __init__(self, code: Fault, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Row(NamedTuple):  # a frozen dataclass takes three times as long to make
    """One product as it stands in a catalog.

    Attributes
    ----------
    id : str
        Byte for byte as in the file: no number is ever made of it.
    fields : dict of str to str
        Every column but the one with the labels, ``paths`` if none was read; a JSON null is absent.
    paths : tuple of tuple of str, or None
        The row's category paths; () where the row gives none, None where no labels were wanted.
    line, byte : int
        Where the row starts: physical line from 1; offset from 0 in the decompressed text.
    source : str
        The file that it stands in.
    """

    id: str
    fields: dict[str, str]
    paths: tuple[tuple[str, ...], ...] | None
    line: int
    byte: int
    source: str

    def reject(self, code: Fault, message: str) -> "Reject":
        """Return the reject of a row that was read but cannot be answered."""
        raw = json.dumps({"id": self.id, **self.fields}, ensure_ascii=False)
        raw = raw_text(raw.encode("utf-8", "backslashreplace"))
        return Reject(self.source, self.line, self.byte, code, message, raw)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be used, and why; ``raw`` is the first kilobyte of it."""

    source: str
    line: int
    byte: int
    code: Fault
    message: str
    raw: str

    def to_json(self) -> str:
        """Return one line of strict JSON, without the line break."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(slots=True)
class ReadCounts:
    """What became of the rows read so far: good ones (some repaired), and rejects by code.

    ``n_skipped`` counts lines that go on with the product above: variants and pictures of a
    Shopify export.
    """

    n_rows: int = 0
    n_skipped: int = 0
    rejected: Counter[Fault] = field(default_factory=Counter)
    repaired: Counter[Fault] = field(default_factory=Counter)


def raw_text(raw: bytes) -> str:
    r"""Return the first kilobyte of ``raw`` as text; a byte that is not UTF-8 becomes ``\xNN``."""
    return raw[:_RAW_BYTES].rstrip(b"\r\n").decode("utf-8", "backslashreplace")
