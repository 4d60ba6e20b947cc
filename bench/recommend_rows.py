"""Rows of item columns as the systems get them, and as they answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Rows:
    """Row ``r`` has the items ``items[indptr[r] : indptr[r + 1]]``, in the order of time."""

    indptr: np.ndarray
    items: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        return cls(indptr, np.array([item for row in rows for item in row], dtype=np.int32))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, row: int) -> list[int]:
        return self.items[self.indptr[row] : self.indptr[row + 1]].tolist()

    def counts(self, n_items: int) -> sp.csr_matrix:
        """Return how often each row has each item, float32."""
        ones = np.ones(len(self.items), dtype=np.float32)
        shape = len(self), n_items
        matrix = sp.csr_matrix((ones, self.items, self.indptr), shape=shape, copy=True)
        matrix.sum_duplicates()  # in place, so not on arrays that are still needed
        return matrix


def padded(lists: Sequence[Sequence[int]], k: int) -> np.ndarray:
    """Return lists of at most ``k`` items as one array of int32, filled up with -1."""
    items = np.full((len(lists), k), -1, dtype=np.int32)
    for row, of_row in enumerate(lists):
        items[row, : len(of_row)] = of_row
    return items


Ranker = Callable[[Rows, int, bool], np.ndarray]
"""Takes queries, k, and whether items of a query may be answers; returns padded lists."""

Fitted = tuple[Ranker, dict[str, Any]]
"""A ranker, and settings that came out of fitting it."""
