"""Read a product catalog row by row, whatever is wrong with some of its rows."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from types import TracebackType
from typing import Self

from xmlrec.catalog.columns import choose_columns
from xmlrec.catalog.csv_rows import csv_records, read_header, sniff_delimiter
from xmlrec.catalog.json_rows import is_json_list, json_records
from xmlrec.catalog.lines import split_lines
from xmlrec.catalog.records import Record, to_row
from xmlrec.catalog.rows import Fault, Reject, Row, RowFault, raw_text
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.catalog.sources import Source
from xmlrec.errors import InputError

_N_PEEKED = 1000
_PEEKED_BYTES = 4 << 20


@dataclass(slots=True)
class ReadCounts:
    """What became of the rows read so far: good ones (some repaired), and rejects by code."""

    n_rows: int = 0
    rejected: Counter[Fault] = field(default_factory=Counter)
    repaired: Counter[Fault] = field(default_factory=Counter)


def read_catalog(
    source: str, settings: CatalogSettings, on_reject: Callable[[Reject], None]
) -> "CatalogReader":
    """Open the catalog ``source``, a path or "-" for standard input, and look at its start.

    ``.jsonl`` and ``.ndjson`` are JSON lines, ``.csv`` and ``.tsv`` tables, each also with
    ``.gz``; anything else and standard input are JSON lines if the first character is ``{``.

    Parameters
    ----------
    on_reject : callable
        Gets every row that cannot be used, in the order of the file.

    Raises
    ------
    InputError
        If the file as a whole cannot be read.
    ColumnError
        If a column that is needed is missing, doubled or ambiguous.
    """
    return CatalogReader(source, settings, on_reject)


class CatalogReader:
    """The rows of an open catalog, to be iterated over once; a context manager.

    Iterating keeps a fixed number of rows in memory. It raises `InputError` only where a file
    breaks off, such as half a gzip file, and only after the last good row.

    Attributes
    ----------
    columns : Columns
        What is in the file, and what for.
    counts : ReadCounts
        Grows while rows are read.
    """

    def __init__(
        self, name: str, settings: CatalogSettings, on_reject: Callable[[Reject], None]
    ) -> None:
        self.counts = ReadCounts()
        self._on_reject = on_reject
        self._source = Source(name, settings.encoding)
        try:
            names, self._records = _open_records(self._source, settings)
            self.columns = choose_columns(self._source.name, names, settings)
        except BaseException:
            self.close()
            raise
        self._rows = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self._source.close()

    def _read(self) -> Iterator[Row]:
        for number, record in enumerate(self._records, start=1):
            try:
                row = to_row(record, number, self.columns)
            except RowFault as fault:
                self._reject(record, fault)
                continue
            if record.repairs:
                self.counts.repaired.update(record.repairs)
            self.counts.n_rows += 1
            yield row
        self.close()
        if self._source.damage is not None:
            problem = f"incomplete: {self._source.damage}; {self.counts.n_rows:,} rows read"
            raise InputError(self._source.name, problem, "get the whole file again")

    def _reject(self, record: Record, fault: RowFault) -> None:
        self.counts.rejected[fault.code] += 1
        self._on_reject(
            Reject(
                source=self._source.name,
                line=record.line,
                byte=record.byte,
                code=fault.code,
                message=fault.message,
                raw=raw_text(record.raw),
            )
        )


def _open_records(
    source: Source, settings: CatalogSettings
) -> tuple[tuple[str, ...], Iterator[Record]]:
    """Return the names of the columns and the records, read as what the file seems to be."""
    lines = split_lines(source)
    name = source.name.lower().removesuffix(".gz")
    is_json = name.endswith((".jsonl", ".ndjson"))
    if not is_json and not name.endswith((".csv", ".tsv")):
        is_json = source.sample.lstrip().startswith((b"{", b"["))
    if is_json:
        if is_json_list(source.sample):
            step = "write one object on each line, as `jq -c '.[]'` does"
            raise InputError(source.name, "it is one JSON list, not JSON lines", step)
        return _peek(source.name, json_records(lines))
    guess = "\t" if name.endswith(".tsv") else sniff_delimiter(source.sample)
    delimiter = settings.delimiter or guess
    names = read_header(source.name, lines, delimiter)
    return names, csv_records(lines, names, delimiter)


def _peek(source: str, records: Iterator[Record]) -> tuple[tuple[str, ...], Iterator[Record]]:
    """Return the keys of the first records, and all records."""
    peeked: list[Record] = []
    names: dict[str, None] = {}
    for record in islice(records, _N_PEEKED):
        peeked.append(record)
        names.update(dict.fromkeys(record.values))
        if record.byte > _PEEKED_BYTES:
            break
    if len(peeked) == _N_PEEKED and (fault := peeked[0].fault) and not names:
        problem = f"none of its first {_N_PEEKED:,} rows can be used; the first is {fault.message}"
        raise InputError(source, problem, "see that it is JSON lines")
    return tuple(names), chain(peeked, records)
