"""Which instances train which node of a tree, and which of its slots they are positive for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.kernels.instances import count_instances, fill_instances
from label_trees.tree import LabelTree

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class NodeInstances:
    """Which instances train which node, and which of its slots they are positive for.

    Attributes
    ----------
    indptr : int64, shape (n_nodes + 1,)
        Entries of node ``n`` in ``rows``: ``indptr[n] .. indptr[n + 1] - 1``.
    rows : int32
        Instances, rising within a node.
    positive_indptr : int64, shape (rows.size + 1,)
    positive_output : int32
        Positive outputs (slots counted from the node's first) of each entry of ``rows``.
    positive_value : float32
        The largest value in Y of the instance's labels below the slot.
    """

    indptr: IntArray
    rows: IntArray
    positive_indptr: IntArray
    positive_output: IntArray
    positive_value: FloatArray


def assign_instances(tree: LabelTree, Y: sp.csr_array) -> NodeInstances:
    """Walk every (instance, label) pair of ``Y`` up the tree and sort what it meets by node."""
    matrix = (Y.indptr, Y.indices, Y.data)
    upwards = (tree.label_slot, tree.owner, tree.parent_slot)
    n_rows, n_pairs = count_instances(*matrix, *upwards)
    indptr, pair_indptr = (np.concatenate([[0], np.cumsum(n)]) for n in (n_rows, n_pairs))
    rows = np.empty(indptr[-1], dtype=np.int32)
    positive_indptr = np.full(rows.size + 1, pair_indptr[-1], dtype=np.int64)
    output = np.empty(pair_indptr[-1], dtype=np.int32)
    value = np.empty(pair_indptr[-1], dtype=np.float32)
    fill_instances(
        *matrix, *upwards, tree.slot_indptr, indptr.copy(), pair_indptr, rows, positive_indptr,
        output, value,
    )  # fmt: skip
    return NodeInstances(indptr, rows, positive_indptr, output, value)


def select_outputs(
    instances: NodeInstances, lo: int, hi: int, start: int, stop: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the positives of entries ``lo .. hi - 1`` among outputs ``start .. stop - 1``."""
    indptr = instances.positive_indptr[lo : hi + 1]
    outputs = instances.positive_output[indptr[0] : indptr[-1]]
    values = instances.positive_value[indptr[0] : indptr[-1]]
    inside = (outputs >= start) & (outputs < stop)
    counts = np.concatenate([[0], np.cumsum(inside)])
    return counts[indptr - indptr[0]], outputs[inside] - np.int32(start), values[inside]
