"""Which category of a taxonomy is which one of its next release."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from xmlrec.taxonomy.node import fold, path_id, short_id
from xmlrec.taxonomy.taxonomy import Taxonomy

_TOP = -1  # stands for the parent of roots
_NONE = -2  # stands for what has no counterpart

Targets = dict[int, tuple[int, ...]]


def match_categories(
    old: Taxonomy, new: Taxonomy, targets: Mapping[int, tuple[int, ...]]
) -> tuple[list[int], Targets]:
    """Return the columns of ``old`` that are the categories of ``new``, and who follows whom.

    Where ids say something, a category is the same if its id is. What is below the same parent, or
    its successor, under the same name with an id of its own, follows the older one. Where ids say
    nothing, both are the same category: where ``new`` has none but those made from paths, where
    most ids that are in both belong to other names and other parents, and for an id that ``old``
    has for something else.

    Parameters
    ----------
    targets : mapping of int to tuple of int
        Which columns of ``new`` are known to follow one of ``old``.

    Returns
    -------
    matched : list of int
        -1 for a category that is new.
    targets : dict of int to tuple of int
        The ones given and those found.
    """
    matched = [-1] * len(new)
    for n, o in _pairs_by_id(old, new).items():
        matched[n] = o
    has_ids = max(matched, default=-1) >= 0
    followed = dict[int, tuple[int, ...]]()
    for n, o in enumerate(_counterparts(old, new, matched, targets)):
        if o >= 0 and matched[n] < 0 and has_ids and new.ids[n] not in old:
            followed[o] = (n,)
        elif o >= 0:
            matched[n] = o
    return matched, {**followed, **targets}


def _pairs_by_id(old: Taxonomy, new: Taxonomy) -> dict[int, int]:
    """Return ``new column: old column`` where an id is the same but for Shopify's prefix.

    There are none if ids say nothing. What is no more needs to have its name too.
    """
    other_ids, ids = dict[str, int](), dict[str, int]()
    for column, node in enumerate(old):
        ids.setdefault(short_id(node.id), column)
        for other_id in node.other_ids:
            other_ids.setdefault(short_id(other_id), column)
    active = np.flatnonzero(new.is_active).tolist()
    pairs, used = dict[int, int](), set[int]()
    for columns in (other_ids, ids):
        for n in active:
            o = columns.get(short_id(new.ids[n]), -1)
            if o >= 0 and n not in pairs and o not in used:
                pairs[n] = o
                used.add(o)
    agreeing = {n for n, o in pairs.items() if _agree(old, o, new, n, pairs)}
    if 2 * len(agreeing) < len(pairs) or all(is_made(new, n) for n in active):
        return {}
    return {n: o for n, o in pairs.items() if old.is_active[o] or n in agreeing}


def _agree(old: Taxonomy, o: int, new: Taxonomy, n: int, pairs: Mapping[int, int]) -> bool:
    """Say whether two categories with one id have the same name or the same parent."""
    if fold(old.names[o]) == fold(new.names[n]):
        return True
    parent = int(new.primary_parents[n])
    return parent >= 0 and pairs.get(parent, _NONE) == int(old.primary_parents[o])


def is_made(taxonomy: Taxonomy, column: int) -> bool:
    """Say whether an id was made from the path."""
    return taxonomy.ids[column] == path_id(taxonomy.path_text(column), ())


def _counterparts(
    old: Taxonomy, new: Taxonomy, matched: list[int], targets: Mapping[int, tuple[int, ...]]
) -> list[int]:
    """Return ``matched`` with more: what alone is followed, and names below the same parent."""
    counterparts = list(matched)
    n_sources = Counter(into[0] for into in targets.values() if len(into) == 1)
    used = {*matched, *targets}
    for o, into in targets.items():
        if len(into) == 1 and n_sources[into[0]] == 1 and counterparts[into[0]] < 0:
            counterparts[into[0]] = o
    places: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for column in np.flatnonzero(old.is_active).tolist():
        if column not in used:
            places[int(old.primary_parents[column]), fold(old.names[column])].append(column)
    for column in np.argsort(new.depths, kind="stable").tolist():
        if counterparts[column] >= 0 or not new.is_active[column]:
            continue
        parent = int(new.primary_parents[column])
        place = _TOP if parent < 0 else counterparts[parent] if counterparts[parent] >= 0 else _NONE
        found = places.pop((place, fold(new.names[column])), [])
        if len(found) == 1:
            counterparts[column] = found[0]
    return counterparts
