"""The canonical form: ``taxonomy.jsonl``, one category a line in column order, keys sorted.

``id``, ``name`` and ``parents`` are always there, the other keys where they say something. Reading
takes every text as it stands.
"""

import gzip
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xmlrec.errors import InputError
from xmlrec.taxonomy.node import Node

_TEXT_KEYS = {"id", "name", "definition"}
_LIST_KEYS = {"parents", "aliases", "other_ids", "replaced_by"}
_PLACES_KEY = "former"
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_ADVICE = 'a line is {"id": "7", "name": "Mice", "parents": ["3"]}, all ids as text'


def node_record(node: Node) -> dict[str, Any]:
    """Return what JSON says of a node."""
    record: dict[str, Any] = {"id": node.id, "name": node.name, "parents": list(node.parents)}
    for key in ("aliases", "other_ids"):
        if texts := getattr(node, key):
            record[key] = list(texts)
    if node.definition:
        record["definition"] = node.definition
    if node.former:
        record[_PLACES_KEY] = list(map(list, node.former))
    if node.replaced_by is not None:
        record["replaced_by"] = list(node.replaced_by)
    return record


def node_line(node: Node) -> str:
    """Return the node's line, with its line break."""
    return _encode(node_record(node)) + "\n"


def write_nodes(nodes: Iterable[Node], path: Path) -> None:
    """Write the canonical form under another name, then rename; compressed if named ``.gz``."""
    data = "".join(map(node_line, nodes)).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        problem = f"cannot be written: {error.strerror}"
        raise InputError(str(path), problem, "choose a folder that exists and has room") from error


def read_nodes(text: str, source: str) -> tuple[list[Node], list[int | None]]:
    """Return the nodes of a canonical text and their lines."""
    nodes: list[Node] = []
    lines: list[int | None] = []
    for line, record in enumerate(text.split("\n"), start=1):
        if record.strip():
            nodes.append(_parse(record, f"{source}, line {line}"))
            lines.append(line)
    return nodes, lines


def _parse(text: str, place: str) -> Node:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(place, f"broken JSON ({error})", _ADVICE) from error
    return read_node(record, place)


def read_node(record: object, place: str) -> Node:
    """Return the node of a record that `node_record` made.

    Raises
    ------
    InputError
        Naming ``place``, if it is something else.
    """
    if not isinstance(record, dict):
        raise InputError(place, "not a JSON object", _ADVICE)
    if unknown := record.keys() - _TEXT_KEYS - _LIST_KEYS - {_PLACES_KEY}:
        raise InputError(place, f"unknown key {min(unknown)!r}", _ADVICE)
    if missing := {"id", "name"} - record.keys():
        raise InputError(place, f"no key {min(missing)!r}", _ADVICE)
    for key, value in record.items():
        if kind := _other_kind(key, value):
            raise InputError(place, f"{key!r} is not {kind}: {str(value)[:40]!r}", _ADVICE)
    replaced_by = record.get("replaced_by")
    return Node(
        record["id"],
        record["name"],
        tuple(record.get("parents", ())),
        tuple(record.get("aliases", ())),
        record.get("definition", ""),
        tuple(record.get("other_ids", ())),
        tuple([(parent, name) for parent, name in record.get(_PLACES_KEY, ())]),
        None if replaced_by is None else tuple(replaced_by),
    )


def _other_kind(key: str, value: object) -> str | None:
    """Return what ``value`` should be and is not."""
    if key in _TEXT_KEYS:
        return None if isinstance(value, str) else "a text"
    if key in _LIST_KEYS:
        return None if _is_text_list(value) else "a list of texts"
    is_places = isinstance(value, list) and all(
        _is_text_list(place) and len(place) == 2 for place in value
    )
    return None if is_places else "a list of pairs of texts"


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
