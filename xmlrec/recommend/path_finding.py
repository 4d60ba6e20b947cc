"""Category paths of items: given ones resolved, missing ones predicted by a classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from xmlrec.models.training import label_items
from xmlrec.taxonomy import Refusal, Taxonomy, extend_with_paths

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

MAX_PATHS = 5
"""How many categories an item is predicted to be in, at most."""

MIN_PROBABILITY = 0.02
"""The least probability of one."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FoundPaths:
    """Where items end in a taxonomy.

    Attributes
    ----------
    taxonomy : Taxonomy
        The one given, and after it the categories that were added.
    P : csr_array of float32, shape (n_items, len(taxonomy))
        P(the item ends in the category): 1 for each path that is given.
    is_predicted : bool array, shape (n_items,)
        Whether the paths of an item are a classifier's.
    added : tuple of str
        The path texts of the added categories, in column order.
    refused : list of (int, str, Refusal)
        Position of the item, path text, and why the path was left out.
    """

    taxonomy: Taxonomy
    P: sp.csr_array
    is_predicted: BoolArray
    added: tuple[str, ...]
    refused: list[tuple[int, str, Refusal]]


def find_paths(
    items: Sequence[Mapping[str, Any]],
    taxonomy: Taxonomy | None,
    classifier: "TaxonomyClassifier | None" = None,
) -> FoundPaths:
    """Return where items end by their ``paths``; those without one that can be used, predicted.

    Parameters
    ----------
    taxonomy : Taxonomy or None
        What it lacks is added. None makes one of the paths.
    classifier : TaxonomyClassifier, optional
        Without one nothing is predicted.
    """
    labelled = label_items(items, taxonomy)
    taxonomy, P, added = labelled.taxonomy, labelled.Y, labelled.added
    is_predicted = np.zeros(len(items), dtype=np.bool_)
    without = np.flatnonzero(np.diff(P.indptr) == 0)
    if classifier is not None and without.size:
        asked = [items[row] for row in without.tolist()]
        predicted = predicted_paths(asked, classifier)
        taxonomy, predicted, more = carried_over(predicted, classifier.taxonomy_, taxonomy)
        added += more
        is_predicted[without] = np.diff(predicted.indptr) > 0
        rows = sp.csr_array(
            (np.ones(without.size, dtype=np.float32), (without, np.arange(without.size))),
            shape=(len(items), without.size),
        )
        P = widened(P, len(taxonomy)) + rows @ predicted
    return FoundPaths(
        taxonomy=taxonomy,
        P=sp.csr_array(P),
        is_predicted=is_predicted,
        added=added,
        refused=labelled.refused,
    )


def predicted_paths(
    items: Sequence[Mapping[str, Any]], classifier: "TaxonomyClassifier"
) -> sp.csr_array:
    """Return P(the item ends in the category), float32 (n_items, len(classifier.taxonomy_)).

    Each item has its `MAX_PATHS` likeliest categories, of `MIN_PROBABILITY` at least; none if it
    has no known word, or if most likely no category fits.
    """
    labels, P = classifier.probabilities(items, MAX_PATHS)
    rows, places = np.nonzero((labels >= 0) & (P >= MIN_PROBABILITY))
    return sp.csr_array(
        (P[rows, places], (rows, labels[rows, places])),
        shape=(len(items), len(classifier.taxonomy_)),
    )


def carried_over(
    P: sp.csr_array, source: Taxonomy, target: Taxonomy
) -> tuple[Taxonomy, sp.csr_array, tuple[str, ...]]:
    """Return ``target``, ``P`` with its columns instead of those of ``source``, and what was added.

    Categories are the same if the ids of ``source`` are the first of ``target``; else they are
    found by their paths, and added where ``target`` lacks them. One whose path fits several
    categories of ``target`` is left out.
    """
    if target.ids[: len(source)] == source.ids:
        return target, widened(P, len(target)), ()
    used = np.unique(P.indices)
    resolved = extend_with_paths(target, [source.path(column) for column in used.tolist()])
    is_found = resolved.columns >= 0
    ones = np.ones(int(is_found.sum()), dtype=np.float32)
    places = sp.csr_array(
        (ones, (used[is_found], resolved.columns[is_found])),
        shape=(len(source), len(resolved.taxonomy)),
    )
    return resolved.taxonomy, sp.csr_array(P @ places), resolved.added


def widened(P: sp.csr_array, n_columns: int) -> sp.csr_array:
    """Return ``P`` with empty columns after its own, ``n_columns`` in all."""
    return sp.csr_array((P.data, P.indices, P.indptr), shape=(P.shape[0], n_columns))
