"""What every encoder promises; one test suite holds all of them to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Texts to vectors of unit length in one space, compared by their inner product."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def dim(self) -> int:
        """Length of every vector."""
        ...

    @property
    def digest(self) -> str:
        """The sha256 of all that its vectors depend on, in hexadecimal digits."""
        ...

    def save(self, folder: Path) -> None:
        """Write the encoder into ``folder``, which is made if it does not exist."""
        ...

    def encode(self, texts: Sequence[str], *, n_threads: int | None = None) -> Vectors:
        """Return one vector a text.

        Parameters
        ----------
        texts : sequence of str
            Of any length; what comes after an encoder's limit is not read.
        n_threads : int, optional
            Threads on the processor; None takes all processors.

        Returns
        -------
        array of float32, shape (n_texts, dim)
            Rows of unit length; zeros where a text has no token that the encoder knows. A row does
            not depend on the other texts: the same bytes (static encoders), or values equal to
            1e-5 (transformers).

        Raises
        ------
        TypeError
            If ``texts`` is a single text.
        """
        ...
