"""A recommender's figures on sessions whose next items are known: all items are ranked."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from label_trees.parallel import count_threads, thread_map
from xmlrec.errors import InputError
from xmlrec.metrics import forecast_ece
from xmlrec.recommend.evaluation import Answers, Training, evaluate_ranking
from xmlrec.recommend.held_out import MAX_EVENTS, spread
from xmlrec.recommend.item_paths import ItemPaths
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.ranking import rows_at_once, score_sessions
from xmlrec.recommend.scoring import FloatArray, IntArray, Limits, LongArray, best_of
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.splits import Protocol, Queries, queries

K = 20
N_FORECASTS = 20_000
"""Queries, evenly spread, whose forecasts are judged: each takes as much room as the taxonomy."""


class Found(NamedTuple):
    """What some queries are answered with; see `Answers`."""

    items: IntArray
    n_candidates: LongArray
    has_target: np.ndarray
    nodes: FloatArray


def evaluate_parts(
    parts: Parts,
    sessions: Sessions,
    paths: ItemPaths,
    *,
    protocol: Protocol,
    exclude_seen: bool | None = None,
    all_items: bool = False,
    n_threads: int | None = None,
) -> dict[str, float]:
    """Return the figures of `evaluate_ranking`, and the calibration of the forecast.

    See `SessionRecommender.evaluate`.
    """
    limits = parts.limits
    if exclude_seen is not None:
        limits = replace(limits, leaves_seen_out=exclude_seen)
    if all_items:
        limits = replace(limits, budget=len(parts.items), mass=1.0)
    answers, errors = answer_queries(
        parts, sessions, protocol=protocol, limits=limits, n_threads=n_threads
    )
    training = Training(
        n_events=np.ceil(parts.facts.counts).astype(np.int64),
        n_sessions_with=parts.neighbours.sessions_with(len(parts.items)),
        n_sessions=parts.neighbours.n_sessions,
        paths=paths,
    )
    return evaluate_ranking(answers, training) | errors


def answer_queries(
    parts: Parts,
    sessions: Sessions,
    *,
    protocol: Protocol,
    limits: Limits,
    n_threads: int | None = None,
) -> tuple[Answers, dict[str, float]]:
    """Return what the queries of sessions are answered with, and how true the forecasts are.

    Parameters
    ----------
    sessions : Sessions
        Items beyond those of ``parts`` are unknown: passed over, or missed if they come next.

    Raises
    ------
    InputError
        If no session has two events.
    """
    asked = queries(sessions, protocol)
    if not len(asked):
        problem = f"none of its {len(sessions):,} sessions has two events"
        raise InputError("events", problem, "nothing can be predicted")
    n_items = len(parts.items)
    targets = np.where(asked.targets < n_items, asked.targets, -1)
    judged = spread(len(asked), N_FORECASTS)

    def answer(lo: int) -> Found:
        rows = np.arange(lo, min(lo + step, len(asked)))
        kept = np.isin(rows, judged, assume_unique=True)
        return _answer(parts, asked.take(rows), targets[rows], kept, limits)

    step = rows_at_once(parts, limits, K)
    found = thread_map(answer, range(0, len(asked), step), count_threads(n_threads))
    items, n_candidates, has_target, nodes = map(np.concatenate, zip(*found, strict=True))
    answers = Answers(
        items=items,
        targets=targets,
        sessions=asked.rows,
        lengths=asked.lengths,
        n_candidates=n_candidates,
        has_target=has_target,
    )
    return answers, _judge(parts, nodes, targets[judged])


def _answer(
    parts: Parts, asked: Queries, targets: IntArray, kept: np.ndarray, limits: Limits
) -> Found:
    sessions = known_only(asked.prefixes(max_length=MAX_EVENTS), len(parts.items))
    evidence = parts.evidence(sessions, n_threads=1)
    scored = score_sessions(
        parts,
        sessions,
        evidence,
        allowed=parts.items.is_available,
        limits=limits,
        n_least=K,
    )
    candidates = scored.candidates
    return Found(
        best_of(candidates, scored.scores, K)[0],
        (candidates >= 0).sum(axis=1),
        ((candidates == targets[:, None]) & (targets[:, None] >= 0)).any(axis=1),
        evidence.nodes[kept],
    )


def _judge(parts: Parts, nodes: FloatArray, targets: IntArray) -> dict[str, float]:
    """Return the calibration errors of forecasts, by level."""
    truth = sp.csr_array(parts.items.nodes()[np.maximum(targets, 0)])
    truth.data[np.repeat(targets < 0, np.diff(truth.indptr))] = 0
    truth.eliminate_zeros()
    if not truth.nnz:
        return {}
    return forecast_ece(nodes, truth, parts.items.taxonomy.depths)


def known_only(sessions: Sessions, n_items: int) -> Sessions:
    """Return sessions without the events of unknown items."""
    is_known = (sessions.items >= 0) & (sessions.items < n_items)
    if is_known.all():
        return sessions
    before = np.concatenate([[0], np.cumsum(is_known)])
    return replace(
        sessions,
        indptr=before[sessions.indptr].astype(np.int64),
        items=sessions.items[is_known],
        weights=sessions.weights[is_known],
        times=None if sessions.times is None else sessions.times[is_known],
    )
