"""Why an item has its score: the terms of the sum, with names, and whose evidence it was."""

from typing import Any

import numpy as np

from xmlrec.recommend.answers import Explanation
from xmlrec.recommend.neighbours import NeighbourExplanation
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.ranking import Scored
from xmlrec.recommend.scoring import MODEL, DoubleArray, IntArray
from xmlrec.recommend.session_model import item_content
from xmlrec.recommend.sessions import Sessions

N_NAMED = 5
"""Neighbours, and items of the session, that are named."""

NO_EVENTS = "no events"
"""What the score of an item without events has beside its features."""


def explain_items(
    parts: Parts, session: Sessions, scored: Scored, row: int, items: IntArray
) -> list[Explanation]:
    """Return why each of ``items``, candidates of one session, has its score.

    Parameters
    ----------
    session : Sessions
        That one alone.
    scored : Scored
        Of several sessions; this one is its ``row``.
    """
    candidates = scored.candidates[row].tolist()
    places = [candidates.index(item) for item in items]
    is_cold = parts.facts.counts[items] == 0
    is_empty = not len(session.items)
    terms = parts.weights.terms(scored.features[row, places], is_cold, is_empty=is_empty)
    by_model = model_terms(parts, scored, row, items, is_cold)
    known = items[items < parts.neighbours.n_items]
    found = parts.neighbours.explain(session, known, n_neighbours=N_NAMED)
    reasons = {reason.item: reason for reason in found}
    explanations = []
    for place, item in enumerate(items.tolist()):
        named = named_terms(parts, item, terms[place]) | by_model[place]
        if is_cold[place] and not is_empty:
            named[NO_EVENTS] = parts.weights.cold_offset
        explanations.append(explanation(parts, named, reasons.get(item)))
    return explanations


def explanation(
    parts: Parts, terms: dict[str, float], reason: NeighbourExplanation | None
) -> Explanation:
    """Return terms with the sessions and items that stand behind the evidence."""
    if reason is None:
        return Explanation(terms=terms)
    shares = reason.by_neighbours + reason.by_rules
    order = np.argsort(-shares, kind="stable")[:N_NAMED]
    ids = parts.items.ids
    return Explanation(
        terms=terms,
        because=tuple(
            [(ids[reason.session_items[at]], float(shares[at])) for at in order if shares[at] > 0]
        ),
        neighbours=tuple([(one.session_id, one.share) for one in reason.neighbours]),
    )


def named_terms(parts: Parts, item: int, terms: DoubleArray) -> dict[str, float]:
    """Return the terms of an item by feature, without the session model's; levels by category."""
    path = likeliest_path(parts, item)
    named: dict[str, float] = {}
    for name, term in zip(parts.facts.feature_names, terms.tolist(), strict=True):
        number = name.removeprefix("level ")
        level = int(number) if number.isdecimal() else 0
        if 0 < level <= len(path):
            named[f"{name}: {path[level - 1]}"] = term  # categories may share a name
        elif name != MODEL and (not level or term):
            named[name] = term
    return named


def likeliest_path(parts: Parts, item: int) -> tuple[str, ...]:
    """Return the names of the categories of an item, from the root down; () if it has none."""
    P = parts.items.P
    start, stop = P.indptr[item], P.indptr[item + 1]
    if start == stop:
        return ()
    return parts.items.taxonomy.path(int(P.indices[start + np.argmax(P.data[start:stop])]))


def model_terms(
    parts: Parts, scored: Scored, row: int, items: IntArray, is_cold: Any
) -> list[dict[str, float]]:
    """Return the terms of the session model: id, each level, and text; none without a model."""
    if parts.model is None or scored.queries is None:
        return [{} for _ in items]
    weights = np.where(is_cold, parts.weights.cold[-1], parts.weights.warm[-1])
    ids = np.where(items < parts.model.n_items, items, -1)
    content = item_content(parts.items, items)
    values = parts.model.parts(scored.queries[row], content, ids) * weights[:, None]
    n_levels = values.shape[1] - 2
    names = ["id", *(f"level {level + 1}" for level in range(n_levels)), "text"]
    return [
        {f"model: {name}": float(value) for name, value in zip(names, of_item, strict=True)}
        for of_item in values
    ]
