"""Write result rows and rejects, as JSON lines or CSV."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from xmlrec.catalog.output import STDOUT, TextOutput, is_special, open_output, remove
from xmlrec.catalog.results import ResultRow, wide_header, wide_values
from xmlrec.catalog.rows import Reject
from xmlrec.errors import InputError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_SUFFIXES = (".jsonl", ".ndjson")

WriteRow = Callable[[ResultRow], None]


@contextmanager
def open_results(path: str, *, n_paths: int) -> Iterator[WriteRow]:
    """Give a function that writes a result row to ``path``; see `open_output` for what is kept.

    ``.jsonl`` and ``.ndjson`` get one strict JSON object on each line (NaN is a `ValueError`),
    ``.csv`` and ``.tsv`` the wide form of ``n_paths`` categories under a header, each also with
    ``.gz``. Standard output, "-", and pipes get JSON lines.

    Raises
    ------
    InputError
        If the name says no format, or the file cannot be written.
    """
    _, suffix = os.path.splitext(path.lower().removesuffix(".gz"))
    delimiter = _DELIMITERS.get(suffix)
    if delimiter is None and suffix not in _JSON_SUFFIXES and not _is_stream(path):
        step = "let it end in .jsonl, .csv or .tsv, or one of them and .gz"
        raise InputError(path, "the name does not say in which format to write", step)
    with open_output(path) as output:
        if delimiter is None:
            yield _json_writer(output)
        else:
            yield _csv_writer(output, delimiter, n_paths)


class RejectsWriter:
    """Writes rejects to ``path`` as JSON lines; a context manager, and called for each reject.

    There is a file only if there are rejects. A run that ends well without any removes the file
    of the run before; a run that fails leaves it as it is.

    Parameters
    ----------
    path : str or None
        None writes nothing; see `rejects_path`.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._stack = ExitStack()
        self._output: TextOutput | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, reject: Reject) -> None:
        """Write one reject."""
        if self.path is None:
            return
        if self._output is None:
            self._output = self._stack.enter_context(open_output(self.path))
        self._output.write(reject.to_json() + "\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if error is None and self._output is None and self.path is not None:
            remove(self.path)


def rejects_path(path: str) -> str | None:
    """Return the file for the rejects of the results in ``path``; None beside "-" and pipes."""
    return None if _is_stream(path) else f"{path}.rejects.jsonl"


def _is_stream(path: str) -> bool:
    return path == STDOUT or is_special(path)


def _json_writer(output: TextOutput) -> WriteRow:
    encode = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
    ).encode
    return lambda row: output.write(encode(row) + "\n")


def _csv_writer(output: TextOutput, delimiter: str, n_paths: int) -> WriteRow:
    writer = csv.writer(output, delimiter=delimiter)
    writer.writerow(wide_header(n_paths))
    return lambda row: writer.writerow(wide_values(row, n_paths))
