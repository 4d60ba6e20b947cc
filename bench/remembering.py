"""Encoders that encode a text once, for cases that rank the same rows again and again."""

import hashlib
import os
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
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        by_key = dict(zip(keys, texts, strict=True))
        new = {key: text for key, text in by_key.items() if key not in self._rows}
        if new:
            made = self._encoder.encode(list(new.values()), n_threads=n_threads)
            self._rows.update(zip(new, made, strict=True))
        rows = [self._rows[key] for key in keys]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dim)


class KeptEncoder(RememberingEncoder):
    """One that keeps its vectors in a ``.npz`` file, for slow encoders and the next run."""

    def __init__(self, encoder: Encoder, path: Path, *, fresh: bool = False) -> None:
        super().__init__(encoder)
        self._path = path
        if path.exists() and not fresh:
            with np.load(path) as kept:
                self._rows = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def encode(self, texts: Sequence[str], *, n_threads: int | None = None) -> Vectors:
        n_known = len(self._rows)
        vectors = super().encode(texts, n_threads=n_threads)
        if len(self._rows) > n_known:
            self._keep()
        return vectors

    def _keep(self) -> None:
        aside = self._path.with_name(f"{os.getpid()}-{self._path.name}")
        keys = np.array(list(self._rows), dtype=np.str_)
        np.savez(aside, keys=keys, vectors=np.array(list(self._rows.values())))
        aside.replace(self._path)
