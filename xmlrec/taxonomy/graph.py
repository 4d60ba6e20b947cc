"""The parents and children of all nodes as arrays; nothing here recurses, at any depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import scipy.sparse as sp

Columns = npt.NDArray[np.int32]


class Edges(NamedTuple):
    """The neighbours of each node: those of ``column`` are ``indices[indptr[column]:...]``."""

    indptr: npt.NDArray[np.int64]
    indices: Columns

    def of(self, column: int) -> Columns:
        """Return the neighbours of ``column``."""
        return self.indices[self.indptr[column] : self.indptr[column + 1]]


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges both ways, and the nodes with all parents before their children.

    ``order`` leaves out the nodes on a cycle and those below one.
    """

    parents: Edges
    children: Edges
    order: Columns


def build_graph(parent_columns: Sequence[Sequence[int]]) -> Graph:
    """Build the graph from the parents of each node, the primary one first."""
    n_nodes = len(parent_columns)
    n_parents = np.fromiter(map(len, parent_columns), dtype=np.int64, count=n_nodes)
    indices = np.fromiter(chain.from_iterable(parent_columns), dtype=np.int32)
    parents = Edges(_indptr(n_parents), indices)
    child_of_edge = np.repeat(np.arange(n_nodes, dtype=np.int32), n_parents)
    children = Edges(
        _indptr(np.bincount(indices, minlength=n_nodes)),
        child_of_edge[np.argsort(indices, kind="stable")],
    )
    for array in (*parents, *children):
        array.flags.writeable = False
    return Graph(parents, children, _topological_order(n_parents, children))


def _indptr(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _topological_order(n_parents: npt.NDArray[np.int64], children: Edges) -> Columns:
    indptr, indices = children.indptr.tolist(), children.indices.tolist()
    n_open = n_parents.tolist()
    order: list[int] = np.flatnonzero(n_parents == 0).tolist()
    for column in order:  # grows while it is read
        for child in indices[indptr[column] : indptr[column + 1]]:
            n_open[child] -= 1
            if n_open[child] == 0:
                order.append(child)
    return np.array(order, dtype=np.int32)


def find_cycles(graph: Graph) -> list[list[int]]:
    """Return each group of nodes that are their own ancestors, with rising columns."""
    n_nodes = len(graph.parents.indptr) - 1
    if len(graph.order) == n_nodes:
        return []
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(graph.parents.indices), dtype=np.int8)
    links = sp.csr_array(
        (ones, graph.parents.indices, graph.parents.indptr), shape=(n_nodes, n_nodes)
    )
    _, component = connected_components(links, connection="strong")
    on_cycle = np.bincount(component)[component] > 1
    on_cycle |= links.diagonal() > 0  # its own parent
    columns = np.flatnonzero(on_cycle)
    columns = columns[np.argsort(component[columns], kind="stable")]
    starts = np.flatnonzero(np.diff(component[columns])) + 1
    groups: list[list[int]] = [group.tolist() for group in np.split(columns, starts)]
    return sorted(groups)


def ancestor_matrix(parents: Edges) -> "sp.csr_array[np.float32, tuple[int, int]]":
    """Return ones where the column is the row's node or one of its ancestors.

    All parents of a DAG count. One step up per level, for all nodes at once.
    """
    import scipy.sparse as sp

    n_nodes = len(parents.indptr) - 1
    n_parents = np.diff(parents.indptr)
    is_dag = bool((n_parents > 1).any())
    rows = columns = np.arange(n_nodes, dtype=np.int64)
    all_rows, all_columns = [rows], [columns]
    while len(rows):
        n_steps = n_parents[columns]
        first_edge = np.repeat(parents.indptr[columns] - (np.cumsum(n_steps) - n_steps), n_steps)
        rows = np.repeat(rows, n_steps)
        columns = parents.indices[first_edge + np.arange(len(rows))].astype(np.int64)
        if is_dag:  # two ways up may meet again
            rows, columns = np.divmod(np.unique(rows * n_nodes + columns), n_nodes)
        all_rows.append(rows)
        all_columns.append(columns)
    row, column = np.concatenate(all_rows), np.concatenate(all_columns)
    pairs = (row.astype(np.int32), column.astype(np.int32))
    ones = np.ones(len(row), dtype=np.float32)
    matrix = sp.coo_array((ones, pairs), shape=(n_nodes, n_nodes)).tocsr()  # adds up doubles
    matrix.sort_indices()
    matrix.data[:] = 1.0
    return matrix
