"""How sure a forecast of categories is at each level, with levels that agree with each other.

The children of a category, and what ends right in it, share its probability. At each level their
shares ``p`` are bent and add up to 1 again,

    p' ~ exp( slope * (x + bend * x^2 / (2 X)) + lead * [largest of its siblings] ),   x = log p ,

with ``x`` cut at ``-X``, and 0 for a share of 0: a temperature for each level (Guo et al., ICML
2017, section 4.2), a bend that leaves more to the tail while the head becomes surer, and a lead, by
which the likeliest is on the average as likely as it was right. Order stays for any bend from 0 to
1 and lead from 0 on. The three maximise the likelihood of what came next in held-out sessions.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.sessions import FloatArray, IntArray, LongArray

DoubleArray = np.ndarray[Any, np.dtype[np.float64]]

PLAIN = (1.0, 0.0, 0.0)
"""The slope, bend and lead that change nothing."""

BOUNDS = ((0.2, 5.0), (0.0, 1.0), (0.0, 10.0))
LOWEST = -14.0
"""The ``-X`` from which on a share is bent no further."""

LEAST = 1e-9
"""The least probability of what came next, so that one surprise does not settle a level."""

MAX_ROWS = 3000


class Level(NamedTuple):
    """The slots of a level, ``lo .. hi - 1``, and where its groups of one parent start in them."""

    lo: int
    hi: int
    starts: LongArray


class LevelTree:
    """The ends of paths as leaves of a tree along primary parents.

    A category is a slot beside those under the same parent; so is, under itself, what ends in a
    category that has others below.

    Parameters
    ----------
    ends : int32 array, shape (n_ends,)
        Columns of the taxonomy.
    primary_parents, depths : int arrays, shape (n_nodes,)
        -1 and 1 for a root.
    """

    def __init__(self, ends: IntArray, primary_parents: IntArray, depths: IntArray) -> None:
        paths = [path_to(int(end), primary_parents) for end in ends]
        inner = {node for path in paths for node in path[1:]}
        slots = {(int(depths[node]), int(primary_parents[node]), node, 0)
                 for path in paths for node in path}  # fmt: skip
        slots |= {(int(depths[end]) + 1, int(end), int(end), 1) for end in ends if end in inner}
        ordered = sorted(slots)
        place = {slot[2:]: number for number, slot in enumerate(ordered)}
        self.n_slots = len(ordered)
        self.end_slots: LongArray = np.array(
            [place[(int(end), int(end in inner))] for end in ends], dtype=np.int64
        )
        self._parents = np.array([place.get((slot[1], 0), -1) for slot in ordered], dtype=np.int64)
        entries = [
            (row, place[slot])
            for row, path in enumerate(paths)
            for slot in {(node, 0) for node in path} | {(path[0], int(path[0] in inner))}
        ]
        rows, columns = np.array(entries, dtype=np.int64).reshape(-1, 2).T
        ones = np.ones(len(rows), dtype=np.float32)
        self._above = sp.csr_array((ones, (rows, columns)), shape=(len(ends), self.n_slots))
        self._levels = group_levels(ordered)

    @property
    def n_levels(self) -> int:
        """How many levels there are."""
        return len(self._levels)

    def shaped(self, forecast: FloatArray, shapes: DoubleArray) -> FloatArray:
        """Return a forecast (n_sessions, n_ends) whose shares are bent at each level.

        Parameters
        ----------
        shapes : float64 array, shape (n_levels, 3)
            Slope, bend and lead of each level.
        """
        masses = np.asarray(forecast @ self._above, dtype=np.float32)
        out = np.empty_like(masses)
        for level, shape in zip(self._levels, shapes, strict=True):
            slots = slice(level.lo, level.hi)
            shares = of_groups(masses[:, slots], level.starts)
            if tuple(shape) != PLAIN:
                shares = bent(shares, level.starts, shape)
            out[:, slots] = shares
            if level.lo:
                out[:, slots] *= out[:, self._parents[slots]]
        return np.asarray(out[:, self.end_slots])

    def fitted(self, forecast: FloatArray, truth: sp.csr_array) -> DoubleArray:
        """Return the shapes (n_levels, 3) under which the truth is likeliest.

        Parameters
        ----------
        truth : csr_array, shape (n_sessions, n_ends)
            How what came next divides among the ends.
        """
        masses = np.asarray(forecast @ self._above, dtype=np.float32)
        right = sp.csr_array(truth @ self._above).toarray().astype(np.float32)
        shapes = np.tile(PLAIN, (self.n_levels, 1))
        for shape, (lo, hi, starts) in zip(shapes, self._levels, strict=True):
            rows = np.flatnonzero(right[:, lo:hi].sum(axis=1) > 0)[:MAX_ROWS]
            if len(rows) and hi - lo > len(starts):
                shares = of_groups(masses[rows, lo:hi], starts)
                shape[:] = fit_shape(shares, right[rows, lo:hi], starts)
        return shapes


def fit_shape(shares: FloatArray, right: FloatArray, starts: LongArray) -> DoubleArray:
    """Return slope, bend and lead under which ``right``, shares of what came next, is likeliest."""
    from scipy.optimize import minimize

    x, x_bent, leads = features(shares, starts)
    groups = np.add.reduceat(right, starts, axis=1)
    sizes = group_sizes(starts, shares.shape[1])

    def loss(shape: DoubleArray) -> tuple[float, DoubleArray]:
        slope, bend, lead = shape
        p = softmax(slope * (x + bend * x_bent) + lead * leads, shares, starts)
        value = -float((right * np.log(p + LEAST)).sum(dtype=np.float64))
        residual = p * np.repeat(groups, sizes, axis=1) - right
        of_x, of_bend, of_lead = (
            float((residual * feature).sum(dtype=np.float64)) for feature in (x, x_bent, leads)
        )
        return value, np.array([of_x + bend * of_bend, slope * of_bend, of_lead])

    return np.asarray(minimize(loss, PLAIN, jac=True, method="L-BFGS-B", bounds=BOUNDS).x)


def bent(shares: FloatArray, starts: LongArray, shape: DoubleArray) -> FloatArray:
    """Return shares bent by slope, bend and lead, adding up to 1 in each group."""
    x, x_bent, leads = features(shares, starts)
    slope, bend, lead = shape.astype(np.float32)
    return softmax(slope * (x + bend * x_bent) + lead * leads, shares, starts)


def features(shares: FloatArray, starts: LongArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ``x``, ``x^2 / (2 X)`` and which share is the largest of its group."""
    x = np.log(np.maximum(shares, np.float32(np.exp(LOWEST))))
    largest = np.maximum.reduceat(shares, starts, axis=1)
    leads = shares == np.repeat(largest, group_sizes(starts, shares.shape[1]), axis=1)
    x_bent = np.asarray(x * x / (-2.0 * LOWEST), dtype=np.float32)
    return np.asarray(x, dtype=np.float32), x_bent, leads.astype(np.float32)


