"""How good lists of items are: hits, how high, how varied. All from the lists and plain counts.

It shares no code with `xmlrec.metrics`, so that figures of peers do not rest on ours.
"""

from collections.abc import Sequence
from functools import cache
from itertools import combinations, product

import numpy as np

from bench.recommend_sets import EventSet

N_DRAWS = 1_000
N_VARIED = 2_000  # queries behind a mean of distances, evenly spread

Path = tuple[str, ...]


def gains(lists: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each query adds to a mean, in percent; the one right item is the target."""
    is_hit = lists == targets[:, None]
    ranks = np.where(is_hit.any(axis=1), is_hit.argmax(axis=1) + 1.0, np.inf)
    hits = {f"HR@{k}": 100.0 * (ranks <= k) for k in (5, 10, 20)}
    reciprocal = 100.0 * (ranks <= 20) / ranks
    discounted = 100.0 * (ranks <= 10) / np.log2(1 + ranks)
    return hits | {"MRR@20": reciprocal, "NDCG@10": discounted}


def interval(values: np.ndarray, sessions: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean; whole sessions are drawn, not queries."""
    _, groups = np.unique(sessions, return_inverse=True)
    sums, sizes = np.bincount(groups, weights=values), np.bincount(groups)
    rng = np.random.default_rng(0)
    means = np.empty(N_DRAWS)
    for draw in range(N_DRAWS):
        times = np.bincount(rng.integers(len(sizes), size=len(sizes)), minlength=len(sizes))
        means[draw] = (times @ sums) / (times @ sizes)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def coverage(lists: np.ndarray, n_items: int) -> float:
    """Return in percent how much of all items is in any list."""
    return 100.0 * len(np.unique(lists[lists >= 0])) / n_items


def novelty(lists: np.ndarray, train: Sequence[Sequence[tuple[int, str]]]) -> float:
    """Return the mean of ``-log2`` of the share of training sessions that have an item, in bits.

    An item without a session counts as if it had one. Mean inverse user frequency: Castells,
    Hurley and Vargas, Novelty and Diversity in Recommender Systems, 2015.
    """
    n_sessions: dict[int, int] = {}
    for history in train:
        for item in {item for item, _ in history}:
            n_sessions[item] = n_sessions.get(item, 0) + 1
    items, times = np.unique(lists[lists >= 0], return_counts=True)
    bits = [np.log2(len(train) / n_sessions.get(item, 1)) for item in items.tolist()]
    return float(np.average(bits, weights=times))


def diversity(lists: np.ndarray, event_set: EventSet) -> float:
    """Return the mean distance of two items of a list in the taxonomy, 0 to 1.

    The distance is ``1 - 2 * depth(lowest common node) / (depth + depth)``, the smallest of all
    pairs of paths, and 1 where an item has no path.
    """
    paths = [[tuple(path) for path in row["paths"]] for row in event_set.catalog]
    paths += [[]] * (len(event_set.item_ids) - len(paths))

    @cache
    def distance(one: int, other: int) -> float:
        pairs = product(paths[one], paths[other])
        return min((path_distance(*pair) for pair in pairs), default=1.0)

    step = -(-len(lists) // N_VARIED)
    distances = [
        np.mean([distance(*pair) for pair in combinations(sorted(of_query[of_query >= 0]), 2)])
        for of_query in lists[::step]
        if (of_query >= 0).sum() > 1
    ]
    return float(np.mean(distances))


def path_distance(path: Path, other: Path) -> float:
    n_common = 0
    for name, other_name in zip(path, other, strict=False):
        if name != other_name:
            break
        n_common += 1
    return 1.0 - 2.0 * n_common / (len(path) + len(other))
