"""Take the category paths of a row out of its label column."""

import json
from functools import lru_cache

from xmlrec.catalog.rows import Fault, RowFault
from xmlrec.taxonomy.node import SEPARATOR, name_fault, split_path

Path = tuple[str, ...]

_MAX_PATH_CHARS = 10_000
_N_CACHED = 1 << 14


def parse_paths(value: object) -> tuple[Path, ...]:
    r"""Return the paths in the value of a label column, each once, in their order.

    A value is a list (in CSV: the JSON of one) of paths, or text with one path on each line. A
    path is a list of names, or text: ``A > B > C``, or an id or name alone. Text without
    ``" > "`` is taken apart at every ``>``, since feeds write ``A>B`` as well; a name that
    contains ``>`` is safe in a path with ``" > "`` or in a list. White space around names goes.

    Parameters
    ----------
    value : object
        As `Record.values` has it. None, blank text and an empty list give ().

    Raises
    ------
    RowFault
        With code BAD_LABEL, if the value is something else, or a name is empty or forbidden.
    """
    if isinstance(value, str):
        return _from_short_text(value) if len(value) <= _MAX_PATH_CHARS else _from_text(value)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _bad_label("the label is neither text nor a list of paths")
    paths = [_path(path) for path in value]
    return tuple(dict.fromkeys(paths) if len(paths) > 1 else paths)


def _from_text(text: str) -> tuple[Path, ...]:
    text = text.strip()
    if not text.startswith(("[[", '["')) and text != "[]":
        lines = text.replace("\r", "\n").split("\n")
        return parse_paths([line for line in lines if line and not line.isspace()])
    try:
        return parse_paths(json.loads(text, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        raise _bad_label("the label starts like a JSON list but is none") from None


_from_short_text = lru_cache(maxsize=_N_CACHED)(_from_text)


def _path(path: object) -> Path:
    if isinstance(path, str):
        return _split(path)
    if not isinstance(path, list) or not path:
        raise _bad_label("a path is neither text nor a list of names")
    try:
        return tuple(map(_name, path))
    except TypeError:  # a list or an object, which no cache takes
        raise _bad_label("a path holds something else than names") from None


@lru_cache(maxsize=_N_CACHED)
def _split(path: str) -> Path:
    if len(path) > _MAX_PATH_CHARS:
        raise _bad_label(f"a path is longer than {_MAX_PATH_CHARS:,} characters")
    names = split_path(f" {path} ") if SEPARATOR in path else path.split(SEPARATOR.strip())
    return tuple(map(_name, names))


@lru_cache(maxsize=_N_CACHED)
def _name(name: object) -> str:
    if not isinstance(name, str):
        raise _bad_label("a path holds something else than names")
    if len(name) > _MAX_PATH_CHARS:
        raise _bad_label(f"a name in a path is longer than {_MAX_PATH_CHARS:,} characters")
    name = name.strip()
    if wrong := name_fault(name):
        raise _bad_label(f"a path has a name that cannot be used: {wrong[1]}")
    return name


def _bad_label(message: str) -> RowFault:
    return RowFault(Fault.BAD_LABEL, message)
