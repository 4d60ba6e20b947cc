"""Batches for contrastive training: items, labels, and which pairs of them are negatives.

An epoch shows every item once, with one of its labels drawn at random. Every label of a batch is
compared with every item of it (in-batch negatives), except with items that have the label, or a
label below it. Hard negatives are more labels for a batch: siblings of a drawn label, and labels
that a ranker takes for it (Dahiya et al., NGAME, WSDM 2023).

A label without a training item is in no batch: pushed away from every item and drawn to none, a
new category would never be found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

WRONG, ABOVE, OWN = 0, 1, 2
"""What a label is to an item; ``ABOVE`` a label of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Items and labels of one training step.

    Attributes
    ----------
    items : int array, shape (n_items,)
    labels : int array, shape (n_labels,)
        Rising.
    is_own, is_negative : bool array, shape (n_items, n_labels)
        Labels that an item has, and labels that are wrong for it. An ancestor of a label that it
        has is neither.
    """

    items: IntArray
    labels: IntArray
    is_own: BoolArray
    is_negative: BoolArray


class Batches:
    """Epochs of batches; a batch depends on the arguments and on its own number only.

    Parameters
    ----------
    Y : csr_array, shape (n_items, n_labels)
        A stored non-zero entry is a label of the item; an item without one is in no batch.
    batch_size : int
        Items in a batch at most.
    n_hard : int
        Hard negatives drawn for each item from its candidates and from the siblings of its drawn
        label, half of them from each where it has both. A draw that is not wrong is left out.
    seed : int
    parents : int array, shape (n_labels,), optional
        The primary parent of each label, -1 for a root; without it no label has siblings.
    ancestors : csr_array, shape (n_labels, n_labels), optional
        A row's stored columns are the label's ancestors.
    candidates : int array, shape (n_items, k), optional
        Labels that a tree or an index finds for each item, padded with -1.

    Attributes
    ----------
    has_items : bool array, shape (n_labels,)
        Labels of at least one item.

    Raises
    ------
    ValueError
        If shapes do not fit, no item has a label, or a size is out of range.
    """

    def __init__(
        self,
        Y: sp.csr_array,
        *,
        batch_size: int,
        n_hard: int = 0,
        seed: int = 0,
        parents: IntArray | None = None,
        ancestors: sp.csr_array | None = None,
        candidates: IntArray | None = None,
    ) -> None:
        Y = sp.csr_array(Y, copy=True)
        Y.sum_duplicates()
        Y.eliminate_zeros()
        _check(Y, batch_size, n_hard, parents, ancestors, candidates)
        self._Y, self._candidates = Y, candidates
        self._batch_size, self._n_hard, self._seed = batch_size, n_hard, seed
        self._items = np.flatnonzero(np.diff(Y.indptr))
        self.has_items = np.bincount(Y.indices, minlength=Y.shape[1]) > 0
        self._status = _status(Y, ancestors)
        self._siblings = None if parents is None else _Siblings(parents, self.has_items)

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self._items.size // self._batch_size)

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from batch ``start`` on.

        The items of one label go to batches side by side, so a batch has a label twice only if
        there are more of them than batches; sizes differ by one at most.
        """
        rng = np.random.default_rng((self._seed, number))
        sizes = np.diff(self._Y.indptr)[self._items]
        first = self._Y.indptr[self._items]
        drawn = self._Y.indices[first + (rng.random(sizes.size) * sizes).astype(np.int64)]
        label_order = rng.permutation(self._Y.shape[1])
        order = np.lexsort((rng.random(drawn.size), label_order[drawn]))
        for batch in range(start, len(self)):
            chosen = order[batch :: len(self)]
            of_batch = np.random.default_rng((self._seed, number, batch + 1))
            yield self._make(self._items[chosen], drawn[chosen], of_batch)

    def _make(self, items: IntArray, drawn: IntArray, rng: np.random.Generator) -> Batch:
        status = self._status[items].toarray()
        hard = self._draw_hard(items, drawn, rng)
        is_wrong = np.take_along_axis(status, np.maximum(hard, 0), axis=1) == WRONG
        hard = hard[is_wrong & (hard >= 0) & self.has_items[hard]]
        labels = np.unique(np.concatenate((drawn, hard)))
        status = status[:, labels]
        return Batch(items, labels, status == OWN, status == WRONG)

    def _draw_hard(self, items: IntArray, drawn: IntArray, rng: np.random.Generator) -> IntArray:
        """Return ``n_hard`` labels for each item, -1 where there is none."""
        shape = (items.size, self._n_hard)
        mined = siblings = np.full(shape, -1)
        if self._candidates is not None:
            k = self._candidates.shape[1]
            mined = self._candidates[items[:, np.newaxis], rng.integers(k, size=shape)]
        if self._siblings is not None:
            siblings = self._siblings.draw(drawn, rng.random(shape))
        takes_mined = (self._siblings is None) | (rng.random(shape) < 0.5)
        return np.where(takes_mined & (mined >= 0), mined, siblings)


class _Siblings:
    """Labels with items by their parent."""

    def __init__(self, parents: IntArray, has_items: BoolArray) -> None:
        used = np.flatnonzero(has_items)
        self._members = used[np.argsort(parents[used], kind="stable")]
        parents_of_members = parents[self._members]
        self._starts = np.searchsorted(parents_of_members, parents, side="left")
        self._stops = np.searchsorted(parents_of_members, parents, side="right")

    def draw(self, labels: IntArray, shares: np.ndarray[Any, np.dtype[np.float64]]) -> IntArray:
        """Return for each label the siblings, itself among them, at ``shares`` of their list."""
        sizes = (self._stops - self._starts)[labels]
        steps = (shares * sizes[:, np.newaxis]).astype(np.int64)
        members: IntArray = self._members[self._starts[labels][:, np.newaxis] + steps]
        return members


def _status(Y: sp.csr_array, ancestors: sp.csr_array | None) -> sp.csr_array:
    """Return what labels are to items, int8 of the shape of ``Y``."""
    own = sp.csr_array((np.full(Y.nnz, OWN, dtype=np.int8), Y.indices, Y.indptr), shape=Y.shape)
    if ancestors is None:
        return own
    above = sp.csr_array(Y != 0) @ sp.csr_array(ancestors != 0)
    above = sp.csr_array(above).astype(np.int8)
    above.data[:] = ABOVE
    return sp.csr_array(above.maximum(own))


def _check(
    Y: sp.csr_array,
    batch_size: int,
    n_hard: int,
    parents: IntArray | None,
    ancestors: sp.csr_array | None,
    candidates: IntArray | None,
) -> None:
    n_items, n_labels = Y.shape
    if Y.nnz == 0:
        raise ValueError(f"none of {n_items} items has a label")
    if batch_size < 2 or n_hard < 0:
        raise ValueError(
            f"batch_size must be at least 2 and n_hard at least 0, got {batch_size} and {n_hard}"
        )
    if parents is not None and parents.shape != (n_labels,):
        raise ValueError(f"parents has shape {parents.shape}, expected ({n_labels},)")
    if ancestors is not None and ancestors.shape != (n_labels, n_labels):
        raise ValueError(f"ancestors has shape {ancestors.shape}, expected {(n_labels, n_labels)}")
    if candidates is None:
        return
    if candidates.ndim != 2 or len(candidates) != n_items or candidates.shape[1] == 0:
        raise ValueError(f"candidates has shape {candidates.shape}, expected ({n_items}, k)")
    if candidates.size and not -1 <= candidates.min() <= candidates.max() < n_labels:
        raise ValueError(f"candidates must lie between -1 and {n_labels - 1}")
