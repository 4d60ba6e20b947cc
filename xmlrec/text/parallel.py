"""Items in threads: runs of items to a function whose kernels release the interpreter's lock."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from label_trees.parallel import thread_map

T = TypeVar("T")
R = TypeVar("R")

CHUNK_ITEMS = 512


def chunk_count(n_items: int) -> int:
    """Return how many chunks of at most `CHUNK_ITEMS` hold ``n_items``."""
    return -(-n_items // CHUNK_ITEMS)


def map_runs(
    function: Callable[[Sequence[T]], R], items: Sequence[T], *, n_runs: int, n_threads: int
) -> list[R]:
    """Cut ``items`` into ``n_runs`` runs of about one length; return the results in order."""
    bounds = [run * len(items) // max(n_runs, 1) for run in range(n_runs + 1)]
    runs = [items[start:stop] for start, stop in zip(bounds, bounds[1:], strict=False)]
    return thread_map(function, runs, n_threads)
