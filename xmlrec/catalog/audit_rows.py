"""The shape of an audit: what a model says of the categories that a row of a catalog gives."""

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict, get_args

from xmlrec.catalog.result_schema import RESULT_SCHEMA
from xmlrec.catalog.results import SCHEMA, Reason, ResultPath, Status, Value
from xmlrec.taxonomy.node import SEPARATOR

Verdict = Literal[
    "agree", "finer", "coarser", "disagree", "unknown_category", "no_category", "abstain"
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

AUDIT_COLUMNS = (
    "id",
    "verdict",
    "suspicion",
    "given_path",
    "given_confidence",
    "suggested_id",
    "suggested_path",
    "suggested_confidence",
)
"""Those of the CSV form."""


class GivenPath(TypedDict):
    """A category that the catalog gives a row.

    ``category_id`` is null where the model's taxonomy does not have it, the path is then as it was
    given. ``confidence`` is the probability that the item belongs there, or into the deepest
    category on the path that the model can judge; null if there is none.
    """

    category_id: str | None
    path: list[str]
    path_text: str
    confidence: float | None


class AuditRow(TypedDict):
    """What is said about the categories of one item; see `xmlrec.models.auditing`.

    ``suspicion`` is null where nothing can be said. ``input`` has the columns that were carried.
    """

    id: str
    verdict: Verdict
    suspicion: float | None
    given: list[GivenPath]
    suggested: ResultPath | None
    status: Status
    reason: Reason | None
    taxonomy: str
    model: str
    schema: int
    input: NotRequired[dict[str, str]]


def given_path(category_id: str | None, path: Sequence[str], confidence: float | None) -> GivenPath:
    """Return a category that a row gives."""
    return {
        "category_id": category_id,
        "path": list(path),
        "path_text": SEPARATOR.join(path),
        "confidence": confidence,
    }


def audit_values(row: AuditRow) -> list[Value]:
    """Return a row under `AUDIT_COLUMNS`: of several given paths one a line, and the least P."""
    chances = [path["confidence"] for path in row["given"] if path["confidence"] is not None]
    suggested = row["suggested"]
    values: list[Value] = [
        row["id"],
        row["verdict"],
        row["suspicion"],
        "\n".join(path["path_text"] for path in row["given"]),
        min(chances, default=None),
    ]
    if suggested is None:
        return [*values, None, None, None]
    return [*values, suggested["category_id"], suggested["path_text"], suggested["confidence"]]


_KEPT = {key: RESULT_SCHEMA["properties"][key] for key in ("id", "status", "reason")}
_PATH: dict[str, Any] = RESULT_SCHEMA["properties"]["paths"]["items"]
_NO_PATH = {"type": "null"}
_CHANCE: dict[str, Any] = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_GIVEN = {
    "type": "object",
    "properties": {
        "category_id": {"type": ["string", "null"]},
        "path": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "path_text": {"type": "string"},
        "confidence": _CHANCE,
    },
    "required": ["category_id", "path", "path_text", "confidence"],
    "additionalProperties": False,
}
AUDIT_SCHEMA: dict[str, Any] = {
    "$schema": RESULT_SCHEMA["$schema"],
    "title": "xmlrec audit row",
    "type": "object",
    "properties": {
        **_KEPT,
        "verdict": {"enum": list(VERDICTS)},
        "suspicion": _CHANCE,
        "given": {"type": "array", "items": _GIVEN},
        "suggested": {"anyOf": [_PATH, _NO_PATH]},
        "taxonomy": {"type": "string"},
        "model": {"type": "string"},
        "schema": {"const": SCHEMA},
        "input": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": [
        "id", "verdict", "suspicion", "given", "suggested", "status", "reason", "taxonomy",
        "model", "schema",
    ],
    "additionalProperties": False,
}  # fmt: skip
"""Draft 2020-12; ``xmlrec schema --audit`` prints it."""
