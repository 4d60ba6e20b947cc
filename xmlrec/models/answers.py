"""From probabilities to result rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from xmlrec.catalog import ResultRow, result_row
from xmlrec.catalog.results import Reason, Status
from xmlrec.models.confidence import Confident
from xmlrec.models.lines import Lines, Made, PathMaker, PathRows, PathTexts, line, line_end
from xmlrec.models.training import has_words
from xmlrec.probabilities import Decisions
from xmlrec.taxonomy import Taxonomy

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]


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
        found = zip(
            items, self._paths(k, PathRows(self.taxonomy)), self._outcomes(texts), strict=True
        )
        return [
            result_row(
                item_id(item, position),
                paths,
                alternatives,
                status=status,
                reason=reason,
                taxonomy=taxonomy,
                model=model,
            )
            for position, (item, (paths, alternatives), (status, reason)) in enumerate(found)
        ]

    def lines(
        self,
        items: Sequence[str | Mapping[str, Any]],
        texts: Sequence[Mapping[str, Any]],
        k: int,
        *,
        path_texts: PathTexts,
        taxonomy: str,
        model: str,
    ) -> Lines:
        """Return what `rows` returns as JSON, without making the rows."""
        outcomes, end = list(self._outcomes(texts)), line_end(taxonomy, model)
        found = zip(items, self._paths(k, path_texts), outcomes, strict=True)
        lines = [
            line(item_id(item, position), outcome, paths, alternatives, end)
            for position, (item, (paths, alternatives), outcome) in enumerate(found)
        ]
        statuses = [status for status, _ in outcomes]
        return Lines(lines, statuses, self.confident.labels[:, 0], self.confident.P[:, 0])

    def _paths(self, k: int, maker: PathMaker[Made]) -> Iterator[tuple[list[Made], list[Made]]]:
        """Yield the paths that hold, and the next best ones, of one item after the other."""
        n_paths, nodes = self.decisions.n_paths, self.decisions.nodes
        n_shown = max(k, int(n_paths.max(initial=0)))
        confident, of_nodes = self.confident, maker.shown(self.of_nodes[:, :n_shown])
        labels = confident.labels[:, :n_shown].tolist()
        scores = confident.scores[:, :n_shown].tolist()
        P = maker.shown(confident.P[:, :n_shown])
        of_items = zip(n_paths.tolist(), nodes.tolist(), labels, scores, P, of_nodes, strict=True)
        for i, (n_held, node, *of_item) in enumerate(of_items):
            found = [
                maker.path(*of_place)
                for of_place in islice(zip(*of_item, strict=True), max(k, n_held))
                if of_place[0] >= 0 and of_place[0] != node
            ]
            if node >= 0:
                n_held, found = 1, [self._above(node, i, maker), *found]
            yield found[:n_held], found[n_held : max(k, n_held)]

    def _above(self, node: int, i: int, maker: PathMaker[Made]) -> Made:
        """Return a category above labels; its score is that of the best label below it."""
        labels = self.confident.labels[i]
        below = [
            place
            for place, label in enumerate(labels[labels >= 0].tolist())
            if label != node and node in self.taxonomy.path_columns(label)
        ]
        of_nodes = maker.shown(self.of_nodes[i, below[0]])
        p = maker.shown(self.decisions.P_nodes[i : i + 1])[0]
        return maker.path(node, float(self.confident.scores[i, below[0]]), p, of_nodes)

    def _outcomes(
        self, texts: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[Status, Reason | None]]:
        decisions = self.decisions
        is_sure = decisions.is_sure & ((decisions.n_paths > 0) | (decisions.nodes >= 0))
        has_none = self.confident.labels[:, 0] < 0
        doubt: Status = "abstain" if self.only_sure else "review"
        facts = (is_sure, has_none, decisions.fits_none, self.is_excluded, decisions.is_ambiguous)
        of_items = zip(*(fact.tolist() for fact in facts), strict=True)
        for i, (sure, none, fits_none, excluded, ambiguous) in enumerate(of_items):
            if sure:
                yield "ok", None
            elif none:
                yield "abstain", self._why_nothing(i, texts[i])
            elif fits_none:
                yield "abstain", "no_category_fits"
            elif excluded:
                yield doubt, "excluded"
            else:
                yield doubt, "ambiguous_siblings" if ambiguous else "low_confidence"

    def _why_nothing(self, i: int, text: Mapping[str, Any]) -> Reason:
        if not has_words(text):
            return "empty_text"
        return "excluded" if self.is_excluded[i] else "no_known_words"


def item_id(item: str | Mapping[str, Any], position: int) -> str:
    """Return an item's id, or its position from 1 where it has none."""
    given = None if isinstance(item, str) else item.get("id")
    return str(position + 1 if given is None else given)
