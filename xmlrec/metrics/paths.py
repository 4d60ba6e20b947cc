"""Paths of taxonomy nodes along their primary parents, as one table."""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.relevance import IntArray


def primary_paths(primary_parents: IntArray, depths: IntArray, *, n_nodes: int) -> IntArray:
    """Return (max_depth, n_nodes + 1): the node of level ``i + 1`` on the path to each node.

    -1 stands where a path is shorter. The last column is all -1, so that -1, "no node", can be
    looked up like a node of depth 0.

    Parameters
    ----------
    primary_parents : int array, shape (n_nodes,)
        The primary parent of each node, -1 for a root.
    depths : int array, shape (n_nodes,)
        1 for a root, else one more than the primary parent's.
    n_nodes : int
        The number of nodes that both must have.

    Raises
    ------
    ValueError
        If the lengths differ or a depth does not follow from the parents.
    """
    parents, depths = np.asarray(primary_parents), np.asarray(depths)
    if parents.shape != (n_nodes,) or depths.shape != (n_nodes,):
        raise ValueError(
            f"primary_parents and depths must have one value per column of truth, {n_nodes}, "
            f"got shapes {parents.shape} and {depths.shape}"
        )
    # a parent of -1 looks up the last place: the depth 0 above a root
    is_wrong = depths != np.append(depths, 0)[parents] + 1
    if is_wrong.any():
        node = int(np.argmax(is_wrong))
        raise ValueError(
            f"node {node} with primary parent {parents[node]} cannot have depth {depths[node]}; "
            "a root has depth 1, any other node one more than its primary parent"
        )
    paths = np.full((depths.max(initial=0), n_nodes + 1), -1, dtype=np.int64)
    for level in range(1, len(paths) + 1):
        nodes = np.flatnonzero(depths == level)
        paths[:, nodes] = paths[:, parents[nodes]]
        paths[level - 1, nodes] = nodes
    return paths


def path_matrix(paths: IntArray) -> sp.csr_array:
    """Return (n_nodes, n_nodes) ones: each node's row holds the nodes on its primary path.

    Parameters
    ----------
    paths : int array, shape (max_depth, n_nodes + 1)
        See `primary_paths`.
    """
    n_nodes = paths.shape[1] - 1
    levels, nodes = np.nonzero(paths >= 0)
    ones = np.ones(len(nodes), dtype=np.int8)
    return sp.csr_array((ones, (nodes, paths[levels, nodes])), shape=(n_nodes, n_nodes))
