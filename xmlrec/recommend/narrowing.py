"""How few items need be scored: fitted to held-out events.

Limits are tried from the narrowest on; the first under which the candidates keep `KEPT` of the
HR@20 and the MRR@20 that scoring all items has is taken. If none does, all items are scored.
"""

import logging

import numpy as np

from xmlrec.recommend.evidence import Evidence
from xmlrec.recommend.held_out import HeldOut, spread
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.ranking import rank_sessions
from xmlrec.recommend.scoring import DoubleArray, IntArray, Limits

logger = logging.getLogger(__name__)

SHARES = (0.005, 0.01, 0.02, 0.04, 0.1)
"""Of the catalog."""

MASSES = (0.0, 0.8, 0.95)
"""Probabilities of the categories that are looked into."""

KEPT = 0.997
MIN_BUDGET = 200
"""Items that are scored in any case: fewer save no time."""

N_TRIED = 1000
K = 20


def fit_limits(
    parts: Parts, held: HeldOut, evidence: Evidence, *, n_threads: int | None = None
) -> Limits:
    """Return the narrowest limits that lose next to nothing; none if all of them do."""
    rows = spread(len(held.targets), N_TRIED)
    sessions, known = held.sessions.take(rows), evidence.take(rows)
    targets, n_items = held.targets[rows], len(parts.items)

    def quality(limits: Limits) -> DoubleArray:
        found = rank_sessions(parts, sessions, known, k=K, limits=limits, n_threads=n_threads)
        return hr_and_mrr(found[0], targets)

    everything = Limits(budget=n_items, mass=1.0, leaves_seen_out=not held.repeats)
    wanted = KEPT * quality(everything)
    for share in SHARES:
        for mass in MASSES:
            budget = min(max(int(share * n_items), MIN_BUDGET), n_items)
            limits = Limits(budget=budget, mass=mass, leaves_seen_out=not held.repeats)
            if (quality(limits) >= wanted).all():
                logger.info("candidates: %d items, categories up to %g", budget, mass)
                return limits
    return everything


def hr_and_mrr(items: IntArray, targets: IntArray) -> DoubleArray:
    """Return HR and MRR of lists (n, k) as one array of two."""
    is_hit = items == targets[:, None]
    ranks = np.where(is_hit.any(axis=1), is_hit.argmax(axis=1) + 1.0, np.inf)
    return np.array([np.isfinite(ranks).mean(), (1.0 / ranks).mean()])
