"""What is known of items beside who came to them: where their paths end, and their texts."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from xmlrec.encode.batches import IntArray, ancestors
from xmlrec.encode.contract import Vectors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemContent:
    """Paths and texts of items.

    Attributes
    ----------
    P : csr_array of float32, shape (n_items, n_nodes)
        Weights in (0, 1] of the nodes in which an item's paths end, such as the classifier's
        probabilities; any number of them, at any depth.
    parents : int array, shape (n_nodes,)
        -1 for a root.
    text : float32 array, shape (n_items, n_text), optional
        Rows of unit length; zeros for an item without a text.

    Raises
    ------
    ValueError
        If shapes do not fit, or a weight or a parent is out of range.
    """

    P: sp.csr_array
    parents: IntArray
    text: Vectors | None = None

    def __post_init__(self) -> None:
        n_items, n_nodes = self.P.shape
        if self.parents.shape != (n_nodes,):
            raise ValueError(f"P has {n_nodes} nodes, but parents has shape {self.parents.shape}")
        if n_nodes and not -1 <= self.parents.min() <= self.parents.max() < n_nodes:
            raise ValueError(f"parents must be between -1 and {n_nodes - 1}")
        if self.P.nnz and not 0 < self.P.data.min() <= self.P.data.max() <= 1:
            raise ValueError("weights of P must be above 0 and at most 1")
        if self.text is not None and (self.text.ndim != 2 or len(self.text) != n_items):
            raise ValueError(f"text has shape {self.text.shape}, expected {n_items} rows")

    def __len__(self) -> int:
        return int(self.P.shape[0])

    def take(self, rows: IntArray) -> Self:
        """Return the content of the items ``rows``, in that order."""
        text = None if self.text is None else self.text[rows]
        return type(self)(P=self.P[rows], parents=self.parents, text=text)

    def end_shares(self) -> sp.csr_array:
        """Return ``P`` with rows that sum to more than 1 scaled to 1: several paths share an item.

        A row that sums to less stays: a path that is unsure counts less.
        """
        sums = np.asarray(self.P.sum(axis=1), dtype=np.float32)
        return sp.csr_array(sp.diags_array(1 / np.maximum(sums, np.float32(1))) @ self.P)

    def node_shares(self) -> sp.csr_array:
        """Return `end_shares` of each node and all nodes below it, shape (n_items, n_nodes)."""
        return sp.csr_array(self.end_shares() @ paths(self.parents))


def paths(parents: IntArray) -> sp.csr_array:
    """Return a float32 matrix (n_nodes, n_nodes): 1 for each node itself and those above it."""
    n_nodes = parents.size
    own = sp.eye_array(n_nodes, dtype=np.float32, format="csr")
    return sp.csr_array(ancestors(parents, n_nodes).astype(np.float32) + own)


def depths(parents: IntArray) -> IntArray:
    """Return the number of nodes above each node."""
    n_above: IntArray = np.diff(ancestors(parents, parents.size).indptr)
    return n_above