def softmax(logits: FloatArray, shares: FloatArray, starts: LongArray) -> FloatArray:
    """Return the softmax of each group over those that have a share."""
    return of_groups(np.exp(logits) * (shares > 0), starts)


def of_groups(masses: FloatArray, starts: LongArray) -> FloatArray:
    """Return masses (n, n_slots) divided by the sum of their group."""
    totals = np.add.reduceat(masses, starts, axis=1)
    wholes = np.repeat(totals, group_sizes(starts, masses.shape[1]), axis=1)
    return np.asarray(masses / np.maximum(wholes, np.float32(1e-30)), dtype=np.float32)


def group_sizes(starts: LongArray, n_slots: int) -> LongArray:
    """Return how many slots each group has."""
    return np.diff(np.append(starts, n_slots))


def path_to(end: int, primary_parents: IntArray) -> list[int]:
    """Return a node and those above it, the root last."""
    path = []
    while end >= 0:
        path.append(end)
        end = int(primary_parents[end])
    return path


def group_levels(slots: list[tuple[int, int, int, int]]) -> list[Level]:
    """Return where each level begins and ends in sorted slots, and its groups of one parent."""
    table = np.array(slots, dtype=np.int64).reshape(-1, 4)
    levels = []
    for level in np.unique(table[:, 0]):
        lo, hi = np.searchsorted(table[:, 0], [level, level + 1])
        parents = table[lo:hi, 1]
        starts = np.flatnonzero(np.append(True, parents[1:] != parents[:-1]))
        levels.append(Level(int(lo), int(hi), starts))
    return levels
