"""From label features to a label tree."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.cluster import halve_clusters
from label_trees.tree import LabelTree

IntArray = np.ndarray[Any, np.dtype[np.int32]]


def build_flat(labels: IntArray, n_labels: int) -> LabelTree:
    """Return the one-level tree over ``labels``: one-vs-all."""
    return LabelTree.from_clusters([], labels, n_labels)


def build_balanced(
    Z: sp.csr_array, labels: IntArray, *, max_leaf: int, arity: int, seed: int, n_threads: int
) -> LabelTree:
    """Return a balanced tree over ``labels`` by repeated 2-means with collapsed levels.

    Labels are halved until no cluster holds more than ``max_leaf``; of the binary levels only every
    ``log2(arity)``-th is kept, counted from the top (Prabhu et al., 2018, binary; Yu et al., 2022,
    section 3.2, and omikuji keep every fifth level or so, which is as accurate and faster).

    Parameters
    ----------
    Z : csr_array of float32, shape (n_labels, n_features)
    labels : int32
        The labels to put into the tree, sorted.
    max_leaf : int
        Largest number of labels below a leaf node.
    arity : int
        Children of an inner node, a power of 2.
    """
    n_halvings = max(0, int(np.ceil(np.log2(max(labels.size, 1) / max_leaf))))
    per_level = int(np.log2(arity))
    Z_tree = Z[labels]
    clusters = [np.arange(labels.size, dtype=np.int32)]
    levels = []
    for halving in range(n_halvings):
        clusters = halve_clusters(Z_tree, clusters, seed=seed, n_threads=n_threads)
        if (halving + 1) % per_level == 0 or halving + 1 == n_halvings:
            codes = np.empty(labels.size, dtype=np.int32)
            for code, members in enumerate(clusters):
                codes[members] = code
            levels.append(codes)
    return LabelTree.from_clusters(levels, labels, Z.shape[0])
