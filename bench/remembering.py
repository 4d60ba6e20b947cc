"""An encoder that encodes a text once, for cases that rank the same rows again and again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xmlrec.encode import Encoder, Vectors


class RememberingEncoder:
    """Another encoder, and all vectors that it made."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._rows = encoder, {}

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dim(self) -> int:
        return self._encoder.dim

    @property
    def digest(self) -> str:
        return self._encoder.digest

    def save(self, folder: Path) -> None:
        self._encoder.save(folder)

    def encode(self, texts: Sequence[str], *, n_threads: int | None = None) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            made = self._encoder.encode(new, n_threads=n_threads)
            self._rows.update(zip(new, made, strict=True))
        rows = [self._rows[text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dim)
