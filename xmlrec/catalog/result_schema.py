"""The JSON Schema of a result row."""

from typing import Any, get_args

from xmlrec.catalog.results import REASONS, SCHEMA, Status

_PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
_PATH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "category_id": {"type": "string"},
        "path": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "path_text": {"type": "string"},
        "score": {"type": "number"},
        "confidence": {"anyOf": [_PROBABILITY, {"type": "null"}]},
        "level_confidence": {
            "anyOf": [{"type": "array", "items": _PROBABILITY, "minItems": 1}, {"type": "null"}]
        },
    },
    "required": [
        "category_id", "path", "path_text", "score", "confidence", "level_confidence"
    ],
    "additionalProperties": False,
}  # fmt: skip

RESULT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "xmlrec result row",
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "status": {"enum": list(get_args(Status))},
        "reason": {"enum": [*REASONS, None]},
        "paths": {"type": "array", "items": _PATH},
        "alternatives": {"type": "array", "items": _PATH},
        "taxonomy": {"type": "string"},
        "model": {"type": "string"},
        "schema": {"const": SCHEMA},
        "error": {"type": ["string", "null"]},
        "explanation": {"type": ["object", "null"]},
        "input": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": [
        "id", "status", "reason", "paths", "alternatives", "taxonomy", "model", "schema", "error"
    ],
    "additionalProperties": False,
}  # fmt: skip
"""Draft 2020-12; ``xmlrec schema`` prints it."""
