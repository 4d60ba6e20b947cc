"""Neighbour settings that find the next items of held-out sessions.

One setting after the other is tried at a few values while the rest stay, twice through. What is
maximised is ``MRR@20 + HR@20 / 2``: a hit that is new among the 20 weighs as much as one that moves
from the second place to the first. A value is taken if it gains more than the standard error of
its gain, and all items are ranked.
"""

import logging
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.neighbours.index import NeighbourIndex
from xmlrec.recommend.neighbours.settings import NeighbourSettings
from xmlrec.recommend.sessions import Sessions

logger = logging.getLogger(__name__)

IntArray = np.ndarray[Any, np.dtype[np.int32]]
Float64Array = np.ndarray[Any, np.dtype[np.float64]]

VALUES: dict[str, tuple[Any, ...]] = {
    "span": (1.0, 1.5, 2.0, 3.0, 5.0),
    "decay": ("exponential", "linear"),
    "distance_span": (1.0, 2.0, 3.0, 5.0, 8.0, 15.0),
    "length_exponent": (0.0, 0.15, 0.25, 0.5),
    "before": (0.0, 0.5, 0.7, 0.85, 1.0),
    "idf_exponent": (0.0, 0.5, 1.0, 1.5),
    "age_decay": (0.0, 0.5, 1.0, 2.0, 4.0),
    "repeat": (0.0, 0.5, 1.0, 2.0, 3.0),
    "sharpness": (0.8, 1.0, 1.3, 1.6),
    "rarity_exponent": (0.0, 0.5, 1.0),
    "n_neighbours": (100, 200, 500),
    "rules_share": (0.0, 0.05, 0.1, 0.2, 0.4),
    "rules_span": (1.0, 2.0, 4.0),
}
"""What is tried, the settings that matter most first."""

K = 20
N_ROUNDS = 2
N_QUERIES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedNeighbours:
    """Settings, and how well they found the items they were fitted to.

    Attributes
    ----------
    settings : NeighbourSettings
    hr, mrr : float
        HR@20 and MRR@20 of the queries, which the settings were fitted to.
    n_queries, n_tried : int
        Queries that were used, and settings that were tried.
    """

    settings: NeighbourSettings
    hr: float
    mrr: float
    n_queries: int
    n_tried: int


def fit_settings(
    index: NeighbourIndex,
    queries: Sessions,
    targets: IntArray,
    *,
    exclude_seen: bool = False,
    n_queries: int = N_QUERIES,
    n_threads: int | None = None,
) -> FittedNeighbours:
    """Return the settings under which ``index`` finds the targets best, from its own on.

    Parameters
    ----------
    index : NeighbourIndex
        Of sessions that are older than the queries; what it is of never sees the targets.
    queries : Sessions
        What came before each target, one row for each. Those of the newest sessions are best.
    targets : int32 array, shape (n,)
        The item that came next; one that the index does not know is a miss.
    exclude_seen : bool
        Whether items of the query are out of question.
    n_queries : int
        At most so many are used, evenly spread over them all.

    Raises
    ------
    ValueError
        If there is no query, or not a target for each.
    """
    if len(queries) == 0 or len(queries) != len(targets):
        raise ValueError(f"expected a target a query, got {len(targets)} for {len(queries)}")
    places = np.linspace(0, len(queries) - 1, min(n_queries, len(queries)))
    rows = np.unique(places.astype(np.int64))
    started, known = perf_counter(), np.asarray(targets, dtype=np.int32)[rows]
    trial = _Trial(index, queries.take(rows), known, exclude_seen, n_threads)
    settings, n_tried = _search(trial, index.settings)
    logger.info("%d settings tried in %.1f s", n_tried, perf_counter() - started)
    ranks = trial.ranks(settings)
    return FittedNeighbours(
        settings=settings,
        hr=float(np.mean(ranks <= K)),
        mrr=float(np.mean((ranks <= K) / ranks)),
        n_queries=len(ranks),
        n_tried=n_tried,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """Queries that settings are tried on."""

    index: NeighbourIndex
    queries: Sessions
    targets: IntArray
    exclude_seen: bool
    n_threads: int | None

    def measure(self, settings: NeighbourSettings) -> Float64Array:
        """Return what is maximised, for each query."""
        ranks = self.ranks(settings)
        return np.where(ranks <= K, 1.0 / ranks + 0.5, 0.0)

    def ranks(self, settings: NeighbourSettings) -> Float64Array:
        """Return the rank of each target, see `target_ranks`."""
        index = self.index.with_settings(settings)
        evidence = index.evidence(self.queries, n_threads=self.n_threads)
        if self.exclude_seen:
            evidence = without_seen(evidence, self.queries)
        return target_ranks(evidence, self.targets)


def _search(trial: _Trial, settings: NeighbourSettings) -> tuple[NeighbourSettings, int]:
    """Return the best settings, and how many were tried."""
    values, n_tried = trial.measure(settings), 1
    for name in list(VALUES) * N_ROUNDS:
        others = [replace(settings, **{name: value}) for value in VALUES[name]]
        others = [other for other in others if other != settings]
        measured = [trial.measure(other) for other in others]
        best = max(range(len(others)), key=lambda place: float(measured[place].mean()))
        if _is_better(measured[best], values):
            settings, values = others[best], measured[best]
        n_tried += len(others)
        logger.debug("%s %s: %.4f", name, getattr(settings, name), values.mean())
    return settings, n_tried


def _is_better(values: Float64Array, than: Float64Array) -> bool:
    """Say whether the mean is larger by more than its standard error, query by query."""
    gains = values - than
    return bool(gains.mean() > gains.std() / np.sqrt(gains.size))


def without_seen(evidence: sp.csr_array, queries: Sessions) -> sp.csr_array:
    """Return ``evidence`` with zeros for each query's own items."""
    is_known = (queries.items >= 0) & (queries.items < evidence.shape[1])
    rows = np.repeat(np.arange(len(queries)), queries.lengths())[is_known]
    pairs = (rows, queries.items[is_known])
    seen = sp.csr_array((np.ones(rows.size, dtype=np.float32), pairs), shape=evidence.shape)
    return evidence - evidence.multiply(seen > 0)


def target_ranks(evidence: sp.csr_array, targets: IntArray) -> Float64Array:
    """Return each target's place in its row, 1 for the best, inf without evidence.

    Ties go to the lower item.
    """
    n_rows = evidence.shape[0]
    rows = np.repeat(np.arange(n_rows), np.diff(evidence.indptr))
    is_target = (evidence.indices == targets[rows]) & (evidence.data > 0)
    scores = np.zeros(n_rows, dtype=np.float32)
    scores[rows[is_target]] = evidence.data[is_target]
    is_above = (evidence.data > scores[rows]) | (
        (evidence.data == scores[rows]) & (evidence.indices < targets[rows])
    )
    ranks = 1.0 + np.bincount(rows[is_above], minlength=n_rows)
    return np.where(scores > 0, ranks, np.inf)
