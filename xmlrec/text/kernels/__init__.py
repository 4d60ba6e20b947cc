"""Compiled loops of text to features; a kernel calls kernels of its own file only."""

from xmlrec.text.kernels.names import gather_bytes, write_names
from xmlrec.text.kernels.ngrams import (
    EMPTY,
    IGNORED,
    MARK,
    MOST_DIGIT_BITS,
    SEPARATOR,
    SPACELESS,
    WORD,
    count_rows,
    fill_table,
    find_known,
    scan_texts,
    transform_rows,
)

__all__ = [
    "EMPTY",
    "IGNORED",
    "MARK",
    "MOST_DIGIT_BITS",
    "SEPARATOR",
    "SPACELESS",
    "WORD",
    "count_rows",
    "fill_table",
    "find_known",
    "gather_bytes",
    "scan_texts",
    "transform_rows",
    "write_names",
]
