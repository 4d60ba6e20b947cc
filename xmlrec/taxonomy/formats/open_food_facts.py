"""The JSON of Open Food Facts: ``{id: {"name": {lang: text}, "synonyms": ..., "parents": [id]}}``.

A DAG, whose first parents are the primary ones. A name is the English one, else the one in the
language that begins the id (``fr:savigny-les-beaune``), else the first. The names in the other
languages and all synonyms are aliases.
"""

import json
from itertools import chain
from typing import Any

from xmlrec.errors import InputError
from xmlrec.taxonomy.formats.draft import Draft
from xmlrec.taxonomy.node import Node

_ADVICE = 'give {"id": {"name": {"en": "..."}, "parents": ["id"]}}'


def read_open_food_facts(text: str, source: str) -> Draft:
    """Parse a JSON object of categories; their order is the file's.

    Raises
    ------
    InputError
        If the text is not a JSON object.
    """
    try:
        entries = json.loads(text, object_pairs_hook=_refuse_doubles)
    except json.JSONDecodeError as error:
        place = f"{source}, line {error.lineno}"
        raise InputError(place, f"broken JSON ({error.msg})", _ADVICE) from error
    except (ValueError, RecursionError) as error:
        raise InputError(source, f"broken JSON ({error})", _ADVICE) from error
    if not isinstance(entries, dict):
        raise InputError(source, "not a JSON object of categories", _ADVICE)
    draft = Draft()
    for label_id, entry in entries.items():
        if _is_entry(entry):
            draft.add(_node(label_id, entry), None)
        else:
            draft.reject(None, f"category {label_id!r} has no names by language or odd parents")
    return draft


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return entries


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    names: Any = entry.get("name")
    synonyms, description = entry.get("synonyms", {}), entry.get("description", {})
    return (
        all(isinstance(texts, dict) for texts in (names, synonyms, description))
        and all(_is_text(text) for text in chain(names.values(), description.values()))
        and all(_is_text_list(texts) for texts in (entry.get("parents", []), *synonyms.values()))
    )


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)  # null: no name in this language


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _node(label_id: str, entry: dict[str, Any]) -> Node:
    name = _in_language(entry["name"], label_id)
    other_names = chain(entry["name"].values(), *entry.get("synonyms", {}).values())
    aliases = dict.fromkeys(alias.strip() for alias in other_names if alias)
    return Node(
        label_id,
        name,
        tuple(entry.get("parents", ())),
        tuple([alias for alias in aliases if alias and alias != name]),
        _in_language(entry.get("description", {}), label_id),
    )


def _in_language(texts: dict[str, str | None], label_id: str) -> str:
    own_language = label_id.partition(":")[0]
    choices = [texts.get("en"), texts.get(own_language), *texts.values()]
    return next((text.strip() for text in choices if text and not text.isspace()), "")
