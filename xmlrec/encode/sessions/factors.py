"""Vectors that training starts from: what items are beside in sessions, and what their paths share.

Items get the factors of the positive pointwise mutual information of items near each other, which
is what word2vec comes to (Levy and Goldberg, NIPS 2014, sections 3 and 5); contexts are smoothed
(Levy, Goldberg and Dagan, TACL 2015, section 3.1). From the roots on, each node takes the mean of
its items' vectors, and they keep the rest. Training from random vectors takes more epochs.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.encode.batches import IntArray
from xmlrec.encode.contract import Vectors
from xmlrec.encode.sessions.content import ItemContent, depths

N_NEAR = 6
"""Events apart that count as near; an event ``n`` away counts ``1 / n``."""

SMOOTHING = 0.75
SHRINKAGE = 5.0
"""Items' worth of zeros in the mean of a node, so that a node with few stays near its parent."""


def start_vectors(
    indptr: IntArray, items: IntArray, content: ItemContent, dim: int, seed: int
) -> tuple[Vectors, Vectors]:
    """Return vectors of items (n_items, dim) and of nodes (n_nodes, dim).

    An item is the sum of its own and those of the nodes on its paths; its length is 1, or 0 for one
    that is near no other.
    """
    vectors = item_factors(nearness(indptr, items, len(content)), dim, seed)
    nodes = np.zeros((content.parents.size, dim), dtype=np.float32)
    is_known = vectors.any(axis=1).astype(np.float32)
    shares = sp.csr_array(sp.diags_array(is_known) @ content.node_shares())
    levels = depths(content.parents)
    for level in range(int(levels.max(initial=-1)) + 1):
        chosen = levels == level
        of_level = sp.csr_array(shares[:, np.flatnonzero(chosen)])
        totals = np.asarray(of_level.sum(axis=0))[:, None] + np.float32(SHRINKAGE)
        nodes[chosen] = (of_level.T @ vectors) / totals
        vectors -= of_level @ nodes[chosen]
    return vectors, nodes


def nearness(indptr: IntArray, items: IntArray, n_items: int) -> sp.csr_array:
    """Return how often two items are near each other, (n_items, n_items), symmetric."""
    session = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    near = sp.csr_array((n_items, n_items), dtype=np.float64)
    for n in range(1, N_NEAR + 1):
        first = np.flatnonzero(session[n:] == session[:-n])
        pairs = items[first], items[first + n]
        counts = sp.coo_array((np.full(first.size, 1.0 / n), pairs), shape=near.shape)
        near = near + counts.tocsr()
    return sp.csr_array(near + near.T)


def item_factors(near: sp.csr_array, dim: int, seed: int) -> Vectors:
    """Return rows of unit length, or zeros, that factorise the mutual information."""
    from sklearn.utils.extmath import randomized_svd

    rows = np.repeat(np.arange(near.shape[0]), np.diff(near.indptr))
    totals = np.asarray(near.sum(axis=1))
    context = totals**SMOOTHING
    expected = totals[rows] * context[near.indices] / max(context.sum(), 1e-30)
    information: Any = np.log(near.data / expected)
    kept = information > 0
    entries = information[kept], (rows[kept], near.indices[kept])
    positive = sp.csr_array(entries, shape=near.shape)
    n_factors = min(dim, near.shape[0])
    left, sizes, _ = randomized_svd(positive, n_factors, n_iter=4, random_state=seed)
    vectors = np.zeros((near.shape[0], dim), dtype=np.float32)
    vectors[:, :n_factors] = left * np.sqrt(sizes)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
    return scaled
