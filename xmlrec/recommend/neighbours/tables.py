"""What settings make of an index: numbers that kernels look up instead of computing them."""

from typing import Any, NamedTuple

import numpy as np

from label_trees.checks import read_only
from xmlrec.recommend.neighbours.building import NeighbourArrays
from xmlrec.recommend.neighbours.settings import NeighbourSettings

Float64Array = np.ndarray[Any, np.dtype[np.float64]]

N_EVENTS = 50
"""Events of the current session that are looked at, from the last one on."""

MAX_REACH = 50
"""Events on either side of the common item that a neighbour can suggest."""

LEAST = 1e-4
"""What counts less than this counts nothing."""


class NeighbourTables(NamedTuple):
    """Factors of `NeighbourSettings` by place, item and session, all float64.

    Attributes
    ----------
    decay, rule_decay : array, shape (N_EVENTS,)
        By the number of events since.
    match, rarity : array, shape (n_items,)
        What an item counts where it is common to two sessions, and where it is suggested.
    distance : array, shape (2 * reach + 1,)
        By the distance to the common item, from ``-reach`` to ``reach``.
    session_weights : array, shape (n_sessions,)
    """

    decay: Float64Array
    rule_decay: Float64Array
    match: Float64Array
    rarity: Float64Array
    distance: Float64Array
    session_weights: Float64Array


def build_tables(arrays: NeighbourArrays, settings: NeighbourSettings) -> NeighbourTables:
    """Return the factors that ``settings`` give for ``arrays``."""
    lengths = np.diff(arrays.indptr)
    idf = _idf(np.diff(arrays.item_indptr), lengths.size)
    age = (lengths.size - 1 - np.arange(lengths.size)) / max(lengths.size, 1)
    tables = (
        _decay(settings.decay, settings.span),
        _decay(settings.decay, settings.rules_span),
        idf**settings.idf_exponent,
        idf**settings.rarity_exponent,
        _distance(settings),
        lengths**-settings.length_exponent * np.exp(-settings.age_decay * age),
    )
    return NeighbourTables(*map(read_only, tables))


def _idf(counts: np.ndarray[Any, Any], n_sessions: int) -> Float64Array:
    idf: Float64Array = np.log1p(n_sessions / np.maximum(counts, 1))
    return idf


def _decay(kind: str, span: float) -> Float64Array:
    events = np.arange(N_EVENTS) / span
    values = np.exp(-events) if kind == "exponential" else 1.0 - events
    return np.where(values < LEAST, 0.0, values)


def _distance(settings: NeighbourSettings) -> Float64Array:
    after = np.exp(-np.arange(MAX_REACH) / settings.distance_span)
    after = after[after >= LEAST]
    return np.concatenate([settings.before * after[::-1], [settings.repeat], after])
