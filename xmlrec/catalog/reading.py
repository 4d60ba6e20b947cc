"""Read a product catalog row by row, whatever is wrong with some of its rows."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from types import TracebackType
from typing import Self

from xmlrec.catalog.files import CatalogFile
from xmlrec.catalog.inputs import expand_sources
from xmlrec.catalog.records import Record, to_row, written
from xmlrec.catalog.rows import ReadCounts, Reject, Row, RowFault, raw_text
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.catalog.sources import STDIN
from xmlrec.errors import InputError


def read_catalog(
    sources: str | Sequence[str], settings: CatalogSettings, on_reject: Callable[[Reject], None]
) -> "CatalogReader":
    """Open a catalog, one file or several, and look at the start of each.

    ``.jsonl`` and ``.ndjson`` are JSON lines, ``.csv`` and ``.tsv`` tables, each also compressed;
    ``.parquet`` is Parquet; anything else and standard input are JSON lines if the first character
    is ``{``, else a table.

    Parameters
    ----------
    sources : str or sequence of str
        Files, "-" for standard input, patterns and folders; see `expand_sources`.
    on_reject : callable
        Gets every row that cannot be used, in the order of the files.

    Raises
    ------
    InputError
        If a file as a whole cannot be read.
    ColumnError
        If a column that is needed is missing, doubled or ambiguous.
    """
    names = [sources] if isinstance(sources, str) else sources
    return CatalogReader(expand_sources(names), settings, on_reject)


class CatalogReader:
    """The rows of an open catalog, to be iterated over once; a context manager.

    Iterating keeps a fixed number of rows in memory. It raises `InputError` only where a file
    breaks off, such as half a gzip file, and only after the last good row of the last file.

    Parameters
    ----------
    sources : sequence of str
        Files and "-", one or more, read one after the other. All but pipes are opened before
        anything is read, so that one that cannot be used is known then.

    Attributes
    ----------
    sources : tuple of str
        The files.
    source : str
        The file in hand, of which the last row came.
    columns : Columns
        What is in the first file that is not empty, and what for; each file has its own.
    counts : ReadCounts
        Grows while rows are read.
    """

    def __init__(
        self,
        sources: Sequence[str],
        settings: CatalogSettings,
        on_reject: Callable[[Reject], None],
    ) -> None:
        self.counts = ReadCounts()
        self.sources = tuple(sources)
        self._settings = settings
        self._on_reject = on_reject
        self._place = 0
        self._file = CatalogFile(self.sources[0], settings, self.counts)
        try:
            self._look_at_others()
        except BaseException:
            self.close()
            raise
        self._entries = self._read()

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
        return (entry for entry in self._entries if isinstance(entry, Row))

    def entries(self) -> Iterator[Row | Reject]:
        """Return the rows and between them the rejects, in the order of the files."""
        return self._entries

    @property
    def source(self) -> str:
        """What messages call the file in hand."""
        return self._file.name

    @property
    def share_read(self) -> float | None:
        """How much of the files was read, between 0 and 1; None where one of them is a pipe."""
        if not all(map(os.path.isfile, self.sources)):
            return None
        sizes = [os.path.getsize(name) for name in self.sources]
        before = sum(sizes[: self._place])
        return min((before + self._file.n_read_bytes) / max(sum(sizes), 1), 1.0)

    def close(self) -> None:
        """Close the file in hand; standard input stays open."""
        self._file.close()

    def _look_at_others(self) -> None:
        """Open the other files to see that they can be read; a pipe can be opened only once."""
        self.columns = self._file.columns
        for name in self.sources[1:]:
            is_file = os.path.isfile(name) or not os.path.exists(name)
            if is_file and name != STDIN:
                with CatalogFile(name, self._settings, self.counts) as file:
                    self.columns = self.columns if self.columns.names else file.columns

    def _read(self) -> Iterator[Row | Reject]:
        broken: list[InputError] = []
        number = 0
        for place, name in enumerate(self.sources):
            self._place = place
            try:
                if place:
                    self._file = CatalogFile(name, self._settings, self.counts)
            except InputError as error:
                broken.append(error)
                continue
            n_before = self.counts.n_rows
            number = yield from self._read_file(self._file, number)
            self._file.close()
            self._place = place + 1
            if damage := self._file.damage:
                n_rows = self.counts.n_rows - n_before
                problem = f"incomplete: {damage.problem}; {n_rows:,} rows read"
                broken.append(InputError(self._file.name, problem, damage.next_step))
        if broken:
            raise _all_in_one(broken)

    def _read_file(self, file: CatalogFile, number: int) -> Generator[Row | Reject, None, int]:
        """Yield the rows and rejects of a file, the first of which is number ``number`` + 1."""
        counts, columns, source = self.counts, file.columns, file.name
        for record in file.records:
            number += 1
            try:
                row = to_row(record, number, columns, source)
            except RowFault as fault:
                yield self._reject(record, fault)
                continue
            if record.repairs:
                counts.repaired.update(record.repairs)
            counts.n_rows += 1
            yield row
        return number

    def _reject(self, record: Record, fault: RowFault) -> Reject:
        self.counts.rejected[fault.code] += 1
        reject = Reject(
            source=self._file.name,
            line=record.line,
            byte=record.byte,
            code=fault.code,
            message=fault.message,
            raw=raw_text(record.raw or written(record.values)),
        )
        self._on_reject(reject)
        return reject


def _all_in_one(broken: Sequence[InputError]) -> InputError:
    """Return the first error; it names the other files as well."""
    first, *others = broken
    if not others:
        return first
    names = ", ".join(error.source for error in others)
    return InputError(first.source, f"{first.problem}; incomplete too: {names}", first.next_step)
