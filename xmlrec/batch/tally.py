"""What a run counts, part by part."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_BINS = 20
"""Of the confidence of best paths, equally wide."""


@dataclass(slots=True)
class Tally:
    """Counts of some rows; adding up parts in any order gives the same.

    Attributes
    ----------
    by_status : Counter of str
    rejected : Counter of str
        By code.
    by_category : Counter of int
        How often each category is the best path, by its column.
    confidences : list of int
        Rows with a best path by its confidence, in `N_BINS` bins.
    n_looked_at, n_words, n_known_words : int
        Rows whose words were looked at, these words, and how many of them the model knows.
    unknown_words : Counter of str
        The most frequent of the others, part by part.
    by_verdict : Counter of str
        Of an audit.
    """

    by_status: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    by_category: Counter[int] = field(default_factory=Counter)
    confidences: list[int] = field(default_factory=lambda: [0] * N_BINS)
    n_looked_at: int = 0
    n_words: int = 0
    n_known_words: int = 0
    unknown_words: Counter[str] = field(default_factory=Counter)
    by_verdict: Counter[str] = field(default_factory=Counter)

    @property
    def n_rows(self) -> int:
        """Rows that were answered."""
        return self.by_status.total()

    def add(self, other: Self) -> None:
        """Add another tally to this one."""
        self.by_status.update(other.by_status)
        self.rejected.update(other.rejected)
        self.by_category.update(other.by_category)
        self.confidences = [
            one + more for one, more in zip(self.confidences, other.confidences, strict=True)
        ]
        self.n_looked_at += other.n_looked_at
        self.n_words += other.n_words
        self.n_known_words += other.n_known_words
        self.unknown_words.update(other.unknown_words)
        self.by_verdict.update(other.by_verdict)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "by_status": self.by_status,
            "rejected": self.rejected,
            "by_category": self.by_category,
            "confidences": self.confidences,
            "n_looked_at": self.n_looked_at,
            "n_words": self.n_words,
            "n_known_words": self.n_known_words,
            "unknown_words": self.unknown_words,
            "by_verdict": self.by_verdict,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the tally that `to_json` described; something else raises almost anything."""
        return cls(
            Counter(values["by_status"]),
            Counter(values["rejected"]),
            Counter({int(column): n for column, n in values["by_category"].items()}),
            list(values["confidences"]),
            int(values["n_looked_at"]),
            int(values["n_words"]),
            int(values["n_known_words"]),
            Counter(values["unknown_words"]),
            Counter(values["by_verdict"]),
        )


def count_confidences(confidences: FloatArray) -> list[int]:
    """Return how many of some probabilities are in each of `N_BINS` bins."""
    counts, _ = np.histogram(confidences, N_BINS, (0.0, 1.0))
    return [int(n) for n in counts]
