"""The ranked items of sessions, given what is known of them."""

from typing import NamedTuple

import numpy as np

from label_trees.parallel import count_threads, thread_map
from xmlrec.recommend.evidence import Evidence
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.scoring import BoolArray, DoubleArray, FloatArray, IntArray, Limits, best_of
from xmlrec.recommend.sessions import Sessions

ROOM = 1 << 23
"""Features in memory at a time, in each thread."""

MAX_ROWS = 128


class Scored(NamedTuple):
    """The candidates of sessions.

    Attributes
    ----------
    candidates : int32 array, shape (n_sessions, budget)
        Padded with -1.
    features : float32 array, shape (n_sessions, budget, n_features)
    scores : float64 array, shape (n_sessions, budget)
    queries : float32 array, shape (n_sessions, dim), or None
        The session model's.
    """

    candidates: IntArray
    features: FloatArray
    scores: DoubleArray
    queries: FloatArray | None


def score_sessions(
    parts: Parts,
    sessions: Sessions,
    evidence: Evidence,
    *,
    allowed: BoolArray,
    limits: Limits,
    n_least: int,
) -> Scored:
    """Find the candidates of sessions and score them.

    Parameters
    ----------
    allowed : bool array, shape (n_items,)
        Items that may be recommended.
    n_least : int
        Each session has at least so many candidates, if so many are allowed.
    """
    facts = parts.facts
    candidates = facts.candidates(
        sessions, evidence, allowed=allowed, limits=limits, n_least=n_least
    )
    features = facts.features(sessions, evidence, candidates)
    is_cold = (facts.counts == 0)[candidates] & (candidates >= 0)
    scores = parts.weights.score(features, is_cold, sessions.lengths() == 0)
    return Scored(candidates, features, scores, evidence.queries)


def rows_at_once(parts: Parts, limits: Limits, k: int) -> int:
    """Return how many sessions are scored at a time, for the room that their features take."""
    width = min(max(limits.budget, k), len(parts.items)) * len(parts.facts.feature_names)
    return int(np.clip(ROOM // max(width, 1), 1, MAX_ROWS))


def rank_sessions(
    parts: Parts,
    sessions: Sessions,
    evidence: Evidence,
    *,
    k: int,
    limits: Limits,
    n_threads: int | None = None,
) -> tuple[IntArray, FloatArray]:
    """Return the ``k`` best of all items of each session, and their scores."""
    allowed = np.ones(len(parts.items), dtype=np.bool_)
    items = np.empty((len(sessions), k), dtype=np.int32)
    scores = np.empty((len(sessions), k), dtype=np.float32)
    step = rows_at_once(parts, limits, k)

    def rank(lo: int) -> None:
        rows = np.arange(lo, min(lo + step, len(sessions)))
        found = score_sessions(
            parts,
            sessions.take(rows),
            evidence.take(rows),
            allowed=allowed,
            limits=limits,
            n_least=k,
        )
        items[rows], scores[rows] = best_of(found.candidates, found.scores, k)

    thread_map(rank, range(0, len(sessions), step), count_threads(n_threads))
    return items, scores
