"""Weights of a tree's local classifiers, stored node by node for beam search.

All slots of a node are asked for together, so a node's weights form a *chunk* (Etter et al., 2022,
"Accelerating inference for sparse extreme multi-label ranking trees"): a row for each feature that
any slot uses, with the outputs that use it. Where the paper searches a chunk's features by
bisection or hashing, ours are cut into buckets by their high bits: a bucket says where its few rows
begin, and a row keeps the low bits only. That finds a feature in a handful of steps, one instance
or many, and takes fewer bytes than the sorted numbers themselves.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from label_trees.kernels.pack import collect_kept, count_kept, pack_node, round_node
from label_trees.tree import LabelTree

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

ROWS_PER_BUCKET = 3
"""Chunk rows in a bucket, about: fewer are found faster, more take fewer bytes."""

MIN_DENSE_WIDTH = 8
"""A row with weights for half of this many outputs or more is stored whole, zeros included: the
search adds it as one vector."""


class NodeWeights(NamedTuple):
    """Chunked sparse weights.

    Attributes
    ----------
    bias : float32, shape (n_slots,)
    scale : float32, shape (n_slots,) or (0,)
        What a slot's values are to be multiplied by; none where they are float32.
    shift : uint8, shape (n_nodes,)
        Feature ``f`` is in bucket ``f >> shift`` of a node.
    bucket_indptr, row_indptr, weight_indptr : int64, shape (n_nodes + 1,)
        First bucket, chunk row and weight of a node. A node's buckets have one more at the end.
    bucket_row, bucket_weight : int32, shape (n_buckets,)
        First chunk row and first weight of a bucket, counted from the node's first.
    row_feature : uint8 or uint16, shape (n_chunk_rows,)
        The low ``shift`` bits of a chunk row's feature, rising within a bucket.
    row_count : uint8, uint16 or int32, shape (n_chunk_rows,)
        Number of weights of a chunk row less one.
    output : uint8, uint16 or int32, shape (n_weights,)
        Slot of a weight, counted from the node's first, rising within a chunk row.
    value : float32 or int8, shape (n_weights,)
    """

    bias: FloatArray
    scale: FloatArray
    shift: IntArray
    bucket_indptr: IntArray
    row_indptr: IntArray
    weight_indptr: IntArray
    bucket_row: IntArray
    bucket_weight: IntArray
    row_feature: IntArray
    row_count: IntArray
    output: IntArray
    value: FloatArray | IntArray


@dataclass(frozen=True, slots=True, eq=False)
class TrainedTree:
    """A label tree and the weights of its local classifiers."""

    tree: LabelTree
    weights: NodeWeights


class Block(NamedTuple):
    """What the solver found for some outputs of a node.

    Attributes
    ----------
    features, counts : int32
        Features with weights, rising, and how many each has.
    outputs, values : int32, float32
        The weights, feature by feature; outputs are counted from the block's first.
    bias : float32, shape (n_outputs,)
    """

    features: IntArray
    counts: IntArray
    outputs: IntArray
    values: FloatArray
    bias: FloatArray


def prune(
    W: FloatArray,
    U: FloatArray,
    n_outputs: int,
    features: IntArray,
    own: tuple[IntArray, IntArray, FloatArray],
    min_weight: float,
) -> Block:
    """Return the weights of at least ``min_weight`` by rising feature, and the bias of all.

    Parameters
    ----------
    W, U : float32
        What the solver returned: weights of shared features, the bias last, and dual variables.
    features : int32
        The shared features, those of the rows of ``W``.
    own : tuple
        ``(indptr, features, data)`` of the features that one row only has.
    """
    counts = np.zeros(features.size + own[1].size, dtype=np.int32)
    row_of = np.empty(own[1].size, dtype=np.int32)
    count_kept(W, U, n_outputs, own, np.float32(min_weight), counts, row_of)
    kept = np.flatnonzero(counts)
    names = np.concatenate([features, own[1]])[kept]
    order = np.argsort(names)
    kept = kept[order]
    outputs = np.empty(counts.sum(), dtype=np.int32)
    values = np.empty(outputs.size, dtype=np.float32)
    collect_kept(W, U, n_outputs, own, np.float32(min_weight), kept, row_of, outputs, values)
    return Block(names[order], counts[kept], outputs, values, W[-1, :n_outputs].copy())


def pack_weights(
    tree: LabelTree, n_features: int, places: list[tuple[int, int]], blocks: list[Block]
) -> NodeWeights:
    """Lay out ``blocks``, each for the ``(node, first output)`` in ``places``, which rise."""
    of_node: list[list[tuple[int, Block]]] = [[] for _ in range(tree.n_nodes)]
    for (node, start), block in zip(places, blocks, strict=True):
        of_node[node].append((start, block))
    whole = [join_blocks(parts) for parts in of_node]
    sizes = [row_sizes(block, int(width)) for block, width in zip(whole, tree.widths, strict=True)]
    n_rows = np.array([block.features.size for block in whole])
    shift, row_dtype = choose_shifts(n_rows, n_features)
    n_buckets = ((n_features - 1) >> shift.astype(np.int64)) + 2
    bucket_indptr, row_indptr, weight_indptr = (
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        for counts in (n_buckets, n_rows, [int(of_rows.sum()) for of_rows in sizes])
    )
    output_dtype = np.min_scalar_type(max(int(tree.widths.max()) - 1, 0))
    output_dtype = output_dtype if output_dtype.itemsize <= 2 else np.dtype(np.int32)
    packed = NodeWeights(
        np.concatenate([block.bias for block in whole]),
        np.zeros(0, dtype=np.float32),
        shift,
        bucket_indptr,
        row_indptr,
        weight_indptr,
        np.empty(bucket_indptr[-1], dtype=np.int32),
        np.empty(bucket_indptr[-1], dtype=np.int32),
        np.empty(row_indptr[-1], dtype=row_dtype),
        np.empty(row_indptr[-1], dtype=output_dtype),
        np.empty(weight_indptr[-1], dtype=output_dtype),
        np.empty(weight_indptr[-1], dtype=np.float32),
    )
    for node, (block, of_rows) in enumerate(zip(whole, sizes, strict=True)):
        buckets, rows, weights = (
            slice(indptr[node], indptr[node + 1])
            for indptr in (bucket_indptr, row_indptr, weight_indptr)
        )
        pack_node(
            *block[:4], of_rows, int(shift[node]), packed.bucket_row[buckets],
            packed.bucket_weight[buckets], packed.row_feature[rows], packed.row_count[rows],
            packed.output[weights], packed.value[weights],
        )  # fmt: skip
    return frozen(packed)


def join_blocks(parts: list[tuple[int, Block]]) -> Block:
    """Return one block for all outputs of a node, given ``(first output, block)`` in order."""
    if not parts:
        none = np.zeros(0, dtype=np.int32)
        return Block(none, none, none, none.astype(np.float32), none.astype(np.float32))
    if len(parts) == 1:
        return parts[0][1]
    feature = np.concatenate([np.repeat(block.features, block.counts) for _, block in parts])
    output = np.concatenate([block.outputs + np.int32(start) for start, block in parts])
    order = np.lexsort((output, feature))
    features, counts = np.unique(feature, return_counts=True)
    return Block(
        features,
        counts.astype(np.int32),
        output[order],
        np.concatenate([block.values for _, block in parts])[order],
        np.concatenate([block.bias for _, block in parts]),
    )


def row_sizes(block: Block, width: int) -> IntArray:
    """Return how many weights are stored of each row of ``block``."""
    is_dense = (width >= MIN_DENSE_WIDTH) & (2 * block.counts >= width)
    return np.where(is_dense, np.int32(width), block.counts)


def choose_shifts(
    n_rows: IntArray, n_features: int
) -> tuple[IntArray, type[np.unsignedinteger[Any]]]:
    """Return each node's shift and the type of low bits that together take the fewest bytes."""
    wanted = np.log2(np.maximum(n_features * ROWS_PER_BUCKET / np.maximum(n_rows, 1), 1))
    choices = []
    for dtype, n_bits in ((np.uint8, 8), (np.uint16, 16)):
        shift = np.minimum(np.ceil(wanted), n_bits).astype(np.uint8)
        n_buckets = (n_features >> shift.astype(np.int64)) + 2
        n_bytes = int(8 * n_buckets.sum() + n_bits // 8 * n_rows.sum())
        choices.append((n_bytes, n_bits, shift, dtype))
    _, _, shift, dtype = min(choices, key=lambda choice: choice[:2])
    return shift, dtype


def quantize_weights(tree: LabelTree, weights: NodeWeights) -> NodeWeights:
    """Return ``weights`` rounded to 8 bits, 127 steps to the largest weight of each slot."""
    if weights.value.dtype == np.int8:
        return weights
    scale = np.zeros(weights.bias.size, dtype=np.float32)
    code = np.zeros(weights.value.size, dtype=np.int8)
    for node in range(tree.n_nodes):
        of_node = slice(weights.weight_indptr[node], weights.weight_indptr[node + 1])
        slots = slice(tree.slot_indptr[node], tree.slot_indptr[node + 1])
        round_node(weights.output[of_node], weights.value[of_node], scale[slots], code[of_node])
    return frozen(weights._replace(scale=scale, value=code))


def frozen(weights: NodeWeights) -> NodeWeights:
    """Make the arrays read-only as if they came from a file: kernels compile once for both."""
    for array in weights:
        array.setflags(write=False)
    return weights
