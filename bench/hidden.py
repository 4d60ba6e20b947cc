"""Rows that no category fits: whole branches of a text set that are hidden from training."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets import TextSet

DEPTH = 2
HIDDEN_SHARE, LARGEST_SHARE = 0.12, 0.05
"""Of the training rows: in all hidden branches together at most, and in each of them less."""

Branch = tuple[str, ...]


@dataclass(frozen=True)
class Hidden:
    """A set without some branches; test rows that have no other category have no path."""

    texts: TextSet
    branches: frozenset[Branch]

    @property
    def fits(self) -> np.ndarray:
        """Whether a category that is left fits, of each test row."""
        return np.array([bool(row["paths"]) for row in self.texts.test])

    def write(self, path: Path) -> Path:
        """Write the training rows that are left as JSON lines."""
        lines = [json.dumps(row, ensure_ascii=False) for row in self.texts.train]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def hide_branches(texts: TextSet, *, seed: int = 0) -> Hidden:
    """Hide branches at level `DEPTH`, in random order; a row with a path in one is not trained on.

    Test rows have no part in the choice.
    """
    of_rows = [branches_of(row) for row in texts.train]
    counts: dict[Branch, int] = {}
    for branches in of_rows:
        for branch in branches:
            counts[branch] = counts.get(branch, 0) + 1
    names, n_rows, n_hidden = sorted(counts), len(texts.train), 0
    hidden: set[Branch] = set()
    for place in np.random.default_rng(seed).permutation(len(names)).tolist():
        count = counts[names[place]]
        if count < LARGEST_SHARE * n_rows and n_hidden + count <= HIDDEN_SHARE * n_rows:
            hidden.add(names[place])
            n_hidden += count
    train = [row for row, own in zip(texts.train, of_rows, strict=True) if not own & hidden]
    test = [without(row, hidden) for row in texts.test]
    return Hidden(TextSet(texts.name, train, test), frozenset(hidden))


def branches_of(row: dict) -> set[Branch]:
    return {tuple(path[:DEPTH]) for path in row["paths"] if len(path) >= DEPTH}


def without(row: dict, hidden: set[Branch]) -> dict:
    """Return a row without its paths in hidden branches."""
    return row | {"paths": [path for path in row["paths"] if tuple(path[:DEPTH]) not in hidden]}
