"""Columns of results: which there are in the flat form, and what carried ones are called."""

from collections.abc import Sequence

from xmlrec.catalog.results import ResultRow, Value

FLAT = ("id", "status", "reason", "category_id", "category_path", "confidence")
"""The columns of the flat form, which shows the best path only."""


def header(ours: Sequence[str], carried: Sequence[str]) -> list[str]:
    """Return our columns, and after the first those of the catalog.

    A carried column whose name is taken is prefixed with ``input_``. Names that differ only in
    case are the same, as in SQLite and other databases.
    """
    taken = {name.casefold() for name in ours}
    names = []
    for column in carried:
        name = column
        while name.casefold() in taken:
            name = f"input_{name}"
        taken.add(name.casefold())
        names.append(name)
    return [ours[0], *names, *ours[1:]]


def flat_values(row: ResultRow) -> list[Value]:
    """Return a row under `FLAT`."""
    values: list[Value] = [row["id"], row["status"], row["reason"]]
    if not row["paths"]:
        return [*values, None, None, None]
    best = row["paths"][0]
    return [*values, best["category_id"], best["path_text"], best["confidence"]]


def with_carried(row: ResultRow, values: Sequence[object], carried: Sequence[str]) -> list[object]:
    """Return ``values``, and after the first those that ``row`` carries; None where it has none."""
    given = row.get("input", {})
    return [values[0], *(given.get(column) for column in carried), *values[1:]]
