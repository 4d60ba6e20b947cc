"""CSV and TSV: records of fields under a header, found again after a quote that never ends."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator

from xmlrec.catalog.lines import MAX_LINE_BYTES, Line
from xmlrec.catalog.records import Record, decoded, needed_repairs, repaired
from xmlrec.catalog.rows import MAX_FIELDS, Fault, RowFault
from xmlrec.errors import ColumnError, InputError

_MAX_RECORD_LINES = 1000
_MANY_LINES = 10
_DELIMITERS = ",\t;|"


def sniff_delimiter(sample: bytes) -> str:
    """Return the most frequent of comma, tab, semicolon and bar in the first line of a file.

    The comma where there is none of them; what stands in quotes does not count.
    """
    first_line = (sample.lstrip(b"\r\n").splitlines() or [b""])[0]
    unquoted = re.sub(rb'"[^"]*"', b"", first_line).decode("latin-1")
    return max(_DELIMITERS, key=unquoted.count)


def read_header(source: str, lines: Iterator[Line], delimiter: str) -> tuple[str, ...]:
    """Take the header from ``lines`` and return its columns; an unnamed one is "".

    Raises
    ------
    InputError
        If there is no header, or one that cannot be read.
    ColumnError
        If a column comes twice, or there are too many.
    """
    try:
        rows = csv.reader(_header_texts(source, lines), delimiter=delimiter, strict=True)
        columns = tuple(cell.strip() for cell in next(filter(None, rows), ()))
    except csv.Error as error:
        raise InputError(source, f"its header cannot be read ({error})") from None
    if not any(columns):
        raise InputError(source, "there is no header line")
    if len(columns) > MAX_FIELDS:
        raise ColumnError(source, f"it has {len(columns):,} columns, more than {MAX_FIELDS:,}")
    doubled = [name for name, count in Counter(columns).items() if name and count > 1]
    if doubled:
        names = ", ".join(map(repr, doubled))
        raise ColumnError(source, f"its header names {names} more than once", "rename one")
    return columns


def _header_texts(source: str, lines: Iterator[Line]) -> Iterator[str]:
    for _, byte, raw, is_cut in lines:
        if is_cut or byte > MAX_LINE_BYTES:
            raise InputError(source, f"its header is longer than {MAX_LINE_BYTES:,} bytes")
        yield repaired(decoded(raw)[0])


def csv_records(
    lines: Iterator[Line], columns: tuple[str, ...], delimiter: str
) -> Iterator[Record]:
    """Yield every record after the header; columns without a name are left out.

    A record goes over line breaks in quotes. Where a quote seems never to end, the line in which
    it starts becomes a fault and reading goes on at the next line, so that the rows after it are
    not lost in it.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE_BYTES))
    feed = _Feed(lines)
    while True:
        try:
            for cells in csv.reader(feed.texts(), delimiter=delimiter):
                if len(feed.taken) > 1:
                    _check_quotes(feed.taken, cells, len(columns), delimiter)
                if cells:
                    yield _record(feed, cells, columns)
                feed.start_record()
        except RowFault as fault:
            line, byte, raw, _ = feed.taken[0]
            yield Record(line, byte, raw, {}, fault=fault)
            feed.put_back()
        else:
            return


class _Feed:
    """Lines on their way into `csv.reader`, which can be put back when a record goes wrong.

    Attributes
    ----------
    taken : list of Line
        The lines of the record in hand.
    is_utf8 : bool
        Whether all of them are.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._back: deque[Line] = deque()
        self.taken: list[Line] = []
        self.is_utf8 = True

    def texts(self) -> Iterator[str]:
        """Yield the text of each line; raise `RowFault` if the record in hand cannot be one."""
        taken, back = self.taken, self._back
        while line := back.popleft() if back else next(self._lines, None):
            taken.append(line)
            if len(taken) > 1 or line[3]:
                _check_size(taken)
            text, is_utf8 = decoded(line[2])
            self.is_utf8 &= is_utf8
            yield text
        if taken:
            raise RowFault(Fault.UNTERMINATED_QUOTE, "a quote opens and the file ends within it")

    def start_record(self) -> None:
        """Forget the record in hand."""
        self.taken.clear()
        self.is_utf8 = True

    def put_back(self) -> None:
        """Forget only the first line of the record in hand; the others come again."""
        self._back.extendleft(reversed(self.taken[1:]))
        self.start_record()


def _check_size(taken: list[Line]) -> None:
    (_, start, _, is_cut), (_, byte, _, _) = taken[0], taken[-1]
    if is_cut:
        message = f"the line is longer than {MAX_LINE_BYTES:,} bytes"
        raise RowFault(Fault.LINE_TOO_LONG, message)
    if len(taken) > _MAX_RECORD_LINES or byte - start > MAX_LINE_BYTES or taken[-1][3]:
        message = f"a quote opens and does not end within {len(taken) - 1:,} lines"
        raise RowFault(Fault.UNTERMINATED_QUOTE, message)


def _check_quotes(taken: list[Line], cells: list[str], n_columns: int, delimiter: str) -> None:
    """Raise `RowFault` if a record of several lines looks like rows swallowed by an open quote.

    Such a quote ends at the first quote of a later row. Mostly what follows it then breaks the
    rules of quoting, and the number of fields is wrong or the second line starts a good row. If
    not, there are many lines of three or more fields, nearly all of which are good rows, as those
    of a description are not by chance.
    """

    def n_fields(lines: list[Line]) -> int:
        rows = csv.reader((decoded(line[2])[0] for line in lines), delimiter=delimiter, strict=True)
        try:
            return len(next(rows, ()))
        except csv.Error:
            return -1

    if n_fields(taken) == -1:
        swallowed = n_fields(taken[1:]) == n_columns or len(cells) != n_columns
    else:
        is_long = len(taken) > _MANY_LINES and n_columns > 2
        n_good = sum(n_fields([line]) == n_columns for line in taken[1:]) if is_long else 0
        swallowed = n_good > 0.8 * len(taken)
    if swallowed:
        raise RowFault(Fault.UNTERMINATED_QUOTE, "a quote opens that only a later row closes")


def _record(feed: _Feed, cells: list[str], columns: tuple[str, ...]) -> Record:
    line, byte, raw, _ = feed.taken[0]
    if len(feed.taken) > 1:
        raw = b"".join(taken[2] for taken in feed.taken)
    if len(cells) != len(columns):
        message = f"{len(cells):,} fields under a header of {len(columns):,}"
        return Record(line, byte, raw, {}, fault=RowFault(Fault.FIELD_COUNT, message))
    values: dict[str, object] = dict(zip(columns, cells, strict=True))
    values.pop("", None)
    if feed.is_utf8 and b"\0" not in raw:
        return Record(line, byte, raw, values)
    return Record(line, byte, raw, values, needed_repairs("".join(cells), is_utf8=feed.is_utf8))
