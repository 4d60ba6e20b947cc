"""Training the local classifiers of a label tree.

Each node has one linear classifier a slot, trained on the instances that have a label below the
node ("teacher forcing"): positive are those with a label below the slot. Per slot the objective is

    min_w  1/2 |w|^2 + sum_i C c_i loss(y_i w.(x_i, 1))

with a bias feature and ``loss(m)`` either the squared hinge ``max(0, 1 - m)^2`` or the logistic
``log(1 + exp(-m))``, by dual coordinate descent (Hsieh et al., ICML 2008, Algorithm 1; Shalev-
Shwartz and Zhang, JMLR 14, 2013). ``c_i`` is the instance's weight, times the value in Y where the
instance is positive.

A slot is done when its duality gap is at most ``eps`` times the squared-hinge loss of the better of
the two classifiers that always give the same answer with margin 1. The gap is summed over a sweep
at the margins that the sweep meets. So measured it keeps the dual objective, and with it
``1/2 |w - w*|^2``, within what ``eps`` allows of the optimum (tested against liblinear's solution);
the primal objective, whose loss sees the last steps of all rows at once, can lie several times
further off, the more so the larger ``C``.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from label_trees.forest import LOSSES
from label_trees.instances import NodeInstances, assign_instances, select_outputs
from label_trees.kernels.gather import gather_rows
from label_trees.kernels.solver import solve_outputs
from label_trees.kernels.vectors import LANES
from label_trees.parallel import thread_map
from label_trees.tree import LabelTree
from label_trees.weights import Block, NodeWeights, pack_weights, prune

logger = logging.getLogger(__name__)

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

MAX_OUTPUTS = 128
"""Outputs solved together: wider nodes are cut, which keeps their weights in cache."""

SMALLEST_COST = np.float32(1e-15)
"""Costs below count as this much: the solver divides by them in float32."""

PROGRESS_S = 5.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverSettings:
    """How local classifiers are trained.

    Attributes
    ----------
    loss : str
        ``squared_hinge`` or ``logistic``.
    C : float
        Cost of the loss against the regulariser.
    eps : float
        Relative duality gap at which a classifier is done; see the module's text.
    max_iter : int
        Largest number of sweeps over the instances.
    min_weight : float
        Weights of smaller magnitude are dropped, the bias excepted.
    memory_limit : int
        Bytes that the working arrays of all threads may take together: wide nodes are cut to fit,
        down to eight outputs at a time. The weights do not depend on it.
    """

    loss: str = "squared_hinge"
    C: float = 1.0
    eps: float = 0.01
    max_iter: int = 20
    min_weight: float = 0.1
    memory_limit: int = 2**31

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {self.loss!r}")
        if not (self.C > 0 and self.eps > 0):
            raise ValueError(f"C and eps must be above 0, got C={self.C:g} and eps={self.eps:g}")
        if not (self.max_iter >= 1 and self.min_weight >= 0):
            raise ValueError(
                "max_iter must be at least 1 and min_weight at least 0, "
                f"got {self.max_iter} and {self.min_weight:g}"
            )
        if self.memory_limit < 1:
            raise ValueError(f"memory_limit must be at least 1 byte, got {self.memory_limit}")


class Job(NamedTuple):
    """Outputs ``start .. stop - 1`` of a node, solved together; ``cost`` is in multiply-adds."""

    node: int
    start: int
    stop: int
    cost: float


def plan_jobs(
    tree: LabelTree, instances: NodeInstances, X: sp.csr_array, memory_limit: int, n_threads: int
) -> list[Job]:
    """Cut nodes into jobs that fit into memory and keep all threads busy to the end."""
    sizes = np.concatenate([[0], np.cumsum(np.diff(X.indptr)[instances.rows])])
    n_nonzeros = np.diff(sizes[instances.indptr])
    n_rows = np.diff(instances.indptr)
    costs = n_nonzeros * (tree.widths + 50.0)
    shares = costs / max(costs.sum(), 1.0)
    jobs = []
    for node, width in enumerate(tree.widths.tolist()):
        n_jobs = max(-(-width // MAX_OUTPUTS), np.ceil(2 * n_threads * shares[node]), 1)
        n_features = min(n_nonzeros[node] // 2, X.shape[1])
        free = memory_limit / n_threads - 20 * n_nonzeros[node]
        fitting = free / (12 * (n_features + n_rows[node] + 1))  # three arrays of float32
        balanced = -(-max(width / n_jobs, 32) // LANES)
        n_outputs = int(max(min(balanced, fitting // LANES), 1)) * LANES
        for start in range(0, width, n_outputs):
            stop = min(start + n_outputs, width)
            jobs.append(Job(node, start, stop, n_nonzeros[node] * (stop - start + 50.0)))
    return jobs


class Progress:
    """Logs how much of the work is done, and how long the rest will take."""

    def __init__(self, total: float) -> None:
        self._total, self._done = max(total, 1.0), 0.0
        self._start = self._said = time.perf_counter()
        self._lock = threading.Lock()

    def add(self, cost: float) -> None:
        """Count work as done."""
        with self._lock:
            self._done += cost
            now = time.perf_counter()
            if now - self._said < PROGRESS_S or not self._done:
                return
            self._said = now
            share = self._done / self._total
            left_s = (now - self._start) * (1 - share) / share
            logger.info("classifiers: %.0f %% trained, about %.0f s left", 100 * share, left_s)


def train_trees(
    trees: Sequence[LabelTree],
    X: sp.csr_array,
    Y: sp.csr_array,
    sample_weight: FloatArray,
    *,
    settings: SolverSettings,
    seeds: Sequence[int],
    n_threads: int,
) -> list[NodeWeights]:
    """Return the weights of all local classifiers of each tree.

    The result depends neither on ``n_threads`` nor on ``memory_limit``: every node draws from its
    tree's seed and its own number, and outputs share nothing. Largest jobs of all trees go first,
    so that threads finish together.
    """
    instances = thread_map(lambda tree: assign_instances(tree, Y), trees, n_threads)
    jobs = [
        (number, job)
        for number, (tree, of_tree) in enumerate(zip(trees, instances, strict=True))
        for job in plan_jobs(tree, of_tree, X, settings.memory_limit, n_threads)
    ]
    progress = Progress(sum(job.cost for _, job in jobs))
    work = threading.local()

    def solve(place: int) -> Block:
        if not hasattr(work, "local_of"):
            work.local_of = np.zeros(X.shape[1], dtype=np.int32)
        number, job = jobs[place]
        block = solve_job(
            job, instances[number], X, sample_weight, settings, seeds[number], work.local_of
        )
        progress.add(job.cost)
        return block

    by_cost = sorted(range(len(jobs)), key=lambda place: -jobs[place][1].cost)
    solved = dict(zip(by_cost, thread_map(solve, by_cost, n_threads), strict=True))

    def pack(number: int) -> NodeWeights:
        own = [place for place, (of_tree, _) in enumerate(jobs) if of_tree == number]
        starts = [(jobs[place][1].node, jobs[place][1].start) for place in own]
        return pack_weights(trees[number], X.shape[1], starts, [solved[place] for place in own])

    logger.debug("trained %s classifiers", [tree.slot_node.size for tree in trees])
    return thread_map(pack, range(len(trees)), n_threads)


def solve_job(
    job: Job,
    instances: NodeInstances,
    X: sp.csr_array,
    sample_weight: FloatArray,
    settings: SolverSettings,
    seed: int,
    local_of: IntArray,
) -> Block:
    """Train the classifiers of one job; ``local_of`` (n_features) holds zeros and is left so."""
    lo, hi = instances.indptr[job.node], instances.indptr[job.node + 1]
    rows = instances.rows[lo:hi]
    shared, own = gather_rows(X.indptr, X.indices, X.data, rows, local_of)
    n_outputs = job.stop - job.start
    W, U = solve_outputs(
        shared,
        own,
        np.maximum(settings.C * sample_weight[rows], SMALLEST_COST),
        *select_outputs(instances, lo, hi, job.start, job.stop),
        n_outputs,
        settings.eps,
        settings.max_iter,
        settings.loss == "logistic",
        np.random.default_rng((seed, job.node)).integers(1, 2**63, dtype=np.uint64),
    )
    return prune(W, U, n_outputs, shared[3], own, settings.min_weight)
