"""Taxonomies with rankings and true labels, by hand and at random."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tests.oracles.metrics import ancestors_reference, path_reference


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows over one taxonomy: lists for the oracles, arrays for the code under test."""

    parents: list[list[int]]
    rankings: list[list[int]]
    truths: list[set[int]]

    @property
    def labels(self):
        return np.array(self.rankings, dtype=np.int32)

    @property
    def truth(self):
        return indicator(self.truths, n_columns=len(self.parents))

    @property
    def tree(self):
        return {
            "primary_parents": np.array([p[0] if p else -1 for p in self.parents], dtype=np.int32),
            "depths": np.array(
                [len(path_reference(node, self.parents)) for node in range(len(self.parents))],
                dtype=np.int32,
            ),
        }

    @property
    def ancestors(self):
        sets = [ancestors_reference(node, self.parents) for node in range(len(self.parents))]
        return indicator(sets, n_columns=len(self.parents))


def indicator(sets, *, n_columns):
    """Return a csr_array of int8 ones, one row per set."""
    rows = [row for row, columns in enumerate(sets) for _ in columns]
    columns = [column for columns in sets for column in sorted(columns)]
    ones = np.ones(len(rows), dtype=np.int8)
    return sp.csr_array((ones, (rows, columns)), shape=(len(sets), n_columns))


def random_case(seed, *, max_parents=3, can_be_empty=True):
    """Draw a forest or DAG in shuffled numbering, and rows on it.

    Nodes from ``n_known`` on are unknown to the model: true at times, never ranked.
    """
    rng = np.random.default_rng(seed)
    n_nodes = int(rng.integers(1, 13))
    n_known = int(rng.integers(1, n_nodes + 1))
    k = int(rng.integers(1, 7))
    number = rng.permutation(n_nodes).tolist()
    parents = [[] for _ in range(n_nodes)]
    for i in range(n_nodes):
        n_parents = int(rng.integers(0, min(max_parents, i) + 1))
        chosen = rng.choice(i, n_parents, replace=False) if n_parents else []
        parents[number[i]] = [number[j] for j in chosen]
    n_least = 0 if can_be_empty else 1
    rankings, truths = [], []
    for _ in range(rng.integers(1, 7)):
        ranked = rng.permutation(n_known)[: rng.integers(n_least, k + 1)].tolist()
        rankings.append(ranked + [-1] * (k - len(ranked)))
        n_true = rng.integers(n_least, min(4, n_nodes) + 1)
        truths.append(set(rng.permutation(n_nodes)[:n_true].tolist()))
    return Case(parents=parents, rankings=rankings, truths=truths)


#   0 sport             5 home
#   +-- 1 ball games    +-- 6 kitchen
#   |   +-- 2 football  |   +-- 7 knives
#   |   +-- 3 tennis
#   +-- 4 camping (second parent: 5 home)
SHOP_PARENTS = [[], [0], [1], [1], [0, 5], [], [5], [6]]
