"""Slow, obvious twins of `xmlrec.recommend`'s lists of items.

An item's paths are a list of ``(end node, share)``; ``parents`` has the primary parent of each
node, -1 for a root.
"""

import math
from collections import Counter

NONE = -math.inf


def path_of(node, parents):
    """Return the nodes from the root down to ``node``."""
    return [] if node < 0 else [*path_of(int(parents[node]), parents), node]


def likely_paths(row):
    """Return ``(end, share)`` of the paths of at least half the best probability, adding up to 1.

    ``row`` is the dense row of probabilities of an item.
    """
    kept = [(node, p) for node, p in enumerate(row) if p > 0 and p >= max(row) / 2]
    return [(node, p / sum(p for _, p in kept)) for node, p in kept]


def similarity_reference(first, second, parents):
    """Return the similarity of the most similar paths of two items."""
    best = 0.0
    for u, _ in first:
        for v, _ in second:
            one, other = path_of(u, parents), path_of(v, parents)
            best = max(best, 2.0 * len(set(one) & set(other)) / (len(one) + len(other)))
    return best


def diversity_reference(row, items, parents):
    """Return the mean distance of the pairs of a list, NaN for fewer than two items."""
    listed = [items[item] for item in row if item >= 0]
    gaps = [
        1 - similarity_reference(first, second, parents)
        for place, first in enumerate(listed)
        for second in listed[:place]
    ]
    return sum(gaps) / len(gaps) if gaps else math.nan


def categories_of(paths, parents, level):
    """Return the shares of an item's categories at ``level``; None for the ends of its paths."""
    shares = Counter()
    for node, share in paths:
        path = path_of(node, parents)
        if level is None or len(path) >= level:
            shares[node if level is None else path[level - 1]] += share
    return shares


def profile_reference(row, weights, items, parents, level):
    """Return how a session divides among categories: shares that add up to 1, or nothing."""
    totals = Counter()
    for item, weight in zip(row, weights, strict=True):
        for category, share in categories_of(items[item], parents, level).items():
            totals[category] += weight * share
    return {category: share / sum(totals.values()) for category, share in totals.items()}


def divergence_reference(row, items, wanted, parents, level, alpha):
    """Return the KL divergence of a list from what is wanted, NaN where one of them is empty."""
    listed = [item for item in row if item >= 0]
    if not listed or not wanted:
        return math.nan
    held = Counter()
    for item in listed:
        held.update(categories_of(items[item], parents, level))
    return sum(
        p * math.log(p / ((1 - alpha) * held[category] / len(listed) + alpha * p))
        for category, p in wanted.items()
    )


def values_reference(candidates, chosen, items, parents, *, settings, wanted, alpha):
    """Return the value of each candidate ``{item: score}`` after ``chosen``; -inf for none."""
    least, best = min(candidates.values()), max(candidates.values())
    used = Counter(
        category
        for item in chosen
        for category in categories_of(items[item], parents, settings.level)
    )
    values = {}
    for item, score in candidates.items():
        of_item = categories_of(items[item], parents, settings.level)
        is_full = settings.cap and any(used[category] >= settings.cap for category in of_item)
        if item in chosen or is_full:
            values[item] = NONE
            continue
        relevance = (score - least) / (best - least) if best > least else 1.0
        alike = [similarity_reference(items[item], items[other], parents) for other in chosen]
        values[item] = (1.0 - settings.diversify - settings.calibrate) * relevance
        values[item] -= settings.diversify * max(alike, default=0.0)
        if settings.calibrate and wanted:
            values[item] -= settings.calibrate * divergence_reference(
                [*chosen, item], items, wanted, parents, settings.level, alpha
            )
    return values


def rerank_reference(candidates, k, items, parents, *, settings, wanted, alpha):
    """Take the best candidate again and again, ties to the higher score, then the lower item."""
    chosen = []
    while candidates and len(chosen) < k:
        values = values_reference(
            candidates, chosen, items, parents, settings=settings, wanted=wanted, alpha=alpha
        )
        best = max(candidates, key=lambda item: (values[item], candidates[item], -item))
        if values[best] == NONE:
            break
        chosen.append(best)
    return chosen
