"""Training the local classifiers of a label tree.

Each node has one linear classifier a slot, trained on the instances that have a label below the
node ("teacher forcing"): positive are those with a label below the slot. Per slot the objective is

    min_w  1/2 |w|^2 + sum_i C c_i max(0, 1 - y_i w.(x_i, 1))^2 ,

L2-regularised squared hinge with a bias feature, by dual coordinate descent (Hsieh et al., ICML
2008, Algorithm 1) until the largest difference of projected gradients in a sweep is below ``eps``.
``c_i`` is the instance's weight, times the value in Y where the instance is positive.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.kernels.solver import gather_rows, prune, solve_outputs
from label_trees.parallel import thread_map
from label_trees.tree import LabelTree
from label_trees.weights import Block, NodeWeights, pack_weights

logger = logging.getLogger(__name__)

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

MAX_OUTPUTS = 128
"""Outputs solved together: wider nodes are cut, which bounds memory and keeps W in cache."""


SMALLEST_COST = np.float32(1e-15)
"""Costs below count as this much: the solver divides by them in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverSettings:
    """How local classifiers are trained.

    Attributes
    ----------
    C : float
        Cost of the loss against the regulariser.
    eps : float
        Optimality gap at which a classifier is done.
    max_iter : int
        Largest number of sweeps over the instances.
    min_weight : float
        Weights of smaller magnitude are dropped, the bias excepted.
    """

    C: float = 1.0
    eps: float = 0.1
    max_iter: int = 20
    min_weight: float = 0.1

    def __post_init__(self) -> None:
        if not (self.C > 0 and self.eps > 0):
            raise ValueError(f"C and eps must be above 0, got C={self.C:g} and eps={self.eps:g}")
        if not (self.max_iter >= 1 and self.min_weight >= 0):
            raise ValueError(
                "max_iter must be at least 1 and min_weight at least 0, "
                f"got {self.max_iter} and {self.min_weight:g}"
            )


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
    row = np.repeat(np.arange(Y.shape[0], dtype=np.int64), np.diff(Y.indptr))
    slot = tree.label_slot[Y.indices].astype(np.int64)
    value = Y.data
    steps = []
    while True:
        inside = slot >= 0
        row, slot, value = row[inside], slot[inside], value[inside]
        if not slot.size:
            break
        steps.append((row, slot, value))
        slot = tree.parent_slot[tree.owner[slot]].astype(np.int64)
    rows, slots, values = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    order = np.lexsort((slots, rows, tree.owner[slots]))
    rows, slots, values = rows[order], slots[order], values[order]
    is_new = np.append(True, (np.diff(slots) != 0) | (np.diff(rows) != 0))
    starts = np.flatnonzero(is_new)
    values = np.maximum.reduceat(values, starts)
    rows, slots = rows[starts], slots[starts]
    nodes = tree.owner[slots]
    entry_starts = np.flatnonzero(np.append(True, (np.diff(nodes) != 0) | (np.diff(rows) != 0)))
    n_entries = np.bincount(nodes[entry_starts], minlength=tree.n_nodes)
    return NodeInstances(
        np.concatenate([[0], np.cumsum(n_entries)]),
        rows[entry_starts].astype(np.int32),
        np.append(entry_starts, slots.size),
        (slots - tree.slot_indptr[nodes]).astype(np.int32),
        values,
    )


def train_tree(
    tree: LabelTree,
    X: sp.csr_array,
    Y: sp.csr_array,
    sample_weight: FloatArray,
    *,
    settings: SolverSettings,
    seed: int,
    n_threads: int,
) -> NodeWeights:
    """Return the weights of all local classifiers of ``tree``.

    The result does not depend on ``n_threads``: every job draws from its own seed and jobs share
    nothing. Largest jobs go first, so that threads finish together.
    """
    instances = assign_instances(tree, Y)
    jobs = [
        (node, start, min(start + MAX_OUTPUTS, int(width)))
        for node, width in enumerate(tree.widths)
        for start in range(0, int(width), MAX_OUTPUTS)
    ]
    n_rows = np.diff(instances.indptr)
    by_cost = sorted(
        range(len(jobs)), key=lambda j: -n_rows[jobs[j][0]] * (jobs[j][2] - jobs[j][1])
    )

    def solve(job: int) -> Block:
        node, start, stop = jobs[job]
        lo, hi = instances.indptr[node], instances.indptr[node + 1]
        rows = instances.rows[lo:hi]
        local_of = np.zeros(X.shape[1], dtype=np.int32)
        indptr, indices, data, features = gather_rows(X.indptr, X.indices, X.data, rows, local_of)
        positives = select_outputs(instances, lo, hi, start, stop)
        W = solve_outputs(
            indptr,
            indices,
            data,
            features.size,
            np.maximum(settings.C * sample_weight[rows], SMALLEST_COST),
            *positives,
            stop - start,
            settings.eps,
            settings.max_iter,
            np.random.default_rng((seed, node, start)).integers(1, 2**63, dtype=np.uint64),
        )
        block: Block = prune(W, features, np.argsort(features), settings.min_weight)
        return block

    solved = dict(zip(by_cost, thread_map(solve, by_cost, n_threads), strict=True))
    logger.debug("trained %d classifiers in %d nodes", tree.slot_node.size, tree.n_nodes)
    return pack_weights(tree, jobs, [solved[job] for job in range(len(jobs))])


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
