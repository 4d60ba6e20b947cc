"""Slow, obvious twins of the kernels of `xmlrec.recommend`: one session, one item at a time."""

import math

import numpy as np

from xmlrec.recommend.kernels import candidates, forecast
from xmlrec.recommend.scoring import CATEGORY_FLOORS, FLOORS, MAX_LEVELS, N_POPULAR

LEAST = 1e-4
"""What is added to the probability of a level before its logarithm."""


def forecast_reference(of, sessions, neighbours, rules):
    """Return the mixture (n_sessions, n_ends) of a `CategoryForecast`, without a temperature."""
    masses, steps = of.masses.toarray().astype(float), of.steps.toarray().astype(float)
    step, earlier, own, near, followed, popular = of.shares[:6]
    out = np.zeros((len(sessions), len(of.ends)))
    for row, mixed in enumerate(out):
        mixed += popular * of.popularity
        items = sessions.row(row)[::-1][: forecast.N_EVENTS]
        if len(items):
            recent = faded(masses, items, 1.0)
            all_of_it = faded(masses, items, 0.25)
            mixed += step * recent @ steps + earlier * all_of_it @ steps + own * all_of_it
        for share, evidence in ((near, neighbours), (followed, rules)):
            weights = evidence[[row]].toarray()[0].astype(float)
            if weights.sum() > 0:
                mixed += share * (weights / weights.sum()) @ masses
    return out


def faded(masses, items, rate):
    """Return the mean of the items' masses, each counting less than the one before it."""
    weights = [math.exp(-rate * age) for age in range(len(items))]
    return np.average(masses[items], axis=0, weights=weights)


def candidates_reference(
    table, counts, sessions, evidence, forecast_of, *, allowed, limits, n_least
):
    """Return the set of candidates of each session.

    Parameters
    ----------
    table : ItemTable
    counts : sequence of float, length n_items
    evidence : Evidence
    forecast_of : CategoryForecast
    """
    n_items = len(table)
    if max(limits.budget, n_least) >= n_items:
        return [
            set(np.flatnonzero(allowed)) - (set(own) if limits.leaves_seen_out else set())
            for own in (sessions.row(row).tolist() for row in range(len(sessions)))
        ]
    budget = max(limits.budget, n_least)
    by_count = sorted(range(n_items), key=lambda item: (-counts[item], item))
    masses = forecast_of.masses.toarray()
    popular = [
        [item for item in by_count if masses[item, end] > 0][:N_POPULAR]
        for end in range(masses.shape[1])
    ]
    found = []
    for row in range(len(sessions)):
        own = sessions.row(row).tolist()[::-1]
        wanted = [] if limits.leaves_seen_out else own[: candidates.N_EVENTS]
        for source in evidence[:3]:
            values = source[[row]].toarray()[0]
            listed = np.flatnonzero(values)
            wanted += sorted(listed.tolist(), key=lambda item: (-values[item], item))
        may_be = {item for item in range(n_items) if allowed[item]}
        may_be -= set(own) if limits.leaves_seen_out else set()
        chosen = first_of(wanted, may_be, budget)
        reached = 0.0
        for end in np.argsort(-evidence.forecast[row], kind="stable"):
            probability = float(evidence.forecast[row, end])
            if reached >= limits.mass or probability <= 0:
                break
            reached += probability
            chosen = first_of(chosen + popular[end], may_be, budget)
        if len(chosen) < n_least:
            chosen = first_of(chosen + by_count, may_be, min(n_least, budget))
        found.append(set(chosen))
    return found


def first_of(wanted, may_be, n):
    """Return the first ``n`` different ones of ``wanted`` that may be."""
    return list(dict.fromkeys([item for item in wanted if item in may_be]))[:n]


