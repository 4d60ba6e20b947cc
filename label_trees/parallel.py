"""Threads for serial kernels that release the interpreter lock.

Kernels are serial and ``nogil``; Python threads run them side by side. Nothing depends on how many
there are, several callers may do so at once, and no OpenMP pool outlives the call.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def count_threads(n_threads: int | None) -> int:
    """Return ``n_threads``, or the number of processors this process may use when None.

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if n_threads is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, got {n_threads}")
    return n_threads


def thread_map(
    function: Callable[[Job], Result], jobs: Sequence[Job], n_threads: int
) -> list[Result]:
    """Return ``[function(job) for job in jobs]``, worked on by ``n_threads`` threads."""
    if min(n_threads, len(jobs)) <= 1:
        return [function(job) for job in jobs]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, jobs))
