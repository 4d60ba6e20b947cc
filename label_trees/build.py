"""From label features to a label tree."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.cluster import halve_clusters
from label_trees.kmeans import split_clusters
from label_trees.tree import LabelTree

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]

PARTS_PER_LEAF = 4
"""Parts that a k-means split makes of ``max_leaf`` labels, if ``arity`` allows: sizes differ."""


def build_flat(labels: IntArray, n_labels: int) -> LabelTree:
    """Return the one-level tree over ``labels``: one-vs-all."""
    return LabelTree.from_nodes(np.array([-1]), np.zeros_like(labels), labels, n_labels)


def build_balanced(
    Z: sp.csr_array, labels: IntArray, *, max_leaf: int, arity: int, seed: int, n_threads: int
) -> LabelTree:
    """Return a balanced tree over ``labels`` by repeated 2-means with collapsed levels.

    Labels are halved until no cluster holds more than ``max_leaf``; of the binary levels as few are
    kept as ``arity`` allows, evenly spread (Prabhu et al., 2018, keep all; Yu et al., 2022, section
    3.2, and omikuji every fifth or so). Few wide levels train and predict faster and are at least
    as accurate: every level less is one look-up less of each feature, and one chance less to err.

    Parameters
    ----------
    Z : csr_array of float32, shape (n_labels, n_features)
    labels : int32
        The labels to put into the tree, sorted.
    max_leaf : int
        Largest number of labels below a leaf node.
    arity : int
        Largest number of children of an inner node, a power of 2.
    """
    n_halvings = max(0, int(np.ceil(np.log2(max(labels.size, 1) / max_leaf))))
    n_levels = -(-n_halvings // int(np.log2(arity)))
    members, bounds = labels, np.array([0, labels.size])
    node_parents, first = [np.array([-1])], 0
    for level in range(n_levels):
        n_collapsed = n_halvings // n_levels + (level < n_halvings % n_levels)
        for _ in range(n_collapsed):
            members, bounds = halve_clusters(Z, members, bounds, seed=seed, n_threads=n_threads)
        node_parents.append(first + (np.arange(bounds.size - 1) >> n_collapsed))
        first += node_parents[-2].size
    node_of = np.empty(Z.shape[0], dtype=np.int32)
    node_of[members] = first + np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
    return LabelTree.from_nodes(np.concatenate(node_parents), node_of[labels], labels, Z.shape[0])


def build_kmeans(
    Z: sp.csr_array,
    labels: IntArray,
    *,
    max_leaf: int,
    arity: int,
    max_depth: int = 3,
    seed: int,
    n_threads: int,
) -> LabelTree:
    """Return a shallow tree of uneven clusters (Khandagale et al., 2020, Bonsai, section 3).

    A cluster of more than ``max_leaf`` labels is split by spherical k-means, down to ``max_depth``.
    Unlike Bonsai's, a small cluster gets fewer than ``arity`` children, which costs no accuracy.

    Parameters
    ----------
    Z : csr_array of float32, shape (n_labels, n_features)
    labels : int32
        The labels to put into the tree, sorted.
    max_leaf : int
        Clusters of more labels are split, unless their labels are all alike.
    arity : int
        Largest number of children of an inner node.
    max_depth : int
        Levels of splits: a cluster at this depth is a leaf, however large.
    """
    node_parents, node_of = [-1], np.zeros(Z.shape[0], dtype=np.int32)
    level = [(0, labels)]
    for _ in range(max_depth):
        level = [(node, members) for node, members in level if members.size > max_leaf]
        parts = split_clusters(
            Z,
            [members for _, members in level],
            [count_parts(members.size, max_leaf, arity) for _, members in level],
            seeds=[(seed, node) for node, _ in level],
            n_threads=n_threads,
        )
        below = []
        for (node, members), codes in zip(level, parts, strict=True):
            sizes = np.bincount(codes)
            if sizes.size > 1:
                in_order = members[np.argsort(codes, kind="stable")]
                for part in np.split(in_order, np.cumsum(sizes)[:-1]):
                    node_of[part] = len(node_parents)
                    below.append((len(node_parents), part))
                    node_parents.append(node)
        level = below
    return LabelTree.from_nodes(np.array(node_parents), node_of[labels], labels, Z.shape[0])


def count_parts(n_labels: int, max_leaf: int, arity: int) -> int:
    """Return into how many parts to split: not so many that most leaves hold a few labels only."""
    return min(arity, n_labels // 2, PARTS_PER_LEAF * n_labels // max_leaf)
