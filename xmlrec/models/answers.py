"""From probabilities to result rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from xmlrec.catalog import ResultPath, ResultRow, result_path, result_row
from xmlrec.catalog.results import Reason, Status
from xmlrec.models.confidence import Confident
from xmlrec.models.training import has_words
from xmlrec.probabilities import Decisions
from xmlrec.taxonomy import Taxonomy

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

DECIMALS = 4
"""Of probabilities in a result row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What is known of some items, one entry each.

    Attributes
    ----------
    taxonomy : Taxonomy
    confident : Confident
    of_nodes : float32 array, shape (n_items, N_BEST, max_depth)
        See `Confidence.of_nodes`.
    decisions : Decisions
    is_excluded : bool array, shape (n_items,)
        Whether the best category was excluded.
    only_sure : bool
        Whether a sure answer was wanted.
    """

    taxonomy: Taxonomy
    confident: Confident
    of_nodes: FloatArray
    decisions: Decisions
    is_excluded: BoolArray
    only_sure: bool

    def rows(
        self,
        items: Sequence[str | Mapping[str, Any]],
        texts: Sequence[Mapping[str, Any]],
        k: int,
        *,
        taxonomy: str,
        model: str,
    ) -> list[ResultRow]:
        """Return the result rows of the items: at most ``k`` paths, alternatives included."""
        return [
            result_row(
                item_id(item, position),
                paths,
                alternatives[: max(k - len(paths), 0)],
                status=status,
                reason=reason,
                taxonomy=taxonomy,
                model=model,
            )
            for position, (item, (paths, alternatives), (status, reason)) in enumerate(
                zip(items, self._paths(k), self._outcomes(texts), strict=True)
            )
        ]

    def _paths(self, k: int) -> Iterator[tuple[list[ResultPath], list[ResultPath]]]:
        """Yield the paths that hold, and the next best ones, of one item after the other."""
        n_paths, nodes = self.decisions.n_paths, self.decisions.nodes
        n_shown = max(k, int(n_paths.max(initial=0)))
        labels, scores, P = (part[:, :n_shown].tolist() for part in self._rounded())
        of_nodes = np.round(self.of_nodes[:, :n_shown].astype(np.float64), DECIMALS).tolist()
        for i, (n_held, node) in enumerate(zip(n_paths.tolist(), nodes.tolist(), strict=True)):
            found = [
                self._path(*of_path)
                for of_path in islice(
                    zip(labels[i], scores[i], P[i], of_nodes[i], strict=True), max(k, n_held)
                )
                if of_path[0] >= 0
            ]
            if node >= 0:
                others = [path for path in found if path["category_id"] != self.taxonomy.ids[node]]
                yield [self._above(node, i)], others
            else:
                yield found[:n_held], found[n_held:]

    def _rounded(self) -> tuple[np.ndarray[Any, Any], ...]:
        P = np.round(self.confident.P.astype(np.float64), DECIMALS)
        return self.confident.labels, self.confident.scores, P

    def _path(self, column: int, score: float, p: float, of_nodes: Sequence[float]) -> ResultPath:
        path = self.taxonomy.path(column)
        return result_path(self.taxonomy.ids[column], path, score, p, of_nodes[: len(path)])

    def _above(self, node: int, i: int) -> ResultPath:
        """Return a category above labels; its score is that of the best label below it."""
        labels, depth = self.confident.labels[i], int(self.taxonomy.depths[node])
        below = [
            place
            for place, label in enumerate(labels[labels >= 0].tolist())
            if label != node and node in self.taxonomy.path_columns(label)
        ]
        of_nodes = np.round(self.of_nodes[i, below[0]].astype(np.float64), DECIMALS).tolist()
        p = round(float(self.decisions.P_nodes[i]), DECIMALS)
        return self._path(node, float(self.confident.scores[i, below[0]]), p, of_nodes[:depth])

    def _outcomes(
        self, texts: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[Status, Reason | None]]:
        decisions = self.decisions
        has_answer = (decisions.n_paths > 0) | (decisions.nodes >= 0)
        for i, text in enumerate(texts):
            if has_answer[i] and decisions.is_sure[i]:
                yield "ok", None
            elif self.confident.labels[i, 0] < 0:
                yield "abstain", self._why_nothing(i, text)
            elif decisions.fits_none[i]:
                yield "abstain", "no_category_fits"
            elif self.is_excluded[i]:
                yield "abstain" if self.only_sure else "review", "excluded"
            else:
                status: Status = "abstain" if self.only_sure else "review"
                yield (
                    status,
                    "ambiguous_siblings" if decisions.is_ambiguous[i] else "low_confidence",
                )

    def _why_nothing(self, i: int, text: Mapping[str, Any]) -> Reason:
        if not has_words(text):
            return "empty_text"
        return "excluded" if self.is_excluded[i] else "no_known_words"


def item_id(item: str | Mapping[str, Any], position: int) -> str:
    """Return an item's id, or its position from 1 where it has none."""
    given = None if isinstance(item, str) else item.get("id")
    return str(position + 1 if given is None else given)
