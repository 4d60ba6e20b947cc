"""From sessions and items to a recommender.

What is held out settles the neighbours, the forecast, the weights and the limits; then all sessions
are put in.
"""

import logging
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.categories import CategoryForecast
from xmlrec.recommend.content import Content
from xmlrec.recommend.held_out import HeldOut, hold_out
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.narrowing import fit_limits
from xmlrec.recommend.neighbours import NeighbourIndex, NeighbourSettings, fit_settings
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.scoring import DoubleArray, ItemFacts, Limits, Weights
from xmlrec.recommend.session_model import item_vectors, train_model
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.settings import RecommenderSettings
from xmlrec.recommend.weighing import fit_all_weights

logger = logging.getLogger(__name__)


def fit_parts(
    sessions: Sessions,
    items: ItemTable,
    settings: RecommenderSettings,
    *,
    neighbours: NeighbourSettings | None = None,
    n_threads: int | None = None,
    folder: Path | None = None,
) -> Parts:
    """Fit a recommender; ``folder`` keeps a session model in training.

    Parameters
    ----------
    neighbours : NeighbourSettings, optional
        Instead of fitted ones.

    Raises
    ------
    TrainingError
        If there are not two events in any session to learn from.
    """
    held = hold_out(sessions, settings.leave_out)
    index = NeighbourIndex.fit(held.train, len(items))
    if neighbours is None:
        neighbours = fitted_neighbours(index, held, n_threads)
    content = Content.of(items, n_threads=n_threads)
    trial = assemble(held.train, items, settings, index.with_settings(neighbours), content)
    if settings.preset == "accurate":
        trial = trial.with_model(
            train_model(held, items, seed=settings.seed, n_threads=n_threads, folder=folder)
        )
    trial = weighed(trial, held, n_threads)
    index = NeighbourIndex.fit(sessions, len(items), neighbours)
    full = assemble(sessions, items, settings, index, content)
    forecast = replace(full.forecast, shares=trial.forecast.shares, shapes=trial.forecast.shapes)
    full = replace(full, forecast=forecast, weights=trial.weights, limits=trial.limits)
    return full if trial.model is None else full.with_model(trial.model)


def fitted_neighbours(
    index: NeighbourIndex, held: HeldOut, n_threads: int | None
) -> NeighbourSettings:
    """Return the settings that find what is held out best."""
    started = perf_counter()
    found = fit_settings(
        index, held.sessions, held.targets, exclude_seen=not held.repeats, n_threads=n_threads
    )
    logger.info("neighbours fitted in %.1f s: HR@20 %.4f", perf_counter() - started, found.hr)
    return found.settings


def assemble(
    sessions: Sessions,
    items: ItemTable,
    settings: RecommenderSettings,
    index: NeighbourIndex,
    content: Content | None,
) -> Parts:
    """Return parts of sessions whose weights are not fitted yet."""
    counts = np.bincount(sessions.items, sessions.weights, len(items)).astype(np.float64)
    forecast = CategoryForecast.of(items, rule_matrix(index, counts), counts)
    facts = ItemFacts.of(items, forecast, counts)
    nothing = np.zeros(len(facts.feature_names))
    return Parts(
        settings=settings,
        items=items,
        neighbours=index,
        content=content,
        forecast=forecast,
        facts=facts,
        weights=Weights(warm=nothing, cold=nothing, cold_offset=0.0),
        limits=Limits(budget=len(items), mass=1.0, leaves_seen_out=False),
    )


def weighed(parts: Parts, held: HeldOut, n_threads: int | None) -> Parts:
    """Return parts with the forecast, the weights and the limits that fit what is held out."""
    evidence = parts.evidence(held.sessions, n_threads=n_threads)
    forecast = parts.forecast.fitted(
        held.sessions, held.targets, evidence.neighbours, evidence.rules, evidence.categories
    )
    parts = replace(parts, forecast=forecast)
    evidence = parts.evidence(held.sessions, n_threads=n_threads)
    cold = None if parts.model is None else item_vectors(parts.model, parts.items, is_cold=True)
    parts = replace(parts, weights=fit_all_weights(parts, held, evidence, cold))
    return replace(parts, limits=fit_limits(parts, held, evidence, n_threads=n_threads))


def rule_matrix(index: NeighbourIndex, counts: DoubleArray) -> sp.csr_array:
    """Return how often one item came after another, (n_items, n_items)."""
    arrays = index.arrays
    n = index.n_items
    values = arrays.rule_weights * np.repeat(counts, np.diff(arrays.rule_indptr))
    return sp.csr_array((values, arrays.rule_items, arrays.rule_indptr), shape=(n, n))
