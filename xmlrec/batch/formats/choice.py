"""Choose the format of results by the name of their file."""

import os

from xmlrec.batch.formats.contract import ListFormat, ResultFormat
from xmlrec.batch.formats.delimited import Delimited
from xmlrec.batch.formats.json_lines import FlatJsonLines, JsonLines
from xmlrec.batch.formats.lists import DelimitedLists
from xmlrec.batch.formats.parquet import Parquet
from xmlrec.batch.formats.parquet import check_installed as check_parquet
from xmlrec.batch.formats.sqlite import Sqlite
from xmlrec.batch.formats.sqlite import check_installed as check_sqlite
from xmlrec.catalog.output import STDOUT, check_target, is_special
from xmlrec.errors import InputError, OptionError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON = (".jsonl", ".ndjson")
_PARQUET = (".parquet",)
_SQLITE = (".sqlite", ".db")


def choose_format(
    path: str,
    *,
    n_paths: int,
    carried: tuple[str, ...] = (),
    flat: bool = False,
    excel_safe: bool = False,
) -> ResultFormat:
    """Return the format of ``path``: JSON lines for "-" and for pipes that are not called .csv.

    Parameters
    ----------
    path : str
        ``.jsonl``, ``.ndjson``, ``.csv`` or ``.tsv``, each also with ``.gz``; ``.parquet``,
        ``.sqlite`` or ``.db``. "-" and pipes get a `LineFormat`, never compressed.
    n_paths : int
        Categories in a row of the wide form of CSV, at least 1.
    carried : tuple of str
        Columns of the catalog that rows have under ``input``.
    flat : bool
        One best path a row, and no lists.
    excel_safe : bool
        Let no cell be a formula; for CSV and TSV.

    Raises
    ------
    InputError
        If the name says no format, lies in no folder, or a package is missing.
    OptionError
        If ``excel_safe`` is asked of another format, or more is carried than a table can hold.
    """
    is_stream = path == STDOUT or is_special(path)
    zipped = path.lower().endswith(".gz")
    suffix = _suffix(path, is_stream=is_stream, zipped=zipped)
    if not is_stream:
        check_target(path)
    gz = zipped and not is_stream
    carried = tuple(dict.fromkeys(carried))
    delimiter = _DELIMITERS.get(suffix)
    if delimiter is not None:
        return Delimited(delimiter, n_paths, carried, flat=flat, excel_safe=excel_safe, gz=gz)
    if excel_safe:
        raise OptionError("--excel-safe", f"it is for .csv and .tsv files, not for {path}")
    if suffix in _PARQUET:
        check_parquet(path)
        return Parquet(carried, flat=flat)
    if suffix in _SQLITE:
        check_sqlite(path, n_carried=len(carried))
        return Sqlite(carried, flat=flat)
    return FlatJsonLines(carried, gz=gz) if flat else JsonLines(gz=gz)


def choose_list_format(path: str) -> ListFormat:
    """Return the format of lists of items: JSON lines, CSV or TSV, as `choose_format` does.

    Raises
    ------
    InputError
        If the name says another format or none, or lies in no folder.
    """
    is_stream = path == STDOUT or is_special(path)
    zipped = path.lower().endswith(".gz")
    suffix = _suffix(path, is_stream=is_stream, zipped=zipped)
    if suffix in _PARQUET + _SQLITE:
        step = "let it end in .jsonl, .csv or .tsv, or one of them and .gz"
        raise InputError(path, f"lists of items are not written as {suffix}", step)
    if not is_stream:
        check_target(path)
    gz = zipped and not is_stream
    delimiter = _DELIMITERS.get(suffix)
    return JsonLines(gz=gz) if delimiter is None else DelimitedLists(delimiter, gz=gz)


def _suffix(path: str, *, is_stream: bool, zipped: bool) -> str:
    """Return the end of the name without .gz, or ".jsonl" for a stream that has no known one."""
    suffix = os.path.splitext(path.lower().removesuffix(".gz"))[1]
    if suffix in _DELIMITERS or suffix in _JSON:
        return suffix
    if suffix in _PARQUET + _SQLITE and not is_stream and not zipped:
        return suffix
    if is_stream and suffix not in _PARQUET + _SQLITE:
        return _JSON[0]
    problem = "the name does not say in which format to write"
    if suffix in _PARQUET + _SQLITE:
        problem = f"{suffix} is not written " + ("to a pipe" if is_stream else "with .gz")
    step = "let it end in .jsonl, .csv or .tsv, or one of them and .gz, or in .parquet or .sqlite"
    raise InputError(path, problem, step)
