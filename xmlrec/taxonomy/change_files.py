"""Files about changes: new categories, and what took the place of an old one."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from xmlrec.errors import ChangeError, InputError
from xmlrec.taxonomy.adding import NewCategory, elements_of
from xmlrec.taxonomy.formats.draft import first_line, read_text
from xmlrec.taxonomy.formats.table import header_delimiter, open_table, split_texts
from xmlrec.taxonomy.node import short_id
from xmlrec.taxonomy.resolve import PathResolver
from xmlrec.taxonomy.taxonomy import Taxonomy

_NEW_ADVICE = "name the columns path[,id,definition,aliases,examples]"
_MAPPING_ADVICE = "name the columns old,new, or write lines that begin with \u2192 and \u21d2"
_OLD_MARK, _NEW_MARK = "\u2192", "\u21d2"


def read_new_categories(path: str | Path) -> list[NewCategory]:
    """Read a CSV of categories that are to be added: ``path[,id,definition,aliases,examples]``.

    Several aliases or examples are separated by ``|``; other columns are ignored.

    Raises
    ------
    InputError
        If the file cannot be read, or one row cannot.
    ColumnError
        If a column is missing or there twice.
    """
    source, text = str(path), read_text(Path(path))
    optional = ("id", "definition", "aliases", "examples")
    categories = []
    for line, row in _records(text, source, ("path",), optional, advice=_NEW_ADVICE):
        try:
            elements = elements_of(row["path"])
        except ChangeError as error:
            raise InputError(f"{source}, line {line}", str(error)) from error
        categories.append(
            NewCategory(
                path=elements,
                id=row.get("id") or None,
                definition=row.get("definition", ""),
                aliases=split_texts(row.get("aliases", "")),
                examples=split_texts(row.get("examples", "")),
            )
        )
    return categories


def _records(
    text: str, source: str, needed: Sequence[str], optional: Sequence[str], *, advice: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the stripped cells of each row."""
    columns, rows = open_table(text, source, needed, optional, advice=advice)
    for line, cells in rows:
        if len(cells) != len(columns):
            problem = f"{len(cells)} cells where the header has {len(columns)}"
            raise InputError(f"{source}, line {line}", problem, "quote cells that hold a comma")
        yield line, dict(zip(columns, map(str.strip, cells), strict=True))


class ReleaseMapping(NamedTuple):
    """What a mapping file says: new ids by old id, and the old paths that are not known."""

    targets: dict[str, tuple[str, ...]]
    unknown: list[str]


def read_mapping(path: str | Path, old: Taxonomy, new: Taxonomy) -> ReleaseMapping:
    """Read which categories of ``new`` took the place of one of ``old``.

    A CSV ``old,new``, or Shopify's pairs of lines. Both are ids or paths; nothing as ``new`` says
    that nothing did, several rows of one ``old`` that it was split.

    Raises
    ------
    InputError
        If the file cannot be read, or a category is not in ``new``.
    ColumnError
        If a column is missing or there twice.
    """
    source, text = str(path), read_text(Path(path))
    is_table = header_delimiter(first_line(text), ("old", "new")) is not None
    rows = _table_rows(text, source) if is_table else _marked_rows(text, source)
    find_old, find_new = PathResolver(old), PathResolver(new)
    targets: dict[str, tuple[str, ...]] = {}
    unknown = []
    for line, old_path, new_path in rows:
        old_column = _find(find_old, old, old_path)
        new_column = _find(find_new, new, new_path)
        if new_path and new_column is None:
            problem = f"{new_path!r} is not in the new release"
            raise InputError(f"{source}, line {line}", problem, "correct or remove the row")
        if old_column is None:
            unknown.append(old_path)
            continue
        into = () if new_column is None else (new.ids[new_column],)
        known = targets.get(old.ids[old_column], ())
        targets[old.ids[old_column]] = tuple(dict.fromkeys((*known, *into)))
    return ReleaseMapping(targets, unknown)


def _table_rows(text: str, source: str) -> Iterator[tuple[int, str, str]]:
    for line, row in _records(text, source, ("old", "new"), (), advice=_MAPPING_ADVICE):
        yield line, row["old"], row["new"]


def _marked_rows(text: str, source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the pairs of Shopify's mappings, a line with the old path, then one with the new."""
    old_path = ""
    for line, content in enumerate(io.StringIO(text), start=1):
        mark, path = content[:1], content[1:].strip()
        if mark == _OLD_MARK:
            old_path = path
        elif mark == _NEW_MARK and old_path:
            yield line, old_path, path
        elif content.strip() and mark != "#":
            problem = f"{content.strip()[:40]!r} is neither a CSV header nor such a line"
            raise InputError(f"{source}, line {line}", problem, _MAPPING_ADVICE)


def _find(resolver: PathResolver, taxonomy: Taxonomy, path: str) -> int | None:
    """Return the column of an id or a whole path."""
    for label_id in (path, short_id(path)):
        if label_id in taxonomy:
            return taxonomy.column(label_id)
    try:
        elements = elements_of(path)
    except ChangeError:
        return None
    found = resolver.resolve(elements)
    return found.column if found.column >= 0 and found.n_resolved == len(elements) else None
