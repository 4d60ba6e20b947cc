"""Files that write each category as its whole path: Google, Shopify, and bare paths.

The parent of ``A > B > C`` is the category of ``A > B``. Where several have this path (some
translations of Shopify's have), it is the one listed last before the child, as these files list
a subtree below its root. White space around ids and names does not count, and lines that begin
with ``#`` are comments.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from xmlrec.errors import InputError
from xmlrec.taxonomy.formats.draft import Draft
from xmlrec.taxonomy.lint import Problem
from xmlrec.taxonomy.node import SEPARATOR, Node, path_id, short_id, split_path

_GOOGLE, _SHOPIFY = " - ", " : "


class PathRow(NamedTuple):
    """A category by its path; an id of None means that the file has none."""

    id: str | None
    path: str
    line: int | None


def read_paths(text: str, *, strict: bool) -> Draft:
    """Parse ``id - A > B``, ``gid : A > B`` or ``A > B``, whichever most lines are.

    Shopify's ids are kept without ``gid://shopify/TaxonomyCategory/``, as its other files have
    them. Bare paths get ids made from them, ancestors without a line are added before their first
    descendant, and a path that is there twice counts once.
    """
    lines = list(_content(text))
    for mark in (_SHOPIFY, _GOOGLE):
        if 2 * sum(_has_id(line, mark) for _, line in lines) > len(lines):
            return _read_lines(lines, mark, strict=strict)
    rows = [PathRow(None, _tidy(line), number) for number, line in lines]
    return draft_of_paths(rows, Draft(), strict=False)


def read_yaml(text: str, source: str, *, strict: bool) -> Draft:
    """Parse a YAML list of ``{id, full_name}``; every scalar is taken as text."""
    import yaml

    try:
        entries = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = source if mark is None else f"{source}, line {mark.line + 1}"
        problem = f"broken YAML ({getattr(error, 'problem', None) or 'nested too deeply'})"
        raise InputError(place, problem, "give a list of {id, full_name}") from error
    draft, rows = Draft(), []
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], start=1):
        fields = entry if isinstance(entry, dict) else {}
        label_id, path = fields.get("id"), fields.get("full_name")
        if isinstance(label_id, str) and isinstance(path, str):
            rows.append(PathRow(label_id.strip(), _tidy(path), None))
        else:
            draft.reject(None, f"entry {number} is not {{id, full_name}}")
    return draft_of_paths(rows, draft, strict=strict)


def draft_of_paths(rows: Sequence[PathRow], draft: Draft, *, strict: bool) -> Draft:
    """Add the nodes of ``rows`` to ``draft``: parents found by path, ids made where there are none.

    An ancestor that has no row is added if not ``strict``, else its child is an orphan.
    """
    first = {row.path: row.id for row in reversed(rows) if row.id is not None}
    taken = {row.id for row in rows if row.id is not None}
    seen: dict[str, str] = {}

    def add(path: str, label_id: str | None, line: int | None) -> None:
        above, _, name = path.rpartition(SEPARATOR)
        parent = seen.get(above) or first.get(above)
        if label_id is None:
            label_id = path_id(path, taken)
            taken.add(label_id)
        seen[path] = label_id
        draft.add(Node(label_id, name, (parent,) if parent else ()), line)

    for row in rows:
        if row.id is None and row.path in seen:
            continue
        missing = []
        above = row.path.rpartition(SEPARATOR)[0]
        while above and above not in seen and above not in first:
            missing.append(above)
            above = above.rpartition(SEPARATOR)[0]
        if missing and strict:
            draft.problems.append(_orphan(row, missing[0]))
        else:
            for path in reversed(missing):
                add(path, None, row.line)
        add(row.path, row.id, row.line)
    return draft


def _orphan(row: PathRow, parent_path: str) -> Problem:
    message = f"category {row.id!r}: its parent {parent_path!r} does not exist"
    return Problem("error", "orphan", row.id or "", row.line, message)


def _content(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _tidy(path: str) -> str:
    return SEPARATOR.join(split_path(path))


def _split_id(line: str, mark: str) -> tuple[str, str] | None:
    label_id, found, path = line.partition(mark)
    label_id = label_id.strip()
    return (label_id, path) if found and len(label_id.split()) == 1 else None


def _has_id(line: str, mark: str) -> bool:
    """Say whether ``line`` begins with what looks like an id: one word, a digit or gid:// in it."""
    label_id, _ = _split_id(line, mark) or ("", "")
    return label_id.startswith("gid://") or any(map(str.isdigit, label_id))


def _read_lines(lines: Iterable[tuple[int, str]], mark: str, *, strict: bool) -> Draft:
    draft, rows = Draft(), []
    for number, line in lines:
        if parts := _split_id(line, mark):
            rows.append(PathRow(short_id(parts[0]), _tidy(parts[1]), number))
        else:
            draft.reject(number, f"{line[:60]!r} is not 'id{mark}A > B' as most lines are")
    return draft_of_paths(rows, draft, strict=strict)
