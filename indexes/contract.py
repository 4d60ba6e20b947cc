"""What every label index promises; one test suite holds all of them to it."""

from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Found = tuple[Ids, Vectors]
"""Ids and scores (n_queries, k), best first, padded with -1 and -inf, ties to the lower id."""


class LabelIndex(Protocol):
    """Vectors of unit length under ids of the caller's choice, searched by cosine.

    A score is the inner product of two float32 vectors, added up in float64 in the order of their
    dimensions and rounded to float32 once. It is the same number in every index, and depends
    neither on the other queries of the call nor on the machine.

    Any number of threads may search while others write: a search sees the index as it was when the
    search began. A call that raises has changed nothing.
    """

    @property
    def dim(self) -> int:
        """Length of every vector."""
        ...

    @property
    def ids(self) -> Ids:
        """Ids in the index, ascending."""
        ...

    def __len__(self) -> int:
        """Return the number of ids."""
        ...

    def add(self, ids: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
        """Add vectors under new ids.

        Parameters
        ----------
        ids : array of int, shape (n,)
            From 0 up, each once, none of them in the index.
        vectors : array of float, shape (n, dim)
            Rows of unit length, to 0.001; they are copied.

        Raises
        ------
        ValueError
            If an id is negative, repeated or in the index; if a shape does not fit; if a vector
            has a NaN or infinite value or another length.
        TypeError
            If ids are no integers or vectors no numbers.
        """
        ...

    def remove(self, ids: npt.ArrayLike) -> None:
        """Forget ids; they may be added again.

        Raises
        ------
        ValueError
            If an id is not in the index, or repeated.
        TypeError
            If ids are no integers.
        """
        ...

    def replace(self, ids: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
        """Give ids of the index new vectors; no search ever sees them without one.

        Raises
        ------
        ValueError
            If an id is not in the index, else as `add`.
        TypeError
            As `add`.
        """
        ...

    def search(
        self, queries: npt.ArrayLike, k: int, *, allowed: npt.ArrayLike | None = None
    ) -> Found:
        """Return the ``k`` ids of highest score for every query.

        Parameters
        ----------
        queries : array of float, shape (n_queries, dim)
            Rows of unit length. A row of zeros says nothing: it finds nothing.
        k : int
            Length of each list, at least 1.
        allowed : array of int or bool, optional
            Only these ids are returned: a list of ids, or a mask that is true at them. Ids that
            are not in the index are ignored, an empty list finds nothing.

        Returns
        -------
        ids : array of int64, shape (n_queries, k)
            Best first; on equal scores the lower id first; -1 where there are fewer than ``k``.
        scores : array of float32, shape (n_queries, k)
            Cosines, not clipped to [-1, 1]; -inf where the id is -1.

        Raises
        ------
        ValueError
            If ``k`` is below 1, or the queries are not as said.
        TypeError
            If the queries are no numbers, or ``k`` or ``allowed`` no integers.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``, which is made if it does not exist.

        Equal contents make equal bytes. Any index loads what another has saved.
        """
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; the vectors stay on disk until they are used.

        Raises
        ------
        ValueError
            If the folder is of a newer format, or a file is missing, damaged, or does not fit the
            rest. The values of vectors are not checked.
        """
        ...
