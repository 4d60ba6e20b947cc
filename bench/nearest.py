"""The label whose text is nearest to an item's by one encoder alone: no trees and no fusion."""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from indexes import FaissIndex
from label_trees import Ranking
from xmlrec.encode import Encoder, SentenceEncoder
from xmlrec.encode.label_texts import scale_rows
from xmlrec.errors import EncoderError
from xmlrec.models.dense import joined_text
from xmlrec.models.ranker_training import KnownLabels
from xmlrec.text import Item

STATIC = "static encoder, untrained"
MINILM = "all-MiniLM-L6-v2, untrained"
UNTRAINED_NOTE = "Untrained encoders: a label's vector is the mean of those of its name and path."


class NearestLabel:
    """Ranks labels by the cosine between the vectors of an item's text and of the label's.

    ``vectors`` (n_labels, dim) has a row of zeros for a label that is not to be found.
    """

    def __init__(self, encoder: Encoder, vectors: np.ndarray) -> None:
        self.encoder, self.vectors = encoder, vectors
        self.index = FaissIndex(encoder.dim)
        columns = np.flatnonzero(vectors.any(axis=1))
        self.index.add(columns, vectors[columns])

    @classmethod
    def untrained(
        cls, encoder: Encoder, known: KnownLabels, *, n_threads: int | None = None
    ) -> "NearestLabel":
        """Return one that knows the names and paths of ``known``."""
        names, paths = (
            encoder.encode(texts, n_threads=n_threads) for texts in (known.names, known.paths)
        )
        vectors = np.zeros((known.parents.size, encoder.dim), dtype=np.float32)
        vectors[known.columns] = scale_rows(names + paths)
        return cls(encoder, vectors)

    def rank(self, items: Sequence[Item], k: int, *, n_threads: int | None = None) -> Ranking:
        E = self.encoder.encode([joined_text(item) for item in items], n_threads=n_threads)
        return self.rank_vectors(E, k)

    def rank_vectors(self, E: np.ndarray, k: int, allowed: np.ndarray | None = None) -> Ranking:
        labels, scores = self.index.search(E, k, allowed=allowed)
        return labels.astype(np.int32), scores


def open_minilm(notes: list[str]) -> SentenceEncoder | None:
    """Return MiniLM on the processor, or None; ``notes`` gets its version or why it is missing."""
    try:
        encoder = SentenceEncoder.open(device="cpu")
    except EncoderError as error:
        notes.append(f"Skipped {MINILM}: {error}")
        return None
    versions = (f"{name} {version(name)}" for name in ("sentence-transformers", "torch"))
    notes.append(f"{MINILM}: {', '.join(versions)}.")
    return encoder