def tempered_reference(mixed, ends, parents, slopes):
    """Return mixtures (n, n_ends), level by level raised to a power, by the definition.

    ``ends`` are nodes of a forest given by ``parents``.
    """
    out = np.zeros_like(mixed)

    def below(node):
        return [e for e, end in enumerate(ends) if node == -1 or node in path_of(end, parents)]

    def share_out(row, node, level, mass):
        children = sorted({c for c, p in enumerate(parents) if p == node and below(c)})
        parts = [(below(child), child) for child in children]
        parts += [([e], None) for e, end in enumerate(ends) if end == node]
        sums = np.array([mixed[row, members].sum() for members, _ in parts])
        shares = sums / max(sums.sum(), 1e-30)
        if len(slopes) > level:
            shares = shares ** slopes[level]
        shares = shares / max(shares.sum(), 1e-30)
        for (members, child), share in zip(parts, shares, strict=True):
            if child is None or (len(members) == 1 and ends[members[0]] == child):
                out[row, members[0]] = mass * share
            else:
                share_out(row, child, level + 1, mass * share)

    for row in range(len(mixed) if len(ends) else 0):
        share_out(row, -1, 0, 1.0)
    return out


def path_of(node, parents):
    """Return a node and those above it."""
    return [] if node < 0 else [node, *path_of(parents[node], parents)]


def features_reference(table, counts, sessions, evidence, forecast_of, chosen):
    """Return the features (n_sessions, n_chosen, n_features) without the session model's."""
    depths, known = table.taxonomy.depths, forecast_of.is_known
    N, masses = table.nodes().toarray() * known, forecast_of.masses.toarray()
    n_levels = min(max([d for d, is_known in zip(depths, known, strict=True) if is_known],
                       default=0), MAX_LEVELS)  # fmt: skip
    blank = counts @ N / max(sum(counts), 1)
    out = np.zeros((*chosen.shape, 9 + n_levels))
    for row, place in zip(*np.nonzero(chosen >= 0), strict=True):
        item, nodes = chosen[row, place], evidence.nodes[row]
        values = [
            evidence_feature(source[[row]].toarray()[0], item, floor)
            for source, floor in zip(evidence[:3], FLOORS, strict=True)
        ]
        own = sessions.row(row).tolist()
        values += [item in own, own[-1:] == [item], math.log1p(counts[item])]
        at_end = masses[item] * evidence.forecast[row]
        popular = sum(p * counts[item] / max(counts @ masses[:, e], 1)
                      for e, p in enumerate(at_end))  # fmt: skip
        equal = sum(p / max(masses[counts > 0, e].sum(), 1) for e, p in enumerate(at_end))
        values += [math.log(popular + CATEGORY_FLOORS[0]), math.log(equal + CATEGORY_FLOORS[1])]
        levels = levels_reference(N[item], blank, nodes, depths, n_levels)
        mass = math.exp(sum(levels)) * (1 + LEAST)  # of the last level, with what is added to it
        values += [math.log((sum(at_end) + LEAST) / mass) if N[item].any() else 0.0, *levels]
        out[row, place] = values
    return out


def levels_reference(path, blank, nodes, depths, n_levels):
    """Return the features of the levels; ``path`` (n_nodes,) is zeros for an item without any."""
    shares = path if path.any() else blank
    deepest = max(depths[path > 0], default=n_levels)
    above, values = 1.0, []
    for level in range(1, n_levels + 1):
        at = sum(shares[node] * nodes[node] for node in np.flatnonzero(depths == level))
        values.append(math.log((at + LEAST) / (above + LEAST)) if level <= deepest else 0.0)
        above = at
    return values


def evidence_feature(values, item, floor):
    """Return what evidence says of an item: the logarithm of its share, or the value itself."""
    if floor < 0:
        return values[item]
    total = values.sum(dtype=float)
    return math.log((values[item] / total if total > 0 else 0.0) + floor)


def best_reference(chosen, scores, k):
    """Return the ``k`` best of each row, equal scores in the order of items."""
    items = np.full((len(chosen), k), -1, dtype=np.int32)
    best = np.full((len(chosen), k), -np.inf, dtype=np.float32)
    for row in range(len(chosen)):
        pairs = [
            (-np.float32(score), item)
            for item, score in zip(chosen[row].tolist(), scores[row].tolist(), strict=True)
            if item >= 0
        ]
        for place, (negated, item) in enumerate(sorted(pairs)[:k]):
            items[row, place], best[row, place] = item, -negated
    return items, best
