"""Why an item has its score: the terms of the sum, with names, and whose evidence it was."""

from typing import Any

import numpy as np

from xmlrec.recommend.answers import Explanation
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.ranking import Scored
from xmlrec.recommend.scoring import MODEL, IntArray
from xmlrec.recommend.sessions import Sessions

N_NAMED = 5
"""Neighbours, and items of the session, that are named."""

ALWAYS = "for an item without events"
"""What the score of such an item has more or less than its features give."""


def explain_items(
    parts: Parts, sessions: Sessions, scored: Scored, row: int, items: IntArray
) -> list[Explanation]:
    """Return why each of ``items``, candidates of one session, has its score."""
    candidates = scored.candidates[row]
    places = [int(np.flatnonzero(candidates == item)[0]) for item in items]
    is_cold = parts.facts.counts[items] == 0
    terms = parts.weights.terms(scored.features[row, places], is_cold)
    session = sessions.take(np.array([row]))
    known = items < parts.neighbours.n_items
    reasons = iter(parts.neighbours.explain(session, items[known], n_neighbours=N_NAMED))
    found = []
    for place, item in enumerate(items.tolist()):
        named = named_terms(parts, item, terms[place])
        if is_cold[place]:
            named[ALWAYS] = parts.weights.cold_offset
        if parts.model is not None and scored.queries is not None:
            named |= model_terms(parts, item, scored.queries[row], named.pop(MODEL))
        reason = next(reasons) if known[place] else None
        found.append(
            Explanation(
                terms=named,
                because=() if reason is None else session_items(parts, reason),
                neighbours=()
                if reason is None
                else tuple((one.session_id, one.share) for one in reason.neighbours),
            )
        )
    return found


def named_terms(parts: Parts, item: int, terms: np.ndarray) -> dict[str, float]:
    """Return the terms of one item by feature; levels by the category that the item is in."""
    taxonomy, P = parts.items.taxonomy, parts.items.P
    start, stop = P.indptr[item], P.indptr[item + 1]
    path: tuple[str, ...] = ()
    if stop > start:
        end = int(P.indices[start + np.argmax(P.data[start:stop])])
        path = taxonomy.path(end)
    named = {}
    for name, term in zip(parts.facts.feature_names, terms.tolist(), strict=True):
        if name.startswith("level "):
            level = int(name.split()[1])
            if level <= len(path):
                named[f"category: {path[level - 1]}"] = term
            elif term:
                named[f"category: {name}"] = term
        else:
            named[name] = term
    return named
