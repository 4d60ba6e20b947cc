"""Made-up items, sessions and evidence for tests of the parts of a recommender."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from xmlrec.recommend.categories import CategoryForecast, as_kernel
from xmlrec.recommend.evidence import Evidence
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.scoring import ItemFacts
from xmlrec.recommend.sessions import Sessions
from xmlrec.taxonomy import Node, Taxonomy


class ScoringCase(NamedTuple):
    """What a recommender knows before weights are fitted."""

    table: ItemTable
    counts: np.ndarray
    forecast: CategoryForecast
    facts: ItemFacts
    sessions: Sessions
    evidence: Evidence


def random_table(rng, n_items, n_nodes):
    """Return items of none to three given or predicted paths at any depth, up to eight."""
    parents = [int(rng.integers(max(node - 3, -1), node)) for node in range(n_nodes)]
    nodes = [
        Node(f"n{node}", f"name {node % 3}", () if parent < 0 else (f"n{parent}",))
        for node, parent in enumerate(parents)
    ]
    P = np.zeros((n_items, n_nodes), dtype=np.float32)
    for row in P:
        ends = rng.integers(0, n_nodes, size=rng.integers(0, 4) if n_nodes else 0)
        row[ends] = 1 if rng.random() < 0.6 else rng.choice([0.125, 0.25, 0.5], size=len(ends))
    return ItemTable(
        ids=tuple([f"i{item}" for item in range(n_items)]),
        fields=({},) * n_items,
        taxonomy=Taxonomy.from_nodes(nodes, source="test"),
        P=sp.csr_array(P),
        is_available=np.ones(n_items, dtype=np.bool_),
        is_predicted=np.zeros(n_items, dtype=np.bool_),
    )


def random_evidence(rng, n_sessions, n_items):
    """Return evidence of few values, so that many are equal; some rows are empty."""
    values = rng.choice([0, 0, 0.25, 0.5], size=(n_sessions, n_items))
    values[rng.random(n_sessions) < 0.3] = 0
    return as_kernel(sp.csr_array(values))


def random_case(seed, *, n_items=9, n_nodes=7, n_sessions=4):
    """Return everything at random: cold items, empty sessions, equal counts."""
    rng = np.random.default_rng(seed)
    table = random_table(rng, n_items, n_nodes)
    counts = rng.integers(0, 4, size=n_items).astype(np.float64)
    forecast = CategoryForecast.of(table, random_evidence(rng, n_items, n_items), counts)
    forecast = replace(forecast, shares=np.append(rng.dirichlet(np.ones(6)), 0.0))
    lengths = rng.integers(0, 8, size=n_sessions)
    sessions = Sessions.of([rng.integers(0, n_items, size=length) for length in lengths])
    neighbours, rules, text = (random_evidence(rng, n_sessions, n_items) for _ in range(3))
    ends = forecast(sessions, neighbours, rules)
    evidence = Evidence(neighbours, rules, text, ends, forecast.nodes(ends))
    facts = ItemFacts.of(table, forecast, counts)
    return ScoringCase(table, counts, forecast, facts, sessions, evidence)
