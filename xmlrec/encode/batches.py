"""Batches for contrastive training: documents, their labels, and the labels that are wrong.

Documents are the items and the text of every label with items, whose label is that label itself
(Buvanesh et al., LEVER, ICLR 2024): so a text of a label lies where the label's items lie, and a
new label's text is at once of use. Every label with items is a negative of every document, except
a document's own labels and those above them; none has to be mined.

A label without an item is in no batch: pushed away from every document and drawn to none, a new
category would never be found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

OWN, ABOVE = 2, 1
"""What a label is to a document; ``ABOVE`` a label of it. Nothing is stored for a wrong one."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Documents of one training step.

    Attributes
    ----------
    documents : int array, shape (n,)
        Numbers below ``n_items`` are items, the others ``n_items`` + label.
    is_own, is_negative : bool array, shape (n, labels.size)
        Labels that a document has, and those that are wrong for it.
    """

    documents: IntArray
    is_own: BoolArray
    is_negative: BoolArray


class Batches:
    """Epochs of batches; a batch depends on the arguments and on its own number only.

    Parameters
    ----------
    Y : csr_array, shape (n_items, n_labels)
        A stored non-zero entry is a label of the item; an item without one is in no batch.
    has_text : bool array, shape (n_labels,)
        Labels whose text is a document, if they have items.
    batch_size : int
        Documents in a batch at most.
    seed : int
    parents : int array, shape (n_labels,), optional
        The primary parent of each label, -1 for a root; without it no label is above another.

    Attributes
    ----------
    labels : int array
        Those with items, rising: the columns of a batch.

    Raises
    ------
    ValueError
        If shapes do not fit or no item has a label.
    """

    def __init__(
        self,
        Y: sp.csr_array,
        has_text: BoolArray,
        *,
        batch_size: int,
        seed: int = 0,
        parents: IntArray | None = None,
    ) -> None:
        n_items, n_labels = Y.shape
        if parents is not None and parents.shape != (n_labels,):
            raise ValueError(f"parents has shape {parents.shape}, expected ({n_labels},)")
        has_items = np.bincount(Y.indices[Y.data != 0], minlength=n_labels) > 0
        if not has_items.any():
            raise ValueError(f"none of {n_items} items has a label")
        self.labels = np.flatnonzero(has_items)
        texts = sp.diags_array((has_items & has_text).astype(np.float32), format="csr")
        own = sp.csr_array(sp.vstack([Y != 0, texts != 0]), dtype=np.int8) * OWN
        above = sp.csr_array((own != 0) @ ancestors(parents, n_labels), dtype=np.int8)
        above.data[:] = ABOVE
        self._status = sp.csr_array(own.maximum(above))[:, self.labels]
        self._documents = np.flatnonzero(np.diff(own.indptr))
        self._batch_size, self._seed = batch_size, seed

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self._documents.size // self._batch_size)

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from batch ``start`` on; sizes differ by one at most."""
        order = np.random.default_rng((self._seed, number)).permutation(self._documents)
        for batch in range(start, len(self)):
            documents = order[batch :: len(self)]
            status = self._status[documents].toarray()
            yield Batch(documents, status == OWN, status == 0)


def ancestors(parents: IntArray | None, n_labels: int) -> sp.csr_array:
    """Return which labels lie above each label, bool of shape (n_labels, n_labels)."""
    rows, columns = [], []
    below = np.arange(n_labels)
    above = np.full(n_labels, -1) if parents is None else np.asarray(parents)
    while (is_there := above >= 0).any():
        below, above = below[is_there], above[is_there]
        rows.append(below)
        columns.append(above)
        above = np.asarray(parents)[above]
    if not rows:
        return sp.csr_array((n_labels, n_labels), dtype=np.bool_)
    pairs = np.concatenate(rows), np.concatenate(columns)
    return sp.csr_array((np.ones(pairs[0].size, dtype=np.bool_), pairs), shape=(n_labels, n_labels))
