"""How sure a forecast of categories is at each level, with levels that agree with each other.

The children of a category, and what ends right in it, share its probability. The shares of a level
are raised to a power of its own and add up to 1 again: a temperature (Guo et al., ICML 2017,
section 4.2) for each level. So one is as sure as held-out sessions say, whatever the others are.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.sessions import FloatArray, IntArray, LongArray

DoubleArray = np.ndarray[Any, np.dtype[np.float64]]

RANGE = (0.4, 2.5)
LEAST = 1e-9
"""The least probability of what came next, so that one surprise does not settle a temperature."""


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

    def tempered(self, forecast: FloatArray, temperatures: DoubleArray) -> FloatArray:
        """Return a forecast (n_sessions, n_ends) with the shares of each level raised to a power.

        Parameters
        ----------
        temperatures : float64 array, shape (n_levels,)
        """
        masses = np.asarray(forecast @ self._above, dtype=np.float32)
        out = np.empty_like(masses)
        for (lo, hi, starts), power in zip(self._levels, temperatures, strict=True):
            out[:, lo:hi] = powered(masses[:, lo:hi], starts, power)
            if lo:
                out[:, lo:hi] *= out[:, self._parents[lo:hi]]
        return np.asarray(out[:, self.end_slots])

    def fitted(self, forecast: FloatArray, truth: sp.csr_array) -> DoubleArray:
        """Return the temperatures (n_levels,) under which the truth is likeliest.

        Parameters
        ----------
        truth : csr_array, shape (n_sessions, n_ends)
            How what came next divides among the ends.
        """
        from scipy.optimize import minimize_scalar

        masses = np.asarray(forecast @ self._above, dtype=np.float32)
        right = (truth @ self._above).toarray()
        temperatures = np.ones(self.n_levels)
        for level, (lo, hi, starts) in enumerate(self._levels):
            rows = np.flatnonzero(right[:, lo:hi].sum(axis=1) > 0)
            if not len(rows):
                continue

            def loss(power: float, rows: Any = rows, at: Any = (lo, hi, starts)) -> float:
                lo, hi, starts = at
                shares = powered(masses[rows, lo:hi], starts, power)
                return -float((right[rows, lo:hi] * np.log(shares + LEAST)).sum())

            temperatures[level] = minimize_scalar(
                loss, bounds=RANGE, method="bounded", options={"xatol": 0.01}
            ).x
        return temperatures


def powered(masses: FloatArray, starts: LongArray, power: float) -> FloatArray:
    """Return the shares of masses in their groups, raised to a power, adding up to 1 in each."""
    shares = of_groups(masses, starts)
    return shares if power == 1.0 else of_groups(shares ** np.float32(power), starts)


def of_groups(masses: FloatArray, starts: LongArray) -> FloatArray:
    """Return masses (n, n_slots) divided by the sum of their group."""
    totals = np.add.reduceat(masses, starts, axis=1)
    sizes = np.diff(np.append(starts, masses.shape[1]))
    wholes = np.maximum(np.repeat(totals, sizes, axis=1), np.float32(1e-30))
    return np.asarray(masses / wholes, dtype=np.float32)


def path_to(end: int, primary_parents: IntArray) -> list[int]:
    """Return a node and those above it, the root last."""
    path = []
    while end >= 0:
        path.append(end)
        end = int(primary_parents[end])
    return path


def group_levels(slots: list[tuple[int, int, int, int]]) -> list[tuple[int, int, LongArray]]:
    """Return where each level begins and ends in sorted slots, and its groups of one parent."""
    table = np.array(slots, dtype=np.int64).reshape(-1, 4)
    levels = []
    for level in np.unique(table[:, 0]):
        lo, hi = np.searchsorted(table[:, 0], [level, level + 1])
        parents = table[lo:hi, 1]
        starts = np.flatnonzero(np.append(True, parents[1:] != parents[:-1]))
        levels.append((int(lo), int(hi), starts))
    return levels
