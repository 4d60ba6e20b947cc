"""What is known of sessions before any item is scored."""

from typing import Any, NamedTuple

import scipy.sparse as sp

from xmlrec.recommend.categories import triple
from xmlrec.recommend.sessions import FloatArray, LongArray


class Evidence(NamedTuple):
    """What is known of sessions, one row each.

    Attributes
    ----------
    neighbours, rules, text : csr_array of float32, shape (n_sessions, n_items)
    forecast : float32 array, shape (n_sessions, n_ends)
    nodes : float32 array, shape (n_sessions, n_nodes)
    queries : float32 array, shape (n_sessions, dim), or None
    categories : float32 array, shape (n_sessions, n_ends), or None
        The session model's query and forecast.
    near : csr_array of float32, shape (n_sessions, n_items), or None
        The items nearest to the query.
    """

    neighbours: sp.csr_array
    rules: sp.csr_array
    text: sp.csr_array
    forecast: FloatArray
    nodes: FloatArray
    queries: FloatArray | None = None
    categories: FloatArray | None = None
    near: sp.csr_array | None = None

    @property
    def sources(self) -> tuple[Any, ...]:
        """The first three as kernels take them."""
        return tuple([triple(part) for part in self[:3]])

    @property
    def suggestions(self) -> tuple[Any, ...]:
        """All that name candidates, as kernels take them."""
        near = () if self.near is None else (triple(self.near),)
        return (*self.sources, *near)

    def take(self, rows: LongArray) -> "Evidence":
        """Return what is known of some of the sessions."""
        neighbours, rules, text = (sp.csr_array(part[rows]) for part in self[:3])
        queries, categories = (
            None if part is None else part[rows] for part in (self.queries, self.categories)
        )
        near = None if self.near is None else sp.csr_array(self.near[rows])
        forecast, nodes = self.forecast[rows], self.nodes[rows]
        return Evidence(neighbours, rules, text, forecast, nodes, queries, categories, near)
