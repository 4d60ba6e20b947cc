"""Taxonomy files: reading any of the known formats, linting, and writing the canonical form."""

import json
from pathlib import Path

from xmlrec.errors import InputError, TaxonomyError
from xmlrec.taxonomy.canonical import read_nodes, write_nodes
from xmlrec.taxonomy.formats.draft import Draft, first_line, read_text
from xmlrec.taxonomy.formats.open_food_facts import read_open_food_facts
from xmlrec.taxonomy.formats.paths import read_paths, read_yaml
from xmlrec.taxonomy.formats.table import header_delimiter, read_table
from xmlrec.taxonomy.lint import Problem, find_errors, find_warnings
from xmlrec.taxonomy.taxonomy import Taxonomy


def read_taxonomy(path: str | Path, *, strict: bool = True) -> Taxonomy:
    """Read a taxonomy; the file's format is found out from its name and content.

    CSV ``id,parent_id,name[,definition,aliases]``; Google's ``id - A > B``; Shopify's
    ``gid : A > B`` and its YAML of full names; the JSON of Open Food Facts; one path a line; and
    ``taxonomy.jsonl``. All UTF-8, plain or ``.gz``; columns are in the file's order.

    Parameters
    ----------
    path : str or Path
    strict : bool, default=True
        Whether a path such as ``A > B`` of a file with ids is an error if ``A`` has no line of
        its own. If not, ``A`` is added before it, with an id made from its path.

    Raises
    ------
    InputError
        If the file cannot be read as a whole.
    ColumnError
        If a CSV file lacks a column or has one twice.
    TaxonomyError
        With all errors of the categories.
    """
    draft = _read_draft(Path(path), strict=strict)
    problems, graph = find_errors(draft.nodes, draft.lines)
    if problems or draft.problems:
        raise TaxonomyError(str(path), tuple(map(str, _by_line([*draft.problems, *problems]))))
    return Taxonomy(draft.nodes, graph, str(path))


def lint_file(path: str | Path) -> list[Problem]:
    """Return every problem of a taxonomy file: errors by line, then warnings by line.

    Raises
    ------
    InputError
        If the file cannot be read as a whole.
    """
    draft = _read_draft(Path(path), strict=True)
    problems, graph = find_errors(draft.nodes, draft.lines)
    warnings = find_warnings(draft.nodes, draft.lines, graph)
    return [*_by_line([*draft.problems, *problems]), *_by_line(warnings)]


def write_taxonomy(taxonomy: Taxonomy, path: str | Path) -> None:
    """Write the canonical form, ``taxonomy.jsonl``; reading it gives an equal taxonomy.

    The file appears whole or not at all. With ``.gz`` at the end of its name it is compressed.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_nodes(taxonomy, Path(path))


def _by_line(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line or 0)


def _read_draft(path: Path, *, strict: bool) -> Draft:
    text, source = read_text(path), str(path)
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    start = text.lstrip()
    if suffix == ".jsonl" or _is_record(first_line(text)):
        draft = Draft(*read_nodes(text, source))
    elif suffix == ".json" or start.startswith(("{", "[{", "[\n", "[\r")):
        draft = read_open_food_facts(text, source)
    elif suffix in (".yml", ".yaml") or start.startswith(("---", "- id:", "- {")):
        draft = read_yaml(text, source, strict=strict)
    elif suffix in (".csv", ".tsv") or header_delimiter(first_line(text)):
        draft = read_table(text, source)
    else:
        draft = read_paths(text, strict=strict)
    if not draft.nodes and not draft.problems:
        raise InputError(source, "holds no category", "give a file with at least one")
    return draft


def _is_record(line: str) -> bool:
    """Say whether a line is a JSON object with a text as id: the canonical form."""
    try:
        record = json.loads(line) if line.startswith("{") else None
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and isinstance(record.get("id"), str)
