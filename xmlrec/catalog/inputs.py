"""Which files a catalog is in: names, patterns and folders become a list of files."""

import glob
import os
from collections.abc import Sequence

from xmlrec.catalog.compression import split_suffix
from xmlrec.catalog.sources import STDIN
from xmlrec.errors import InputError

TABLE_SUFFIXES = (".csv", ".tsv")
JSON_SUFFIXES = (".jsonl", ".ndjson")
PARQUET_SUFFIXES = (".parquet", ".pq")
_REJECTS = ".rejects.jsonl"


def expand_sources(names: Sequence[str]) -> list[str]:
    """Return the files that ``names`` stand for, in the order in which they are read.

    A name is a file, "-" for standard input, a pattern such as ``dump/*.csv.gz`` (``**`` stands
    for any folders), or a folder: for all catalogs right in it. Files of a pattern or a folder come
    sorted by name, without hidden ones and without ``*.rejects.jsonl``. The files themselves are
    not opened. Expanding the result again changes nothing.

    Raises
    ------
    InputError
        If there is no such file, if a pattern or a folder has none, or if one comes twice.
    """
    if not names:
        raise InputError("catalog", "no file is named")
    files = [file for name in names for file in _expand(name)]
    seen: set[str] = set()
    for file in files:
        place = file if file == STDIN else os.path.abspath(file)
        if place in seen:
            raise InputError(file, "it is named twice", "its rows would be read twice")
        seen.add(place)
    return files


def _expand(name: str) -> list[str]:
    if name == STDIN:
        return [name]
    if os.path.isdir(name):
        files = [file for file in _files_in(name) if _is_catalog(file)]
        problem = "it is a folder, not a file"
        step = "name a file in it: none ends in .csv, .tsv, .jsonl, .ndjson or .parquet"
    elif glob.has_magic(name) and not os.path.lexists(name):
        found = glob.glob(name, recursive=True)
        files = [file for file in found if not os.path.isdir(file) and not _is_rejects(file)]
        problem, step = "no file fits this pattern", ""
    elif os.path.lexists(name):
        return [name]
    else:
        raise InputError(name, "there is no such file")
    if not files:
        raise InputError(name, problem, step)
    return sorted(files)


def _files_in(folder: str) -> list[str]:
    try:
        paths = [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError as error:
        raise InputError(folder, f"the folder cannot be read ({error.strerror})") from None
    return [path for path in paths if not os.path.isdir(path)]


def _is_catalog(path: str) -> bool:
    name = os.path.basename(path)
    bare, _ = split_suffix(name)
    is_known = bare.endswith((*TABLE_SUFFIXES, *JSON_SUFFIXES, *PARQUET_SUFFIXES))
    return is_known and not name.startswith(".") and not _is_rejects(name)


def _is_rejects(name: str) -> bool:
    return name.lower().endswith(_REJECTS)
