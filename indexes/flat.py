"""What the flat indexes share: everything but the search itself."""

import operator
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from indexes import blocks as versions
from indexes.blocks import REMOVED, Block, Blocks
from indexes.checks import check_allowed, check_ids, check_vectors
from indexes.contract import Found, Ids, Vectors
from indexes.persist import load_arrays, save_arrays
from indexes.ranking import empty_found


class FlatIndex(ABC):
    """A `LabelIndex` that compares every query with every vector.

    Parameters
    ----------
    dim : int
        Length of every vector, at least 1.
    """

    def __init__(self, dim: int) -> None:
        if operator.index(dim) < 1:
            raise ValueError(f"dim must be at least 1, got {dim}")
        self._dim = operator.index(dim)
        self._blocks: Blocks = ()  # replaced, never changed: a search reads it once
        self._writing = threading.Lock()

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self._dim

    @property
    def ids(self) -> Ids:
        """Ids in the index, ascending."""
        ids = versions.row_ids(self._blocks)
        return np.sort(ids[ids != REMOVED])

    def __len__(self) -> int:
        """Return the number of ids."""
        return int(np.count_nonzero(versions.row_ids(self._blocks) != REMOVED))

    def add(self, ids: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
        """Add vectors under new ids; see `LabelIndex.add`."""
        new_ids, new_vectors = self._check_rows(ids, vectors)
        with self._writing:
            known = versions.known_ids(self._blocks, new_ids)
            if known.size:
                raise ValueError(
                    f"id {known.min()} is in the index already, {known.size} of {new_ids.size} "
                    "are: use replace"
                )
            self._blocks = versions.with_rows(self._blocks, new_ids, new_vectors)

    def remove(self, ids: npt.ArrayLike) -> None:
        """Forget ids; see `LabelIndex.remove`."""
        old_ids = check_ids(ids)
        with self._writing:
            self._blocks = self._without(old_ids)

    def replace(self, ids: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
        """Give ids of the index new vectors; see `LabelIndex.replace`."""
        old_ids, new_vectors = self._check_rows(ids, vectors)
        with self._writing:
            self._blocks = versions.with_rows(self._without(old_ids), old_ids, new_vectors)

    def search(
        self, queries: npt.ArrayLike, k: int, *, allowed: npt.ArrayLike | None = None
    ) -> Found:
        """Return the ``k`` ids of highest score for every query; see `LabelIndex.search`."""
        if operator.index(k) < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        checked = check_vectors(queries, dim=self.dim, name="queries", zeros=True)
        blocks = self._blocks
        if allowed is not None:
            blocks = versions.only_ids(blocks, check_allowed(allowed))
        ids, scores = empty_found(len(checked), k)
        telling = np.flatnonzero(checked.any(axis=1))
        if blocks and telling.size:
            ids[telling], scores[telling] = self._search(blocks, checked[telling], k)
        return ids, scores

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``; see `LabelIndex.save`."""
        blocks = self._blocks
        ids = versions.row_ids(blocks)
        rows = np.argsort(ids, kind="stable")[np.count_nonzero(ids == REMOVED) :]
        save_arrays(folder, ids[rows], versions.take_rows(blocks, rows, dim=self.dim))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; see `LabelIndex.load`."""
        ids, vectors = load_arrays(folder)
        index = cls(vectors.shape[1])
        index._blocks = (Block(vectors, ids),) if ids.size else ()
        return index

    @abstractmethod
    def _search(self, blocks: Blocks, queries: Vectors, k: int) -> Found:
        """Search one version, which has rows, with queries that are not zero."""

    def _check_rows(self, ids: npt.ArrayLike, vectors: npt.ArrayLike) -> tuple[Ids, Vectors]:
        new_ids, new_vectors = check_ids(ids), check_vectors(vectors, dim=self.dim)
        if len(new_ids) != len(new_vectors):
            raise ValueError(f"there are {len(new_ids)} ids and {len(new_vectors)} vectors")
        return new_ids, new_vectors

    def _without(self, ids: Ids) -> Blocks:
        unknown = np.setdiff1d(ids, versions.known_ids(self._blocks, ids))
        if unknown.size:
            raise ValueError(
                f"id {unknown[0]} is not in the index, {unknown.size} of {ids.size} are not"
            )
        return versions.without_ids(self._blocks, ids)
