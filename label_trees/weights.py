"""Weights of a tree's local classifiers, stored node by node for beam search.

All slots of a node are asked for together, so a node's weights form a *chunk* (Etter et al., 2022,
"Accelerating inference for sparse extreme multi-label ranking trees"): the features that any slot
uses, rising, and for each the outputs that use it.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from label_trees.tree import LabelTree

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class NodeWeights:
    """Chunked sparse weights.

    Attributes
    ----------
    bias : float32, shape (n_slots,)
    node_indptr : int64, shape (n_nodes + 1,)
        Chunk rows of node ``n``: ``node_indptr[n] .. node_indptr[n + 1] - 1``.
    row_feature : int32, shape (n_chunk_rows,)
        The feature of a chunk row, rising within a node.
    row_indptr : int64, shape (n_chunk_rows + 1,)
    output : int32, shape (n_weights,)
        Slot of a weight, counted from the node's first.
    value : float32, shape (n_weights,)
    """

    bias: FloatArray
    node_indptr: IntArray
    row_feature: IntArray
    row_indptr: IntArray
    output: IntArray
    value: FloatArray

    def __post_init__(self) -> None:
        for field in fields(self):  # as read-only as from a file: kernels compile once for both
            getattr(self, field.name).setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedTree:
    """A label tree and the weights of its local classifiers."""

    tree: LabelTree
    weights: NodeWeights


Block = tuple[IntArray, IntArray, IntArray, FloatArray]


def pack_weights(
    tree: LabelTree, jobs: list[tuple[int, int, int]], blocks: list[Block]
) -> NodeWeights:
    """Join what the solver returned for each ``(node, first output, last output + 1)`` of ``jobs``.

    A block is ``(features, indptr, outputs, values)`` with the bias as its last row; jobs come in
    the order of nodes and outputs.
    """
    bias = np.concatenate([values[indptr[-2] :] for _, indptr, _, values in blocks])
    node = np.concatenate(
        [np.full(indptr[-2], job[0]) for job, (_, indptr, _, _) in zip(jobs, blocks, strict=True)]
    )
    feature = np.concatenate(
        [np.repeat(features[:-1], np.diff(indptr[:-1])) for features, indptr, _, _ in blocks]
    )
    output = np.concatenate(
        [
            outputs[: indptr[-2]] + np.int32(job[1])
            for job, (_, indptr, outputs, _) in zip(jobs, blocks, strict=True)
        ]
    )
    value = np.concatenate([values[: indptr[-2]] for _, indptr, _, values in blocks])
    if any(job[1] for job in jobs):  # a wide node came in several blocks: merge their rows
        order = np.lexsort((output, feature, node))
        node, feature, output, value = node[order], feature[order], output[order], value[order]
    starts = np.flatnonzero(
        np.append(True, (np.diff(node) != 0) | (np.diff(feature) != 0))[: value.size]
    )
    n_rows = np.bincount(node[starts], minlength=tree.n_nodes)
    return NodeWeights(
        bias,
        np.concatenate([[0], np.cumsum(n_rows)]),
        feature[starts].astype(np.int32),
        np.append(starts, value.size),
        output.astype(np.int32),
        value,
    )
