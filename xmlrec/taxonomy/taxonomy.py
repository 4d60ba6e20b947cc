"""A taxonomy: categories in a forest or a DAG, numbered as label columns."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
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
    go along it, children and ancestors count all of them. Make one with `from_nodes` or
    `read_taxonomy`.

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
    is_leaf : bool array, shape (n,)
    roots : int32 array
        Rising.
    """

    def __init__(self, nodes: Sequence[Node], graph: Graph, source: str) -> None:
        self.source = source
        self.ids = tuple([node.id for node in nodes])
        self.names = tuple([node.name for node in nodes])
        self._aliases = tuple([node.aliases for node in nodes])
        self._definitions = tuple([node.definition for node in nodes])
        self._columns = {label_id: column for column, label_id in enumerate(self.ids)}
        self._graph = graph
        self._paths: dict[int, tuple[str, ...]] = {}
        n_parents = np.diff(graph.parents.indptr)
        self.roots = np.flatnonzero(n_parents == 0).astype(np.int32)
        self.is_leaf = np.diff(graph.children.indptr) == 0
        self.primary_parents = np.full(len(nodes), -1, dtype=np.int32)
        has_parents = n_parents > 0
        first_edges = graph.parents.indptr[:-1][has_parents]
        self.primary_parents[has_parents] = graph.parents.indices[first_edges]
        self.depths = _depths(self.primary_parents, graph.order)
        for array in (self.roots, self.is_leaf, self.primary_parents, self.depths):
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
        indptr, indices = (array.tolist() for array in self._graph.parents)
        parts = zip(self.ids, self.names, self._aliases, self._definitions, strict=True)
        for column, (label_id, name, aliases, definition) in enumerate(parts):
            parents = indices[indptr[column] : indptr[column + 1]]
            parent_ids = tuple([self.ids[parent] for parent in parents])
            yield Node(label_id, name, parent_ids, aliases, definition)

    def __contains__(self, label_id: object) -> bool:
        return label_id in self._columns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Taxonomy) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def column(self, label_id: str) -> int:
        """Return the column of an id; `UnknownLabelError` if there is none."""
        try:
            return self._columns[label_id]
        except KeyError:
            raise UnknownLabelError(label_id, self.source) from None

    def node(self, column: int) -> Node:
        """Return the category of a column."""
        parents = tuple([self.ids[parent] for parent in self.parents(column).tolist()])
        return Node(
            self.ids[column],
            self.names[column],
            parents,
            self._aliases[column],
            self._definitions[column],
        )

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


def _depths(primary_parents: Columns, order: Columns) -> npt.NDArray[np.int32]:
    parents = primary_parents.tolist()
    depths = [0] * (len(parents) + 1)  # the last one stands for the parent of roots
    for column in order.tolist():
        depths[column] = depths[parents[column]] + 1
    return np.array(depths[:-1], dtype=np.int32)
