"""What items say: how like the items of a session another one is.

A session's profile is the sum of its last items' text features, each event counting
`FADING` times the one after it; an item's likeness is the cosine of its features with the profile.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from xmlrec.errors import TrainingError
from xmlrec.recommend.categories import as_kernel, largest_entries
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.sessions import Sessions
from xmlrec.text import NgramBlock, TextFeatures

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

FADING = 0.7
N_EVENTS = 20
N_LIKE = 200
"""Items that are most like a session, of which its evidence consists."""

TEXT_FIELDS = ("title", "brand", "description")
ROWS_PER_STEP = 256


class Content:
    """Text features of items, and which items are like a session.

    Parameters
    ----------
    features : TextFeatures
    X : csr_array of float32, shape (n_items, n_features)
        Rows of unit norm, or empty.
    """

    def __init__(self, features: TextFeatures, X: sp.csr_array) -> None:
        self.features = features
        self.X = X
        self._by_feature = sp.csr_array(X.T)

    @classmethod
    def of(cls, items: ItemTable, *, n_threads: int | None = None) -> Self | None:
        """Return the features of the items' words; None if they have none."""
        fields = text_fields(items)
        if not fields:
            return None
        block = NgramBlock(name="word", fields=fields, unit="word", n_min=1, n_max=1)
        features = TextFeatures((block,))
        try:
            features.fit(items.fields, n_threads=n_threads)
        except TrainingError:
            return None
        return cls(features, features.transform(items.fields, n_threads=n_threads))

    def extended(self, fields: Sequence[dict[str, str]]) -> "Content":
        """Return it with more items after its own, by the words that are known."""
        added = self.features.transform(fields)
        return Content(self.features, sp.csr_array(sp.vstack([self.X, added], format="csr")))

    def evidence(
        self, sessions: Sessions, *, allowed: BoolArray | None = None, n_like: int = N_LIKE
    ) -> sp.csr_array:
        """Return float32 (n_sessions, n_items): cosines of the items that are most like each.

        Parameters
        ----------
        allowed : bool array, shape (n_items,), optional
            Items that count.
        n_like : int
            How many items a session has at most.
        """
        profiles = self.profiles(sessions)
        rows = []
        for lo in range(0, len(sessions), ROWS_PER_STEP):
            cosines = sp.csr_array(profiles[lo : lo + ROWS_PER_STEP] @ self._by_feature)
            if allowed is not None:
                cosines.data[~allowed[cosines.indices]] = 0
                cosines.eliminate_zeros()
            rows.append(largest_entries(cosines, n_like))
        shape = len(sessions), self.X.shape[0]
        return as_kernel(sp.vstack(rows, format="csr") if rows else sp.csr_array(shape))

    def profiles(self, sessions: Sessions) -> sp.csr_array:
        """Return csr_array (n_sessions, n_features): rows of unit norm, or empty."""
        profiles = fading(sessions, self.X.shape[0]) @ self.X
        norms = np.sqrt(np.asarray(profiles.multiply(profiles).sum(axis=1), dtype=np.float64))
        profiles.data /= np.repeat(norms, np.diff(profiles.indptr))
        return sp.csr_array(profiles, dtype=np.float32)


def text_fields(items: ItemTable) -> tuple[str, ...]:
    """Return those of `TEXT_FIELDS` that an item has."""
    found = {name for fields in items.fields for name in fields}
    return tuple(name for name in TEXT_FIELDS if name in found)


def fading(sessions: Sessions, n_items: int) -> sp.csr_array:
    """Return csr_array (n_sessions, n_items): what a session's last events count, the last 1."""
    rows = np.repeat(np.arange(len(sessions)), sessions.lengths())
    ages = np.repeat(sessions.indptr[1:], sessions.lengths()) - 1 - np.arange(len(sessions.items))
    counts = ages < N_EVENTS
    entries = FADING ** ages[counts], (rows[counts], sessions.items[counts])
    return sp.csr_array(entries, shape=(len(sessions), n_items))
