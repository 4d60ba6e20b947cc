"""Everything that is wrong with a taxonomy, found in one pass and reported at once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xmlrec.taxonomy.graph import Graph, build_graph, find_cycles
from xmlrec.taxonomy.node import Node, fold, has_forbidden_characters, name_fault

Lines = Sequence[int | None]

_N_SHOWN = 5
_TOP = -1  # stands for the parent of roots


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a taxonomy.

    ``code`` is ``empty_id``, ``duplicate_id``, ``empty_name``, ``separator_in_name``,
    ``control_character``, ``orphan``, ``cycle`` or ``bad_row`` for errors,
    ``duplicate_siblings`` or ``twin_siblings`` for warnings.
    """

    severity: Literal["error", "warning"]
    code: str
    node_id: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


def find_errors(nodes: Sequence[Node], lines: Lines) -> tuple[list[Problem], Graph]:
    """Return the errors of ``nodes``, by node, then the cycles; and the graph of what is sound.

    ``lines`` are the nodes' lines in their file, None where unknown. Parents that do not exist
    are left out of the graph; of nodes with one id, the first is the parent of the others'
    children.
    """
    columns: dict[str, int] = {}
    for column, node in enumerate(nodes):
        columns.setdefault(node.id, column)
    problems = []
    for column, node in enumerate(nodes):
        for code, message in _node_faults(node, nodes, columns):
            problems.append(_error(code, node, lines[column], message))
        if columns[node.id] != column:
            message = f"the id is already that of {nodes[columns[node.id]].name!r}"
            problems.append(_error("duplicate_id", node, lines[column], message))
    parent_columns = [
        [columns[parent] for parent in dict.fromkeys(node.parents) if parent in columns]
        for node in nodes
    ]
    graph = build_graph(parent_columns)
    for cycle in find_cycles(graph):
        node = nodes[cycle[0]]
        problems.append(_error("cycle", node, lines[cycle[0]], _cycle_message(nodes, cycle)))
    return problems, graph


def _error(code: str, node: Node, line: int | None, message: str) -> Problem:
    return Problem("error", code, node.id, line, f"category {node.id!r}: {message}")


def _node_faults(
    node: Node, nodes: Sequence[Node], columns: dict[str, int]
) -> Iterator[tuple[str, str]]:
    if not node.id or node.id.isspace():
        yield "empty_id", f"the id of {node.name!r} is empty"
    if fault := name_fault(node.name):
        yield fault
    texts = (node.id, node.definition, *node.aliases, *node.other_ids)
    if any(map(has_forbidden_characters, texts)):
        yield "control_character", "an id, the definition or an alias contains a control character"
    for parent in node.parents:
        if parent not in columns:
            yield "orphan", f"its parent {parent!r} does not exist"
        elif not nodes[columns[parent]].is_active:
            yield "orphan", f"its parent {parent!r} is no more"
    yield from _history_faults(node, columns)


def _history_faults(node: Node, columns: dict[str, int]) -> Iterator[tuple[str, str]]:
    if node.parents and not node.is_active:
        yield "orphan", "it is no more, yet has a parent"
    for other in (*(node.replaced_by or ()), *(parent for parent, _ in node.former if parent)):
        if other not in columns:
            yield "orphan", f"{other!r}, which it names, does not exist"
    for other in node.other_ids:
        if other in columns:
            yield "duplicate_id", f"its other id {other!r} is that of a category"


def _cycle_message(nodes: Sequence[Node], cycle: list[int]) -> str:
    if len(cycle) == 1:
        return "it is its own parent"
    shown = ", ".join(repr(nodes[column].id) for column in cycle[:_N_SHOWN])
    more = f" and {len(cycle) - _N_SHOWN} more" if len(cycle) > _N_SHOWN else ""
    return f"it is its own ancestor, on a cycle through {shown}{more}"


def find_warnings(nodes: Sequence[Node], lines: Lines, graph: Graph) -> list[Problem]:
    """Return the groups of siblings that share a name, or all but case, form and white space.

    Such a name is ambiguous only in a catalog that writes paths without ids. Categories that are no
    more do not count.
    """
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    indptr, indices = (array.tolist() for array in graph.parents)
    for column, node in enumerate(nodes):
        if not node.is_active:
            continue
        name = fold(node.name)
        for parent in indices[indptr[column] : indptr[column + 1]] or [_TOP]:
            groups[parent, name].append(column)
    return [
        _sibling_warning(nodes, lines, parent, group)
        for (parent, _), group in groups.items()
        if len(group) > 1
    ]


def _sibling_warning(nodes: Sequence[Node], lines: Lines, parent: int, group: list[int]) -> Problem:
    first = nodes[group[0]]
    place = "at the top" if parent == _TOP else f"below {nodes[parent].name!r} ({nodes[parent].id})"
    ids = ", ".join(nodes[column].id for column in group[:_N_SHOWN])
    names = {nodes[column].name for column in group}
    if len(names) < len(group):
        code, what = "duplicate_siblings", f"share the name {first.name!r}"
    else:
        code, what = "twin_siblings", f"are called {first.name!r} but for case or Unicode form"
    message = f"{len(group)} categories {place} {what}: {ids}"
    return Problem("warning", code, first.id, lines[group[0]], message)
