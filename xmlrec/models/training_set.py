"""What a ranker is trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.fuse import LabelRows

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled items, and what is known of the labels.

    Attributes
    ----------
    X : csr_array of float32, shape (n_items, n_features)
    Y : csr_array, shape (n_items, n_labels)
    texts : sequence of str
        What an encoder reads of each item; empty without one and without a teacher.
    titles : sequence of str
        What is shown of each item as an example; empty without an encoder.
    labels : LabelRows
    label_texts : sequence of str
        What an encoder reads of each label, "" for one that is not to be found.
    words : mapping of int to str
        The features that are words; empty without a teacher.
    """

    X: sp.csr_array
    Y: sp.csr_array
    texts: Sequence[str]
    titles: Sequence[str]
    labels: LabelRows
    label_texts: Sequence[str]
    words: Mapping[int, str]

    def take(self, rows: IntArray) -> "TrainingSet":
        """Return some of the items."""
        texts, titles = (
            [each[row] for row in rows.tolist()] if each else []
            for each in (self.texts, self.titles)
        )
        return replace(self, X=self.X[rows], Y=self.Y[rows], texts=texts, titles=titles)

    def hide(self, is_hidden: BoolArray) -> "TrainingSet":
        """Return what is left for parts that do not know some labels."""
        Y = self.Y @ sp.diags_array((~is_hidden).astype(np.float32), format="csr")
        Y.eliminate_zeros()
        names = sp.diags_array((~is_hidden).astype(np.float32), format="csr") @ self.labels.names
        names.eliminate_zeros()
        taught = self.labels.taught @ sp.diags_array((~is_hidden).astype(np.float32), format="csr")
        taught.eliminate_zeros()
        counts = np.bincount(Y.indices, minlength=Y.shape[1]).astype(np.int32)
        labels = replace(
            self.labels, names=sp.csr_array(names), taught=sp.csr_array(taught), counts=counts
        )
        hidden = replace(self, Y=sp.csr_array(Y), labels=labels)
        return hidden.take(np.flatnonzero(np.diff(Y.indptr) > 0).astype(np.int32))
