"""What features count: fitted to held-out events, for items with events and for those without.

Weights minimise the listwise loss of `xmlrec.fuse`. Those of cold items, which have no event, are
fitted to items that have some as if they had none: a few of the items at a time, ranked among
themselves by what a cold item has, its text and its path.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xmlrec.fuse import fit_weights
from xmlrec.recommend.evidence import Evidence
from xmlrec.recommend.held_out import HeldOut, spread
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.scoring import (
    CATEGORY_FLOORS,
    FLOORS,
    BoolArray,
    DoubleArray,
    FloatArray,
    IntArray,
    Limits,
    Weights,
    is_feature,
)

N_WEIGHED = 4000
"""Queries that weights are fitted to."""

WIDTH = 200
"""Candidates of each of them."""

PRIOR = {"neighbours": 0.6, "rules": 0.2, "text": 0.5, "level": 0.4, "model": 0.3}
"""What features count where nothing was held out; the others nothing."""

NEVER_AGAINST = tuple(PRIOR)
"""These have no weight below 0: what speaks for an item does not count against it."""

COLD = ("text", "one of category", "level", "model")
"""Features of an item without events."""

STRENGTH = 3.0
COLD_SHARE, MAX_COLD, N_COLD_DRAWS = 0.1, 1000, 5
N_LEAST = 20


def fit_all_weights(
    parts: Parts, held: HeldOut, evidence: Evidence, cold_vectors: FloatArray | None
) -> Weights:
    """Return the weights under which the held-out items are likeliest.

    Parameters
    ----------
    cold_vectors : float32 array, shape (n_items, dim), optional
        Vectors of the session model as if no item had events.
    """
    names = parts.facts.feature_names
    warm = fit_warm(parts, held, evidence)
    cold = fit_cold(parts, held, evidence, cold_vectors)
    nothing = {
        "neighbours": np.log(FLOORS[0]),
        "rules": np.log(FLOORS[1]),
        "popular in category": np.log(CATEGORY_FLOORS[0]),
    }
    offset = sum(w * nothing.get(name, 0.0) for name, w in zip(names, warm, strict=True))
    return Weights(warm=warm, cold=cold, cold_offset=float(offset))


def fit_warm(parts: Parts, held: HeldOut, evidence: Evidence) -> DoubleArray:
    """Return the weights (n_features,) of items with events."""
    rows = spread(len(held.targets), N_WEIGHED)
    sessions, evidence = held.sessions.take(rows), evidence.take(rows)
    candidates = parts.facts.candidates(
        sessions,
        evidence,
        allowed=np.ones(len(parts.items), dtype=np.bool_),
        limits=Limits(budget=WIDTH, mass=0.9, leaves_seen_out=not held.repeats),
        n_least=N_LEAST,
    )
    features = parts.facts.features(sessions, evidence, candidates)
    return fitted(features, candidates, held.targets[rows], parts.facts.feature_names)


def fit_cold(
    parts: Parts, held: HeldOut, evidence: Evidence, cold_vectors: FloatArray | None
) -> DoubleArray:
    """Return the weights (n_features,) of items without events."""
    names = parts.facts.feature_names
    is_kept = is_feature(names, COLD)
    cold_parts = replace(parts, facts=replace(parts.facts, vectors=cold_vectors))
    draws = zip(*cold_draws(cold_parts, held, evidence), strict=True)
    features, candidates, targets = map(np.concatenate, draws)
    return fitted(features * is_kept, candidates, targets, names) * is_kept


def cold_draws(
    parts: Parts, held: HeldOut, evidence: Evidence
) -> Iterator[tuple[FloatArray, IntArray, IntArray]]:
    """Yield features, candidates and targets of queries for items that count as cold."""
    rng = np.random.default_rng(parts.settings.seed)
    known = np.flatnonzero(parts.facts.counts)
    n_cold = int(np.clip(COLD_SHARE * len(known), 1, MAX_COLD))
    for _ in range(N_COLD_DRAWS):
        drawn = np.sort(rng.permutation(known)[:n_cold]).astype(np.int32)
        rows = np.flatnonzero(np.isin(held.targets, drawn))[: N_WEIGHED // N_COLD_DRAWS]
        sessions = held.sessions.take(rows)
        candidates = np.tile(drawn, (len(rows), 1))
        features = parts.facts.features(sessions, evidence.take(rows), candidates)
        yield features, candidates, held.targets[rows]


def fitted(
    features: FloatArray, candidates: IntArray, targets: IntArray, names: tuple[str, ...]
) -> DoubleArray:
    """Return the weights under which the targets come first."""
    is_right: BoolArray = candidates == targets[:, None]
    prior = [PRIOR.get(name.split(" ")[0], 0.0) for name in names]  # "level 2" is a level
    weights = fit_weights(
        features,
        candidates >= 0,
        is_right,
        prior=np.array(prior),
        strength=STRENGTH,
        lower=np.where(is_feature(names, NEVER_AGAINST), 0.0, -np.inf),
    )
    return np.asarray(weights, dtype=np.float64)
