"""A taxonomy that changes: its state between two changes, and the way from one to the next."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_values

from xmlrec.errors import ChangeError, TaxonomyError
from xmlrec.taxonomy.node import SEPARATOR, Node, fold, name_fault, short_id
from xmlrec.taxonomy.taxonomy import Taxonomy

_SEARCH = "find it with `xmlrec taxonomy search`"


@dataclass(frozen=True, slots=True, eq=False)
class TaxonomyState:
    """A taxonomy and the texts that stand for some of its categories.

    Attributes
    ----------
    taxonomy : Taxonomy
        Categories that are no more keep their column; `Taxonomy.is_active` tells them.
    examples : mapping of int to tuple of str
        Texts of items that belong to the category of a column.
    """

    taxonomy: Taxonomy
    examples: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Revision:
    """A state while it is changed; `state` gives the next one.

    Parameters
    ----------
    state : TaxonomyState
        Stays as it is.

    Attributes
    ----------
    is_lenient : bool
        Whether categories need to fit together only at the end, as those of a new release do. Then
        siblings may share a name too.
    """

    def __init__(self, state: TaxonomyState) -> None:
        self.is_lenient = False
        self._source = state.taxonomy.source
        self._nodes = list(state.taxonomy)
        self._examples = dict(state.examples)
        self._columns: dict[str, int] = {}
        self._children: defaultdict[str, set[int]] = defaultdict(set)
        for column, node in enumerate(self._nodes):
            for label_id in (node.id, *node.other_ids):
                self._columns.setdefault(label_id, column)
            for parent, _ in node.places:
                self._children[parent].add(column)

    def state(self) -> TaxonomyState:
        """Return the state after the changes; `ChangeError` if its categories do not fit."""
        try:
            taxonomy = Taxonomy.from_nodes(self._nodes, source=self._source)
        except TaxonomyError as error:
            more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
            problem = f"the categories would not fit together: {error.problems[0]}{more}"
            raise ChangeError(problem) from error
        return TaxonomyState(taxonomy, dict(self._examples))

    def find(self, label_id: str) -> Node:
        """Return the category in use that has this id, or raise `ChangeError`."""
        column = self._columns.get(label_id, self._columns.get(short_id(label_id)))
        if column is None:
            raise ChangeError(f"there is no category {label_id!r}", _SEARCH)
        node = self._nodes[column]
        if node.replaced_by is None:
            return node
        into = " and ".join(map(repr, node.replaced_by))
        what = f"was replaced by {into}" if into else "was removed"
        raise ChangeError(f"category {label_id!r} {what}", _SEARCH)

    def retired(self, label_id: str) -> Node:
        """Return the category with this id that is no more, or raise `ChangeError`."""
        node = self._nodes[self._columns[label_id]] if label_id in self._columns else None
        if node is None or node.is_active:
            raise ChangeError(f"there is no removed category {label_id!r}")
        return node

    def children(self, label_id: str) -> list[Node]:
        """Return the categories in use below one, in column order."""
        return [self._nodes[column] for column in sorted(self._children[label_id])]

    def is_below(self, node: Node, label_ids: Iterable[str]) -> bool:
        """Say whether a category of ``label_ids`` is above ``node``."""
        wanted, seen, waiting = set(label_ids), set[str](), list(node.parents)
        while waiting:
            parent = waiting.pop()
            if parent in wanted:
                return True
            if parent not in seen and parent in self._columns:
                seen.add(parent)
                waiting += self._nodes[self._columns[parent]].parents
        return False

    def append(self, node: Node) -> None:
        """Add a category; it gets the next column."""
        if node.id in self._columns:
            owner = self._nodes[self._columns[node.id]]
            which = f"of {self._path(owner)!r}" if owner.is_active else "of one that is no more"
            raise ChangeError(f"the id {node.id!r} is that {which}", "give another id")
        self._check(node)
        self._columns[node.id] = len(self._nodes)
        for parent, _ in node.places:
            self._children[parent].add(len(self._nodes))
        self._nodes.append(node)

    def put(self, node: Node) -> None:
        """Put a category in the place of the one with its id, which keeps its column.

        Places that it had before are remembered.
        """
        if node.is_active:
            self._check(node)
        column = self._columns[node.id]
        old = self._nodes[column]
        for parent, _ in old.places:
            self._children[parent].discard(column)
        for parent, _ in node.places:
            self._children[parent].add(column)
        for other_id in node.other_ids:
            self._columns.setdefault(other_id, column)
        had = dict.fromkeys((*old.former, *old.places))
        former = tuple([place for place in had if place not in node.places])
        self._nodes[column] = with_values(node, former=former)

    def retire(self, node: Node, replaced_by: tuple[str, ...] = ()) -> None:
        """Take a category out of use."""
        self.put(with_values(node, parents=(), replaced_by=replaced_by))

    def examples(self, label_id: str) -> tuple[str, ...]:
        """Return the texts that stand for a category."""
        return self._examples.get(self._columns[label_id], ())

    def set_examples(self, label_id: str, texts: tuple[str, ...]) -> None:
        """Let these texts alone stand for a category."""
        self._examples.pop(self._columns[label_id], None)
        if texts:
            self._examples[self._columns[label_id]] = texts

    def _check(self, node: Node) -> None:
        if fault := name_fault(node.name):
            raise ChangeError(f"category {node.id!r}: {fault[1]}")
        if self.is_lenient:
            return
        for parent in node.parents:
            self.find(parent)
        if node.id in node.parents or self.is_below(node, [node.id]):
            problem = f"category {node.id!r} would be below itself"
            raise ChangeError(problem, "name a parent that is not below it")
        self._check_siblings(node)

    def _check_siblings(self, node: Node) -> None:
        for parent, name in node.places:
            for sibling in self.children(parent):
                if sibling.id != node.id and fold(sibling.name) == fold(name):
                    problem = f"category {self._path(sibling)!r} exists, its id is {sibling.id!r}"
                    raise ChangeError(problem, "take another name, or that category")

    def _path(self, node: Node) -> str:
        """Return the path of a category in use."""
        names = [node.name]
        while node.parents:
            node = self._nodes[self._columns[node.parents[0]]]
            names.append(node.name)
        return SEPARATOR.join(reversed(names))
