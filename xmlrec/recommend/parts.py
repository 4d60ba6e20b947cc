"""What a recommender is made of, and what it knows of sessions."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.categories import CategoryForecast
from xmlrec.recommend.content import N_LIKE, Content
from xmlrec.recommend.evidence import Evidence
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.neighbours import NeighbourIndex
from xmlrec.recommend.scoring import ItemFacts, Limits, Weights
from xmlrec.recommend.session_model import index_items, item_vectors, nearest_items
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.settings import RecommenderSettings

if TYPE_CHECKING:
    from indexes import FaissIndex
    from xmlrec.encode.sessions import SessionModel

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Parts:
    """A fitted recommender.

    Attributes
    ----------
    settings : RecommenderSettings
    items : ItemTable
    neighbours : NeighbourIndex
        Of all sessions; items that were added since are not in it.
    content : Content, optional
    forecast : CategoryForecast
    facts : ItemFacts
    weights : Weights
    limits : Limits
    model : SessionModel, optional
    near : FaissIndex, optional
        The items' vectors of the session model.
    """

    settings: RecommenderSettings
    items: ItemTable
    neighbours: NeighbourIndex
    content: Content | None
    forecast: CategoryForecast
    facts: ItemFacts
    weights: Weights
    limits: Limits
    model: "SessionModel | None" = None
    near: "FaissIndex | None" = None

    def evidence(
        self,
        sessions: Sessions,
        *,
        among: BoolArray | None = None,
        n_threads: int | None = None,
    ) -> Evidence:
        """Return what is known of sessions.

        Parameters
        ----------
        among : bool array, shape (n_items,), optional
            The few items that are asked for: then all of them have their likeness.
        """
        shape = len(sessions), len(self.items)
        neighbours, rules = (
            widened(find(sessions, n_threads=n_threads), shape)
            for find in (self.neighbours.evidence, self.neighbours.rules)
        )
        text = sp.csr_array(shape, dtype=np.float32)
        if self.content is not None:
            n_like = N_LIKE if among is None else int(among.sum())
            text = self.content.evidence(sessions, allowed=among, n_like=n_like)
        queries = categories = near = None
        if self.model is not None and self.facts.vectors is not None and self.near is not None:
            states = self.model.encode(sessions.indptr, sessions.items, self.facts.vectors)
            queries = states.queries
            categories = self.forecast.of_model(states.categories, self.model.end_nodes)
            near = nearest_items(self.near, queries, len(self.items), allowed=among)
        forecast = self.forecast(sessions, neighbours, rules, categories, n_threads=n_threads)
        nodes = self.forecast.nodes(forecast)
        return Evidence(neighbours, rules, text, forecast, nodes, queries, categories, near)

    def with_model(self, model: "SessionModel") -> Self:
        """Return it with a session model, and the vectors that this gives the items."""
        vectors = item_vectors(model, self.items)
        facts = replace(self.facts, vectors=vectors)
        return replace(self, model=model, facts=facts, near=index_items(vectors))

    def with_items(self, items: ItemTable) -> Self:
        """Return it with a table that has more items after its own; nothing is fitted again.

        They have their texts and paths, and no events. A category that is new counts as its parent.
        """
        n_before = len(self.items)
        forecast = self.forecast.extended(items)
        content = None
        if self.content is not None:
            content = self.content.extended(items.fields[n_before:])
        counts = np.pad(self.facts.counts, (0, len(items) - n_before))
        parts = replace(
            self,
            items=items,
            content=content,
            forecast=forecast,
            facts=ItemFacts.of(items, forecast, counts),
        )
        return parts if self.model is None else parts.with_model(self.model)


def widened(matrix: sp.csr_array, shape: tuple[int, int]) -> sp.csr_array:
    """Return a matrix with more, empty columns."""
    if matrix.shape == shape:
        return matrix
    return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=shape)
