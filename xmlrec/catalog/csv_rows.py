"""CSV and TSV: records of fields under a header, found again after a quote that never ends."""

import csv
import re
from collections.abc import Iterator
from itertools import chain

from xmlrec.catalog.columns import check_names
from xmlrec.catalog.lines import MAX_LINE_BYTES, Chunk
from xmlrec.catalog.records import Record, decoded, needed_repairs, repaired
from xmlrec.catalog.rows import Fault, RowFault
from xmlrec.errors import InputError

_MAX_RECORD_LINES = 1000
_MAX_RECORD_BYTES = 4 << 20
_RUN_LINES = 1000
_MANY_LINES = 10
_DELIMITERS = ",\t;|"


def sniff_delimiter(sample: bytes) -> str:
    """Return the most frequent of comma, tab, semicolon and bar in the first line of a file.

    The comma where there is none of them; what stands in quotes does not count.
    """
    first_line = (sample.lstrip(b"\r\n").splitlines() or [b""])[0]
    unquoted = re.sub(rb'"[^"]*"', b"", first_line).decode("latin-1")
    return max(_DELIMITERS, key=unquoted.count)


class LineFeed:
    """Lines on their way into `csv.reader`, which can be put back when a record goes wrong.

    Text goes into the reader in runs of lines, not line by line: this is what makes it fast.

    Attributes
    ----------
    lines : list of bytes
        Those of the last run, and those before it that belong to the record in hand.
    place : int
        Where in them the record in hand starts.
    number, byte : int
        Number and byte offset of the line there.
    is_clean : bool
        Whether all of them are UTF-8 without NUL.
    """

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._runs = _runs(chunks)
        self._waiting: Chunk | None = None
        self.lines: list[bytes] = []
        self.place, self.number, self.byte = 0, 1, 0
        self.is_clean = True

    def texts(self) -> Iterator[str]:
        """Return the texts of the lines; they raise `RowFault` if the record in hand cannot be."""
        return chain.from_iterable(self._texts())

    def _texts(self) -> Iterator[Iterator[str]]:
        yield _decode_all(self.lines[self.place :], is_clean=self.is_clean)
        while run := self._waiting or next(self._runs, None):
            self._waiting = None
            in_hand = self.lines[self.place :]
            if in_hand and (run.is_cut or _is_too_large(in_hand)):
                self._waiting = run
                raise _endless(in_hand)
            is_clean = _is_clean(run.lines)
            if not in_hand:
                self.number, self.byte, self.is_clean = run.number, run.byte, is_clean
            self.lines, self.place = in_hand + run.lines, 0
            self.is_clean &= is_clean
            if run.is_cut:
                message = f"the line is longer than {MAX_LINE_BYTES:,} bytes"
                raise RowFault(Fault.LINE_TOO_LONG, message)
            yield _decode_all(run.lines, is_clean=is_clean)
        if self.place < len(self.lines):
            raise RowFault(Fault.UNTERMINATED_QUOTE, "a quote opens and the file ends within it")

    def skip(self, n_lines: int) -> None:
        """Go on by so many lines: the record in hand is done, or its first line given up."""
        n_bytes = sum(map(len, self.lines[self.place : self.place + n_lines]))
        self.place += n_lines
        self.number += n_lines
        self.byte += n_bytes


