"""Changes that are made together, all changes as JSON, and the way from state to state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from xmlrec.errors import ChangeError
from xmlrec.taxonomy.canonical import node_record, read_node
from xmlrec.taxonomy.changes import (
    Add,
    AddExamples,
    Change,
    Describe,
    Identify,
    Merge,
    Move,
    Remove,
    Rename,
    Restore,
    Split,
    tally,
)
from xmlrec.taxonomy.node import Node
from xmlrec.taxonomy.state import Revision, TaxonomyState
from xmlrec.taxonomy.taxonomy import Taxonomy

N_TOLD = 3
"""Changes of a batch that its text tells one by one; of more it counts the kinds."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes one after the other, of which all are made or none; ``source`` says where from."""

    done: ClassVar[str] = "changed"
    source: str = ""
    changes: tuple[Change, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the changes."""
        for change in self.changes:
            change.apply(revision)

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        what = tally(self.changes)
        if len(self.changes) <= N_TOLD:
            what = "; ".join(change.text(before, after) for change in self.changes)
        return ": ".join(filter(None, (self.source, what)))


@dataclass(frozen=True, slots=True)
class Update:
    """A new release of the taxonomy: changes that fit together only when all are made."""

    done: ClassVar[str] = "updated"
    source: str = ""
    changes: tuple[Change, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the changes."""
        is_lenient, revision.is_lenient = revision.is_lenient, True
        for change in self.changes:
            change.apply(revision)
        revision.is_lenient = is_lenient

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"update to {self.source}: {tally(self.changes)}"


@dataclass(frozen=True, slots=True)
class Rollback:
    """The categories as they were in a version: those that differ now, as they are to be.

    Attributes
    ----------
    nodes : tuple of Node
    examples : tuple of (str, tuple of str)
        All the texts of the categories whose texts differ.
    """

    done: ClassVar[str] = "rolled back"
    version: int
    nodes: tuple[Node, ...] = ()
    examples: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        is_lenient, revision.is_lenient = revision.is_lenient, True
        for node in self.nodes:
            revision.put(node)
        for label_id, texts in self.examples:
            revision.set_examples(label_id, texts)
        revision.is_lenient = is_lenient

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"rolled back to version {self.version}"


def roll_back(now: TaxonomyState, then: TaxonomyState, version: int) -> Rollback:
    """Return the change from ``now`` to ``then``, an earlier state of it.

    Categories that were added since are removed; every column stays.

    Raises
    ------
    ChangeError
        If nothing would change.
    """
    n_then = len(then.taxonomy)
    nodes, examples = [], []
    for column, node in enumerate(now.taxonomy):
        if column < n_then:
            target = then.taxonomy.node(column)
        else:
            target = replace(node, parents=(), replaced_by=node.replaced_by or ())
        if replace(target, former=node.former) != node:
            nodes.append(target)
        texts = then.examples.get(column, ())
        if texts != now.examples.get(column, ()):
            examples.append((node.id, texts))
    if not nodes and not examples:
        raise ChangeError(f"the categories are those of version {version} already")
    return Rollback(version, tuple(nodes), tuple(examples))


def replay(state: TaxonomyState, changes: Iterable[Change]) -> TaxonomyState:
    """Return the state after ``changes``.

    Raises
    ------
    ChangeError
        If one cannot be made.
    """
    revision = Revision(state)
    for change in changes:
        change.apply(revision)
    return revision.state()


_KINDS: dict[str, type[Any]] = {
    "add": Add,
    "add_examples": AddExamples,
    "batch": Batch,
    "describe": Describe,
    "identify": Identify,
    "merge": Merge,
    "move": Move,
    "remove": Remove,
    "rename": Rename,
    "restore": Restore,
    "rollback": Rollback,
    "split": Split,
    "update": Update,
}
_KIND_OF = {type_: kind for kind, type_ in _KINDS.items()}


def change_to_json(change: Change) -> dict[str, Any]:
    """Return a change as values that JSON can hold; what is empty is left out."""
    values: dict[str, Any] = {"kind": _KIND_OF[type(change)]}
    for field in fields(change):  # type: ignore[arg-type]
        value = getattr(change, field.name)
        if value != () and value != "":
            values[field.name] = _plain(value)
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Node):
        return node_record(value)
    return value if isinstance(value, str | int) else change_to_json(value)


def change_from_json(values: Mapping[str, Any]) -> Change:
    """Return what `change_to_json` gave.

    Raises
    ------
    KeyError, TypeError, InputError
        If it is something else.
    """
    arguments = {key: value for key, value in values.items() if key != "kind"}
    for key, value in arguments.items():
        if key == "changes":
            arguments[key] = tuple([change_from_json(change) for change in value])
        elif key == "nodes":
            arguments[key] = tuple([read_node(record, "a change") for record in value])
        else:
            arguments[key] = _tuples(value)
    change: Change = _KINDS[values["kind"]](**arguments)
    return change


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
