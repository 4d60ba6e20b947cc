"""A taxonomy: categories in a forest or a DAG, numbered as label columns."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from xmlrec.errors import TaxonomyError, UnknownLabelError
from xmlrec.taxonomy import graph as graphs
from xmlrec.taxonomy.canonical import node_line
from xmlrec.taxonomy.graph import Columns, Graph
from xmlrec.taxonomy.lint import Problem, find_errors, find_warnings
from xmlrec.taxonomy.node import SEPARATOR, Node

if TYPE_CHECKING:
    import scipy.sparse as sp


class Taxonomy:
    """Immutable categories; a category's number is its label column and never changes.

    Columns are 0 to n - 1 in the order given; a parent may come after its child. A category
    without parents is a root. Of several parents the first is the primary one: paths and depths
    go along it, children and ancestors count all of them. A category that is no more keeps its
    column, has neither parents nor children, and is no root and no leaf; see `successors`. Make a
    taxonomy with `from_nodes` or `read_taxonomy`.

    Attributes
    ----------
    source : str
        What messages call the taxonomy: a file's name.
    ids, names : tuple of str
        By column.
    primary_parents : int32 array, shape (n,)
        -1 for a root.
    depths : int32 array, shape (n,)
        1 for a root.
    is_leaf, is_active : bool array, shape (n,)
        A category that is no more is not active.
    roots : int32 array
        Rising.
    """

    def __init__(self, nodes: Sequence[Node], graph: Graph, source: str) -> None:
        self.source = source
        self._nodes = tuple(map(_parents_once, nodes))
        self.ids = tuple([node.id for node in nodes])
        self.names = tuple([node.name for node in nodes])
        self._columns = {label_id: column for column, label_id in enumerate(self.ids)}
        for column, node in enumerate(nodes):
            for other_id in node.other_ids:
                self._columns.setdefault(other_id, column)
        self._graph = graph
        self._paths: dict[int, tuple[str, ...]] = {}
        n_parents = np.diff(graph.parents.indptr)
        self.is_active = np.array([node.is_active for node in nodes], dtype=np.bool_)
        self.roots = np.flatnonzero((n_parents == 0) & self.is_active).astype(np.int32)
        self.is_leaf = (np.diff(graph.children.indptr) == 0) & self.is_active
        self.primary_parents = np.full(len(nodes), -1, dtype=np.int32)
        has_parents = n_parents > 0
        first_edges = graph.parents.indptr[:-1][has_parents]
        self.primary_parents[has_parents] = graph.parents.indices[first_edges]
        self.depths = _depths(self.primary_parents, graph.order)
        flags = (self.is_active, self.is_leaf)
        for array in (self.roots, self.primary_parents, self.depths, *flags):
            array.flags.writeable = False

    @classmethod
    def from_nodes(
        cls, nodes: Iterable[Node], *, source: str, lines: Sequence[int | None] | None = None
    ) -> Self:
        """Build a taxonomy; ``lines`` are the nodes' lines in ``source``, for messages.

        A parent named twice counts once.

        Raises
        ------
        TaxonomyError
            With every error of the nodes.
        """
        nodes = tuple(nodes)
        problems, graph = find_errors(nodes, lines or [None] * len(nodes))
        if problems:
            raise TaxonomyError(source, tuple(map(str, problems)))
        return cls(nodes, graph, source)

    def with_nodes(self, nodes: Iterable[Node]) -> Self:
        """Return a taxonomy with ``nodes`` after this one's; the columns of these stay."""
        return self.from_nodes([*self, *nodes], source=self.source)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __contains__(self, label_id: object) -> bool:
        return label_id in self._columns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Taxonomy) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def column(self, label_id: str) -> int:
        """Return the column of an id or another id; `UnknownLabelError` if there is none."""
        try:
            return self._columns[label_id]
        except KeyError:
            raise UnknownLabelError(label_id, self.source) from None

    def node(self, column: int) -> Node:
        """Return the category of a column."""
        return self._nodes[column]

    def successors(self, column: int) -> tuple[int, ...]:
        """Return the categories in use that a column stands for now.

        That is the column itself; or what replaced it, and what replaced that, as far as it is in
        use; or nothing.
        """
        found, waiting, seen = [], [column], set[int]()
        while waiting:
            column = waiting.pop()
            replaced_by = self._nodes[column].replaced_by
            if replaced_by is None:
                found.append(column)
            elif column not in seen:
                waiting += [self._columns[label_id] for label_id in reversed(replaced_by)]
            seen.add(column)
        return tuple(dict.fromkeys(found))

    def parents(self, column: int) -> Columns:
        """Return the parents' columns, the primary one first; empty for a root."""
        return self._graph.parents.of(column)

    def children(self, column: int) -> Columns:
        """Return the columns of the children, rising; a child counts under each of its parents."""
        return self._graph.children.of(column)

    def path_columns(self, column: int) -> tuple[int, ...]:
        """Return the columns from the root to ``column`` along primary parents."""
        path = []
        while column >= 0:
            path.append(column)
            column = int(self.primary_parents[column])
        return tuple(reversed(path))

    def path(self, column: int) -> tuple[str, ...]:
        """Return the names from the root to ``column`` along primary parents."""
        path = self._paths.get(column)
        if path is None:
            path = tuple([self.names[ancestor] for ancestor in self.path_columns(column)])
            self._paths[column] = path
        return path

    def path_text(self, column: int) -> str:
        """Return the path as ``A > B > C``."""
        return SEPARATOR.join(self.path(column))

    def ancestor_matrix(self) -> "sp.csr_array[np.float32, tuple[int, int]]":
        """Return an (n, n) float32 matrix of ones: row = node, columns = itself and its ancestors.

        Ancestors over all parents, with the roots; column indices rise.
        """
        return graphs.ancestor_matrix(self._graph.parents)

    def lint(self) -> list[Problem]:
        """Return the warnings; a taxonomy has no errors."""
        return find_warnings(tuple(self), [None] * len(self), self._graph)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the canonical form, in hexadecimal digits."""
        digest = hashlib.sha256()
        for node in self:
            digest.update(node_line(node).encode())
        return digest.hexdigest()


def _parents_once(node: Node) -> Node:
    parents = tuple(dict.fromkeys(node.parents))
    return node if parents == node.parents else replace(node, parents=parents)


def _depths(primary_parents: Columns, order: Columns) -> npt.NDArray[np.int32]:
    parents = primary_parents.tolist()
    depths = [0] * (len(parents) + 1)  # the last one stands for the parent of roots
    for column in order.tolist():
        depths[column] = depths[parents[column]] + 1
    return np.array(depths[:-1], dtype=np.int32)
