"""Formats of results: parts that are made anywhere, and the one file they are put together to."""

from xmlrec.batch.formats.choice import choose_format, choose_list_format
from xmlrec.batch.formats.contract import LineFormat, ListFormat, OutputFormat, ResultFormat
from xmlrec.batch.formats.delimited import Delimited
from xmlrec.batch.formats.json_lines import FlatJsonLines, JsonLines
from xmlrec.batch.formats.parquet import Parquet
from xmlrec.batch.formats.sqlite import Sqlite

__all__ = [
    "Delimited",
    "FlatJsonLines",
    "JsonLines",
    "LineFormat",
    "ListFormat",
    "OutputFormat",
    "Parquet",
    "ResultFormat",
    "Sqlite",
    "choose_format",
    "choose_list_format",
]
