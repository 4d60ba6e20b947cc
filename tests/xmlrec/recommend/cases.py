"""Made-up items on a made-up taxonomy."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from tests.oracles.item_lists import likely_paths
from xmlrec.recommend.item_paths import ItemPaths


class ItemCase(NamedTuple):
    """``paths`` are what is tested, ``items`` the same as lists for the oracles."""

    paths: ItemPaths
    items: list[list[tuple[int, float]]]
    parents: np.ndarray
    depths: np.ndarray


def item_case(P, parents):
    """Return the items of dense probabilities ``P`` (n_items, n_nodes)."""
    parents = np.asarray(parents, dtype=np.int32)
    depths = np.ones(len(parents), dtype=np.int32)
    for node, parent in enumerate(parents):  # a parent comes before its children
        if parent >= 0:
            depths[node] = depths[parent] + 1
    P = np.asarray(P, dtype=np.float32)
    paths = ItemPaths.of(sp.csr_array(P), primary_parents=parents, depths=depths)
    items = [likely_paths(row) for row in P.astype(np.float64).tolist()]
    return ItemCase(paths, items, parents, depths)


def random_items(rng, n_items=9, n_nodes=8):
    """Return items of none to three given or predicted paths."""
    parents = [rng.integers(-1, node) if node else -1 for node in range(n_nodes)]
    P = np.zeros((n_items, n_nodes))
    for row in P:
        ends = rng.integers(0, n_nodes, size=rng.integers(0, 4))
        row[ends] = 1 if rng.random() < 0.6 else rng.choice([0.125, 0.25, 0.5], size=len(ends))
    return item_case(P, parents)


def random_lists(rng, n_rows, k, n_items):
    """Return lists of different items with -1 in some places."""
    lists = np.full((n_rows, k), -1, dtype=np.int32)
    for row in lists:
        n_listed = rng.integers(0, min(k, n_items) + 1)
        row[rng.permutation(k)[:n_listed]] = rng.permutation(n_items)[:n_listed]
    return lists
