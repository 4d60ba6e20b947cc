"""Rankings: ``(labels, scores)``, best first."""

from typing import Any

import numpy as np

Ranking = tuple[
    np.ndarray[Any, np.dtype[np.int32]],
    np.ndarray[Any, np.dtype[np.float32]],
]
"""int32 and float32 arrays (n_instances, k), padded with -1 and -inf, ties to the lower label."""


def empty_ranking(n_instances: int, k: int) -> Ranking:
    """Return a ranking of padding only.

    Raises
    ------
    ValueError
        If ``k`` is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    labels = np.full((n_instances, k), -1, dtype=np.int32)
    return labels, np.full((n_instances, k), -np.inf, dtype=np.float32)