def _runs(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Cut chunks so that a quote that never ends does not take in much more than it may."""
    for number, byte, lines, is_cut in chunks:
        for start in range(0, len(lines), _RUN_LINES):
            run = lines[start : start + _RUN_LINES]
            yield Chunk(number, byte, run, is_cut)
            number += len(run)
            byte += sum(map(len, run))


def _is_clean(lines: list[bytes]) -> bool:
    text, is_utf8 = decoded(b"".join(lines))
    return is_utf8 and "\0" not in text


def _decode_all(lines: list[bytes], *, is_clean: bool) -> Iterator[str]:
    return map(bytes.decode, lines) if is_clean else (decoded(line)[0] for line in lines)


def read_header(source: str, feed: LineFeed, delimiter: str) -> tuple[str, ...]:
    """Take the header from ``feed`` and return its columns; an unnamed one is "".

    Raises
    ------
    InputError
        If there is no header, or one that cannot be read.
    ColumnError
        If a column comes twice, or there are too many.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE_BYTES))
    rows = csv.reader(map(repaired, feed.texts()), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    n_before = 0
    try:
        for cells in rows:
            feed.skip(rows.line_num - n_before)
            n_before = rows.line_num
            if cells:
                columns = tuple(cell.strip() for cell in cells)
                break
    except csv.Error as error:
        raise InputError(source, f"its header cannot be read ({error})") from None
    except RowFault as fault:
        raise _header_error(source, fault) from None
    if not any(columns):
        raise InputError(source, "there is no header line")
    return check_names(source, columns)


def _header_error(source: str, fault: RowFault) -> InputError:
    if fault.code == Fault.LINE_TOO_LONG:
        return InputError(source, f"its header is longer than {MAX_LINE_BYTES:,} bytes")
    return InputError(source, f"its header cannot be read ({fault.message})")


def csv_records(feed: LineFeed, columns: tuple[str, ...], delimiter: str) -> Iterator[Record]:
    """Yield every record after the header; columns without a name are left out.

    A record goes over line breaks in quotes. Where a quote seems never to end, the line in which
    it starts becomes a fault and reading goes on at the next line, so that the rows after it are
    not lost in it.
    """
    while True:
        rows = csv.reader(feed.texts(), delimiter=delimiter)
        n_before = 0
        try:
            for cells in rows:
                n_lines = rows.line_num - n_before
                n_before += n_lines
                if n_lines > 1:
                    taken = feed.lines[feed.place : feed.place + n_lines]
                    _check_quotes(taken, cells, len(columns), delimiter)
                if cells:
                    yield _record(feed, n_lines, cells, columns)
                feed.skip(n_lines)
        except RowFault as fault:
            yield Record(feed.number, feed.byte, feed.lines[feed.place], {}, fault=fault)
            feed.skip(1)
        else:
            return


def _is_too_large(taken: list[bytes]) -> bool:
    return len(taken) > _MAX_RECORD_LINES or (
        len(taken) > 1 and sum(map(len, taken)) > _MAX_RECORD_BYTES
    )


def _endless(taken: list[bytes]) -> RowFault:
    message = f"a quote opens and does not end within {len(taken):,} lines"
    return RowFault(Fault.UNTERMINATED_QUOTE, message)


def _check_quotes(taken: list[bytes], cells: list[str], n_columns: int, delimiter: str) -> None:
    """Raise `RowFault` if a record of several lines looks like rows swallowed by an open quote.

    Such a quote ends at the first quote of a later row. Mostly what follows it then breaks the
    rules of quoting, and the number of fields is wrong or the second line starts a good row. If
    not, there are many lines of three or more fields, nearly all of which are good rows, as those
    of a description are not by chance.
    """

    def n_fields(lines: list[bytes]) -> int:
        rows = csv.reader((decoded(line)[0] for line in lines), delimiter=delimiter, strict=True)
        try:
            return len(next(rows, ()))
        except csv.Error:
            return -1

    if _is_too_large(taken):
        raise _endless(taken)
    if n_fields(taken) == -1:
        swallowed = n_fields(taken[1:]) == n_columns or len(cells) != n_columns
    else:
        is_long = len(taken) > _MANY_LINES and n_columns > 2
        n_good = sum(n_fields([line]) == n_columns for line in taken[1:]) if is_long else 0
        swallowed = n_good > 0.8 * len(taken)
    if swallowed:
        raise RowFault(Fault.UNTERMINATED_QUOTE, "a quote opens that only a later row closes")


def _record(feed: LineFeed, n_lines: int, cells: list[str], columns: tuple[str, ...]) -> Record:
    raw = feed.lines[feed.place]
    if n_lines > 1:
        raw = b"".join(feed.lines[feed.place : feed.place + n_lines])
    if len(cells) != len(columns):
        message = f"{len(cells):,} fields under a header of {len(columns):,}"
        fault = RowFault(Fault.FIELD_COUNT, message)
        return Record(feed.number, feed.byte, raw, {}, fault=fault)
    values = dict(zip(columns, cells))  # noqa: B905  # checked above; here it takes half as long
    values.pop("", None)
    repairs: tuple[Fault, ...] = ()
    if not feed.is_clean:
        repairs = needed_repairs("".join(cells), is_utf8=decoded(raw)[1])
    return Record(feed.number, feed.byte, raw, values, repairs, None, True)
