"""Whether a model agrees with the categories that items have already.

A given category is suspicious as far as it falls behind the model's best one:

    suspicion = 1 - (P(given | item) + LEAST) / (P(best | item) + LEAST), at least 0,

where P(given | item) is that of the category as a node of the tree: what the candidates at or below
it come to. The ratio to the best category is the normalized margin of confident learning
(Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR
70, 2021) in logarithms: where the model is unsure itself, a low probability says little. `LEAST`
keeps apart what is no candidate: that falls back the further, the surer the model is of another.
Of several given categories the least likely one counts; where a model gives an item one path, so
that they exclude each other, the likeliest.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xmlrec.catalog.audit_rows import AuditRow, GivenPath, Verdict, given_path
from xmlrec.catalog.results import SCHEMA, ResultRow
from xmlrec.models.answers import Answers
from xmlrec.models.lines import DECIMALS
from xmlrec.models.scope import Scope
from xmlrec.models.training import Path, text_items
from xmlrec.probabilities import LabelFrame
from xmlrec.taxonomy.resolve import PathResolver

if TYPE_CHECKING:
    from xmlrec.models.item_classifier import ItemClassifier

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

LEAST = 0.001
"""What a category has at least; chosen on training rows of `mwpd` with random categories."""

_MAX_PATHS = 1 << 16
"""Distinct paths that are kept in mind."""


class Audit(NamedTuple):
    """What is said about items, one entry each.

    Attributes
    ----------
    rows : list of AuditRow
    suspicion : float64 array, shape (n_items,)
        That of the rows before it is rounded; NaN where nothing can be said.
    best : int32 array, shape (n_items,)
        The model's best category, -1 for none.
    confidence : float32 array, shape (n_items,)
        P(best category | item), 0 for none.
    """

    rows: list[AuditRow]
    suspicion: FloatArray
    best: IntArray
    confidence: np.ndarray[Any, np.dtype[np.float32]]


class Given(NamedTuple):
    """A category that a catalog gives.

    Attributes
    ----------
    column : int
        -1 if the taxonomy does not have it.
    judged : int
        The deepest category on its path that the model can answer, or that is above one; -1 if
        there is none.
    """

    column: int
    judged: int


class Auditor:
    """Compares the categories of items with those that a model finds.

    Parameters
    ----------
    classifier : TaxonomyClassifier
        A trained one; the version in use now judges.
    min_precision, max_paths
        See `TaxonomyClassifier.classify`.
    """

    def __init__(
        self,
        classifier: "ItemClassifier",
        *,
        min_precision: float | None = None,
        max_paths: int | None = None,
    ) -> None:
        self._view, self._fields = classifier.view, classifier.settings.text
        self._n_threads, self._max_paths = classifier.n_threads, max_paths
        self._only_sure = min_precision is not None
        _, self._precision = classifier.check(min_precision=min_precision)
        taxonomy = self._view.taxonomy
        self._resolver = PathResolver(taxonomy)
        self._above = taxonomy.ancestor_matrix()
        self._can_judge = self._above.T @ self._view.is_findable > 0
        self._find = lru_cache(_MAX_PATHS)(self._resolved)

    def __call__(
        self, items: Sequence[str | Mapping[str, Any]], paths: Sequence[Sequence[Path]]
    ) -> Audit:
        """Return what the model says of ``items`` and their category ``paths``."""
        view = self._view
        texts = text_items(items, self._fields)
        answers = view.decide(
            texts,
            Scope(None, None),
            self._precision,
            only_sure=self._only_sure,
            max_paths=self._max_paths,
            n_threads=self._n_threads,
        )
        names = {"taxonomy": view.taxonomy_name, "model": view.model_name}
        results = answers.rows(items, texts, 1, **names)
        given = [[self._find(path) for path in of_item] for of_item in paths]
        chances = given_chances(answers, view.confidence.frame, given)
        is_single = view.confidence.calibration.calibrator.is_single
        suspicion = suspicions(answers, chances, is_single=is_single)
        best = best_columns(answers)
        rows = [
            self._row(result, *facts)
            for result, *facts in zip(results, paths, given, chances, suspicion, best, strict=True)
        ]
        confident = answers.confident
        return Audit(rows, suspicion, confident.labels[:, 0], confident.P[:, 0])

    def _resolved(self, path: Path) -> Given:
        """Return what a path means; a catalog has the same ones again and again."""
        found, taxonomy = self._resolver.resolve(path), self._view.taxonomy
        if found.column < 0 or not taxonomy.is_active[found.column]:
            return Given(-1, -1)
        on_path = reversed(taxonomy.path_columns(found.column))
        judged = next((column for column in on_path if self._can_judge[column]), -1)
        return Given(found.column if found.n_resolved == len(path) else -1, judged)

    def _row(
        self,
        result: ResultRow,
        paths: Sequence[Path],
        given: Sequence[Given],
        chances: Sequence[float],
        suspicion: float,
        best: int,
    ) -> AuditRow:
        return {
            "id": result["id"],
            "verdict": self._verdict(given, best),
            "suspicion": None if np.isnan(suspicion) else round(float(suspicion), DECIMALS),
            "given": [self._given(*of_path) for of_path in zip(paths, given, chances, strict=True)],
            "suggested": result["paths"][0] if result["paths"] else None,
            "status": result["status"],
            "reason": result["reason"],
            "taxonomy": result["taxonomy"],
            "model": result["model"],
            "schema": SCHEMA,
        }

    def _given(self, path: Path, given: Given, chance: float) -> GivenPath:
        confidence = None if np.isnan(chance) else round(chance, DECIMALS)
        if given.column < 0:
            return given_path(None, path, confidence)
        taxonomy = self._view.taxonomy
        return given_path(taxonomy.ids[given.column], taxonomy.path(given.column), confidence)

    def _verdict(self, given: Sequence[Given], best: int) -> Verdict:
        columns = [one.column for one in given if one.column >= 0]
        if not columns:
            return "unknown_category" if given else "no_category"
        if best < 0:
            return "abstain"
        if best in columns:
            return "agree"
        if any(self._is_above(column, best) for column in columns):
            return "finer"
        if any(self._is_above(best, column) for column in columns):
            return "coarser"
        is_known = any(self._can_judge[column] for column in columns)
        return "disagree" if is_known else "unknown_category"

    def _is_above(self, one: int, other: int) -> bool:
        above = self._above
        return one in above.indices[above.indptr[other] : above.indptr[other + 1]]


def given_chances(
    answers: Answers, frame: LabelFrame, given: Sequence[Sequence[Given]]
) -> list[list[float]]:
    """Return P(category | item) of what each item is given, NaN where it cannot be judged.

    0 where no candidate is at or below it.
    """
    sizes = [len(of_item) for of_item in given]
    nodes = np.array([one.judged for of_item in given for one in of_item], dtype=np.int32)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    at = np.maximum(frame.depths[nodes] - 1, 0)
    labels = answers.confident.labels[rows]
    is_below = (labels >= 0) & (frame.paths[labels, at[:, np.newaxis]] == nodes[:, np.newaxis])
    of_nodes = answers.of_nodes[rows[:, np.newaxis], np.arange(labels.shape[1]), at[:, np.newaxis]]
    P = np.where(is_below, of_nodes, 0.0).max(axis=1, initial=0.0)
    P[(nodes < 0) | (labels[:, 0] < 0)] = np.nan
    parts = np.split(P.astype(np.float64), np.cumsum(sizes)[:-1]) if sizes else []
    return [part.tolist() for part in parts]


def suspicions(
    answers: Answers, chances: Sequence[Sequence[float]], *, is_single: bool
) -> FloatArray:
    """Return how suspicious the categories of each item are, see the module."""
    pick = max if is_single else min
    known = [[chance for chance in of_item if not np.isnan(chance)] for of_item in chances]
    given = np.array([pick(of_item, default=np.nan) for of_item in known], dtype=np.float64)
    best = answers.confident.P[:, 0].astype(np.float64)
    suspicion: FloatArray = np.maximum(1.0 - (given + LEAST) / (best + LEAST), 0.0)
    return suspicion


def best_columns(answers: Answers) -> list[int]:
    """Return the category that each item is answered with first, -1 for none."""
    decisions = answers.decisions
    first = np.where(decisions.n_paths > 0, answers.confident.labels[:, 0], -1)
    best: list[int] = np.where(decisions.nodes >= 0, decisions.nodes, first).tolist()
    return best
