"""One file of a catalog: what it seems to be, its columns and its records."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from types import TracebackType
from typing import Self

from xmlrec.catalog.columns import PATHS_COLUMN, choose_columns
from xmlrec.catalog.compression import Damage, split_suffix
from xmlrec.catalog.csv_rows import LineFeed, csv_records, read_header, sniff_delimiter
from xmlrec.catalog.exports import (
    SHOPIFY,
    Export,
    fuller_column,
    products,
    recognise,
    split_types,
    usual_names,
)
from xmlrec.catalog.inputs import JSON_SUFFIXES, PARQUET_SUFFIXES, TABLE_SUFFIXES
from xmlrec.catalog.json_rows import is_json_list, json_records
from xmlrec.catalog.lines import read_chunks, split_lines
from xmlrec.catalog.parquet_rows import ParquetSource
from xmlrec.catalog.records import Record
from xmlrec.catalog.rows import ReadCounts
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.catalog.sources import EMPTY, STDIN, Source
from xmlrec.errors import InputError

_N_PEEKED = 1000
_PEEKED_BYTES = 4 << 20

Names = tuple[str, ...]


class CatalogFile:
    """An open file of a catalog; a context manager.

    Attributes
    ----------
    name : str
        What messages call it.
    columns : Columns
        What is in it, and what for.
    records : iterator of Record
        Its rows, to be iterated over once.

    Raises
    ------
    InputError
        If the file as a whole cannot be read.
    ColumnError
        If a column that is needed is missing, doubled or ambiguous.
    """

    def __init__(self, name: str, settings: CatalogSettings, counts: ReadCounts) -> None:
        self._source = _open(name, settings)
        self.name = self._source.name
        try:
            names, records, export = _open_records(self._source, settings)
            if export is not None:
                settings, records = _as_exported(export, settings, names, records, counts)
            self.records = records
            self.columns = choose_columns(self.name, names, settings)
        except BaseException:
            self.close()
            raise

    @property
    def damage(self) -> Damage | None:
        """Why the records ended before the file did."""
        return self._source.damage

    @property
    def n_read_bytes(self) -> int:
        """How much of the file was read, as it lies on the disk; 0 of a pipe, and once closed."""
        return self._source.n_read_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self._source.close()


def _open(name: str, settings: CatalogSettings) -> Source | ParquetSource:
    if name != STDIN and name.lower().endswith(PARQUET_SUFFIXES):
        return ParquetSource(name, settings.max_decompressed)
    source = Source(name, settings.encoding, settings.max_decompressed)
    if settings.needs_labels and not source.sample:
        source.close()
        raise InputError(source.name, EMPTY)
    return source


def _open_records(
    source: Source | ParquetSource, settings: CatalogSettings
) -> tuple[Names, Iterator[Record], Export | None]:
    """Return the names of the columns and the records, read as what the file seems to be.

    Beside them the system whose export it is; the names of its columns are then the usual ones.
    """
    if isinstance(source, Source):
        if not source.sample:
            return (), iter(()), None
        if _is_json(source):
            names, records = _peek(source.name, json_records(split_lines(source)))
            export = recognise(names)
            is_usual = export is not None and usual_names(export, names, settings) == names
            return names, records, export if is_usual else None
        feed = LineFeed(read_chunks(source))
        is_tsv = split_suffix(source.name)[0].endswith(".tsv")
        delimiter = settings.delimiter or ("\t" if is_tsv else sniff_delimiter(source.sample))
        names = read_header(source.name, feed, delimiter)
    else:
        names = source.names
    if export := recognise(names):
        names = usual_names(export, names, settings)
    if isinstance(source, ParquetSource):
        return names, source.records(names), export
    return names, csv_records(feed, names, delimiter), export


def _is_json(source: Source) -> bool:
    bare, _ = split_suffix(source.name)
    is_json = bare.endswith(JSON_SUFFIXES)
    if not is_json and not bare.endswith(TABLE_SUFFIXES):
        is_json = source.sample.lstrip().startswith((b"{", b"["))
    if is_json and is_json_list(source.sample):
        step = "write one object on each line, as `jq -c '.[]'` does"
        raise InputError(source.name, "it is one JSON list, not JSON lines", step)
    return is_json


def _peek(source: str, records: Iterator[Record]) -> tuple[Names, Iterator[Record]]:
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


def _as_exported(
    export: Export,
    settings: CatalogSettings,
    names: Names,
    records: Iterator[Record],
    counts: ReadCounts,
) -> tuple[CatalogSettings, Iterator[Record]]:
    """Return settings that name the export's label column, and records that are its products."""
    if settings.needs_labels and settings.label_column is None and PATHS_COLUMN not in names:
        labels = [name for name in export.labels if name in names]
        if len(labels) == 2:
            label, records = fuller_column(records, *labels)
            settings = replace(settings, label_column=label)
        elif labels:
            settings = replace(settings, label_column=labels[0])
    if export is SHOPIFY:
        records = products(records, names, counts)
    elif settings.label_column == "product_type":
        records = split_types(records, "product_type")
    return settings, records
