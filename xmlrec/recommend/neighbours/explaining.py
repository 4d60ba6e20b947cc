"""Where the evidence of an item comes from: an exact sum over the items of the session."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from label_trees.checks import read_only
from xmlrec.recommend.neighbours.building import NeighbourArrays
from xmlrec.recommend.neighbours.kernels import known_events, nearest
from xmlrec.recommend.neighbours.settings import NeighbourSettings
from xmlrec.recommend.neighbours.tables import NeighbourTables
from xmlrec.recommend.sessions import Sessions

IntArray = np.ndarray[Any, np.dtype[np.int32]]
Float64Array = np.ndarray[Any, np.dtype[np.float64]]
Events = tuple[IntArray, np.ndarray[Any, np.dtype[np.int64]], Float64Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourShare:
    """A neighbour that suggests an item, and its part of the item's evidence."""

    session_id: str
    similarity: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeighbourExplanation:
    """The evidence of an item for a session, taken apart.

    Attributes
    ----------
    item : int
    evidence : float
        ``by_neighbours.sum() + by_rules.sum()``.
    session_items : int32 array, shape (n,)
        Items of the session that were looked at, the last one first.
    by_neighbours, by_rules : float64 array, shape (n,)
        What each of them gives, through sessions that share it and through sequential rules. A
        session that shares several is split in proportion to what they add to its similarity.
    neighbours : tuple of NeighbourShare
        Those with the largest shares, the largest first.
    n_neighbours : int
        How many suggest the item; the shares of all add up to ``by_neighbours.sum()``.
    """

    item: int
    evidence: float
    session_items: IntArray
    by_neighbours: Float64Array
    by_rules: Float64Array
    neighbours: tuple[NeighbourShare, ...]
    n_neighbours: int


class SessionTerms:
    """The terms of all evidence for one session.

    Parameters
    ----------
    slots : int32 array, shape (n_sessions,)
        Work space, zeros.
    """

    def __init__(
        self,
        arrays: NeighbourArrays,
        tables: NeighbourTables,
        settings: NeighbourSettings,
        session: Sessions,
        slots: IntArray,
    ) -> None:
        self._arrays = arrays
        self._events: Events = known_events(
            read_only(session.items),
            read_only(session.weights),
            arrays.item_indptr,
            tables.decay.size,
        )
        options = (settings.n_recent, settings.n_neighbours, float(settings.sharpness))
        self._neighbours = nearest(self._events, arrays, tables, options, slots)
        self._rows, self._items, self._shares = self._suggestions(tables, settings)
        self._by_event = self._parts_of_events(tables, settings.n_recent)
        self._worths = self._worths_of_rules(tables)
        rules_share = settings.rules_share if self._worths.any() else 0.0
        if self._items.size == 0 and rules_share > 0:
            rules_share = 1.0
        self._shares *= 1.0 - rules_share
        self._worths *= rules_share

    def explain(self, item: int, n_named: int) -> NeighbourExplanation:
        """Return the terms of one item, ``n_named`` neighbours by name."""
        sessions, similarities, _ = self._neighbours
        is_item = self._items == item
        shares = np.bincount(self._rows[is_item], self._shares[is_item], sessions.size)
        by_neighbours, by_rules = shares @ self._by_event, self._worths * self._successors(item)
        named = np.argsort(-shares, kind="stable")[: min(n_named, np.count_nonzero(shares))]
        return NeighbourExplanation(
            item=item,
            evidence=float(by_neighbours.sum() + by_rules.sum()),
            session_items=self._events[0],
            by_neighbours=by_neighbours,
            by_rules=by_rules,
            neighbours=tuple(
                NeighbourShare(
                    session_id=self._arrays.session_id(int(sessions[row])),
                    similarity=float(similarities[row]),
                    share=float(shares[row]),
                )
                for row in named
            ),
            n_neighbours=int(np.count_nonzero(shares)),
        )

    def _suggestions(
        self, tables: NeighbourTables, settings: NeighbourSettings
    ) -> tuple[IntArray, IntArray, Float64Array]:
        """Return neighbour, item and share of each event that is suggested; they add up to 1."""
        arrays, (sessions, similarities, at) = self._arrays, self._neighbours
        reach = tables.distance.size // 2
        place = arrays.indptr[sessions] + at
        starts = np.maximum(place - reach, arrays.indptr[sessions])
        sizes = np.minimum(place + reach + 1, arrays.indptr[sessions + 1]) - starts
        rows = np.repeat(np.arange(sessions.size), sizes)
        events = np.arange(rows.size) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        items = arrays.items[events]
        values = similarities[rows] ** settings.sharpness * arrays.weights[events]
        values *= tables.distance[events - place[rows] + reach] * tables.rarity[items]
        is_suggested = values > 0
        rows, items, values = rows[is_suggested], items[is_suggested], values[is_suggested]
        return rows, items, values / values.sum() if values.size else values

    def _parts_of_events(self, tables: NeighbourTables, n_recent: int) -> Float64Array:
        """Return the share of each event in each similarity, (n_neighbours, n_events)."""
        arrays, (items, places, weights) = self._arrays, self._events
        parts = np.zeros((self._neighbours[0].size, items.size))
        for event, (item, start) in enumerate(zip(items, arrays.item_indptr[items], strict=True)):
            stop = min(start + n_recent, arrays.item_indptr[item + 1])
            is_shared = np.isin(self._neighbours[0], arrays.item_sessions[start:stop])
            parts[is_shared, event] = tables.decay[places[event]] * tables.match[item]
        parts *= weights
        parts /= parts.sum(axis=1, keepdims=True)
        return parts

    def _worths_of_rules(self, tables: NeighbourTables) -> Float64Array:
        """Return what the rules of each event count; they add up to 1, or all are 0."""
        items, places, weights = self._events
        has_rules = self._arrays.rule_indptr[items] < self._arrays.rule_indptr[items + 1]
        worths = np.where(has_rules, tables.rule_decay[places] * weights, 0.0)
        return worths / worths.sum() if worths.any() else worths

    def _successors(self, item: int) -> Float64Array:
        """Return how often ``item`` follows each of the session's items, as shares."""
        arrays, found = self._arrays, np.zeros(self._events[0].size)
        for event, of_event in enumerate(self._events[0]):
            start, stop = arrays.rule_indptr[of_event], arrays.rule_indptr[of_event + 1]
            is_item = arrays.rule_items[start:stop] == item
            found[event] = arrays.rule_weights[start:stop][is_item].sum()
        return found
