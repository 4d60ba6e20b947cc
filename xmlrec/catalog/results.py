"""The shape of a result: one row for each row of the catalog, in every format."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict, get_args

from xmlrec.taxonomy.node import SEPARATOR

SCHEMA = 1
"""The number of this shape; it grows when a key changes its meaning or goes."""

Status = Literal["ok", "review", "abstain", "error"]
Reason = Literal[
    "empty_text",
    "no_known_words",
    "low_confidence",
    "ambiguous_siblings",
    "no_category_fits",
    "excluded",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
Value = str | float | None


class ResultPath(TypedDict):
    """One category that an item may belong to; the id is the one in the taxonomy.

    ``confidence`` is the probability that the item belongs there, ``level_confidence`` that of each
    category on the path from the root, itself the last.
    """

    category_id: str
    path: list[str]
    path_text: str
    score: float
    confidence: float | None
    level_confidence: list[float] | None


class ResultRow(TypedDict):
    """What is said about one item.

    ``paths`` are the categories that hold, ``alternatives`` the next best ones, each best first.
    ``reason`` says why the status is not "ok" (such as "empty_text"), ``error`` what went wrong
    where it is "error". ``taxonomy`` and ``model`` name the versions that answered. ``input`` are
    the catalog's columns that were to be carried through, as they were read.
    """

    id: str
    status: Status
    reason: Reason | None
    paths: list[ResultPath]
    alternatives: list[ResultPath]
    taxonomy: str
    model: str
    schema: int
    error: str | None
    input: NotRequired[Mapping[str, str]]


def result_path(
    category_id: str,
    path: Sequence[str],
    score: float,
    confidence: float | None = None,
    level_confidence: Sequence[float] | None = None,
) -> ResultPath:
    """Return a category with its path from the root, its score and its probabilities."""
    return {
        "category_id": category_id,
        "path": list(path),
        "path_text": SEPARATOR.join(path),
        "score": score,
        "confidence": confidence,
        "level_confidence": None if level_confidence is None else list(level_confidence),
    }


def result_row(
    row_id: str,
    paths: Sequence[ResultPath],
    alternatives: Sequence[ResultPath] = (),
    *,
    taxonomy: str,
    model: str,
    status: Status = "ok",
    reason: Reason | None = None,
    error: str | None = None,
) -> ResultRow:
    """Return the result for the item with this id."""
    return {
        "id": row_id,
        "status": status,
        "reason": reason,
        "paths": list(paths),
        "alternatives": list(alternatives),
        "taxonomy": taxonomy,
        "model": model,
        "schema": SCHEMA,
        "error": error,
    }


def wide_header(n_paths: int) -> list[str]:
    """Return the columns of the CSV form with ``n_paths`` categories in a row, at least 1."""
    header = ["id", "status", "reason", "category_id", "category_path", "score", "confidence"]
    for place in range(1, n_paths):
        header += [f"alt{place}_{name}" for name in ("id", "path", "score", "confidence")]
    return header


def wide_values(row: ResultRow, n_paths: int) -> list[Value]:
    """Return a row under `wide_header`: its paths, then its alternatives, then blanks."""
    values: list[Value] = [row["id"], row["status"], row["reason"]]
    for path in (row["paths"] + row["alternatives"])[:n_paths]:
        values += [path["category_id"], path["path_text"], path["score"], path["confidence"]]
    return values + [None] * (3 + 4 * n_paths - len(values))
