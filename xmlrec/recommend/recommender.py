"""A recommender that is fitted, asked, measured, and given new items."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from label_trees.parallel import count_threads, thread_map
from xmlrec.errors import TrainingError
from xmlrec.recommend.answers import RecommendedItem, Recommendations
from xmlrec.recommend.explaining import explain_items
from xmlrec.recommend.fitting import fit_parts
from xmlrec.recommend.item_paths import ItemPaths
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.ranking import Scored, score_sessions
from xmlrec.recommend.request import Request, allowed_items
from xmlrec.recommend.reranking import Reranking, rerank
from xmlrec.recommend.scoring import BoolArray, FloatArray, IntArray, best_of
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.settings import RecommenderSettings

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier

logger = logging.getLogger(__name__)

SessionRows = Sessions | Sequence[Sequence[str]] | Mapping[str, Sequence[str]]

ROWS_PER_JOB = 128
RERANKED = 5
"""Times ``k``: candidates that re-ranking chooses from."""


class SessionRecommender:
    """Recommend the next item of a session.

    Parameters
    ----------
    preset : {"fast", "accurate"}
        See `RecommenderSettings`.
    leave_out : int
        The last events of each session that are not learned from.
    seed : int
    n_threads : int, optional
        All processors by default; answers are the same for any number.
    """

    def __init__(
        self,
        *,
        preset: str = "fast",
        leave_out: int = 0,
        seed: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.settings = RecommenderSettings(preset=preset, leave_out=leave_out, seed=seed)
        self.n_threads = n_threads
        self._parts: Parts | None = None
        self._paths: ItemPaths | None = None

    def fit(
        self, sessions: Sessions, items: ItemTable, *, folder: Path | None = None
    ) -> Self:
        """Learn from sessions whose items are columns of ``items``.

        Parameters
        ----------
        folder : Path, optional
            Where a session model (preset "accurate") in training is kept every few minutes, so
            that the same call goes on there after a kill.

        Raises
        ------
        TrainingError
            If there are not two events in any session to learn from.
        """
        learned = without_last(sessions, self.settings.leave_out)
        self._adopt(
            fit_parts(learned, items, self.settings, n_threads=self.n_threads, folder=folder)
        )
        return self

    @property
    def parts(self) -> Parts:
        """What fitting made; `TrainingError` without it."""
        if self._parts is None:
            raise TrainingError("the recommender is not fitted: call fit, or load one")
        return self._parts

    @property
    def items_(self) -> ItemTable:
        """The items that can be recommended."""
        return self.parts.items

    def recommend(
        self,
        sessions: SessionRows,
        k: int = 20,
        *,
        within: str | None = None,
        exclude: Sequence[str] = (),
        available: Iterable[str] | None = None,
        exclude_seen: bool | None = None,
        reranking: Reranking | None = None,
        explain: bool = False,
    ) -> list[Recommendations]:
        """Return ``k`` items for each session, the best first, or why there are fewer.

        Parameters
        ----------
        sessions : sequence or mapping of item id sequences, or Sessions
            They need not be known. Items that are not are passed over and counted; a session
            without any known one gets what is popular.
        within : str, optional
            A category, by path or id, that the items are to be in.
        exclude : sequence of str
            Items that are not to be recommended.
        available : iterable of str, optional
            Items that may be, instead of those that the catalog says are available.
        exclude_seen : bool, optional
            Whether a session's own items are left out; by default they are if sessions hardly
            ever came back to an item.
        reranking : Reranking, optional
            Lists of different categories, or of those of the session.
        explain : bool, default=False
            Whether each item says why it has its score.

        Raises
        ------
        OptionError
            If there is no such category, or a number is out of range.
        """
        request = Request(
            k=k,
            within=within,
            exclude=tuple(exclude),
            available=None if available is None else frozenset(available),
            exclude_seen=exclude_seen,
        )
        rows, unknown = self.known_sessions(sessions)
        allowed = allowed_items(self.parts, request)

        def answer(lo: int) -> list[Recommendations]:
            chosen = np.arange(lo, min(lo + ROWS_PER_JOB, len(rows)))
            return self._answer(
                rows.take(chosen), unknown[chosen], allowed, request, reranking, explain
            )

        starts = range(0, len(rows), ROWS_PER_JOB)
        found = thread_map(answer, starts, count_threads(self.n_threads))
        return [row for part in found for row in part]

    def known_sessions(self, sessions: SessionRows) -> tuple[Sessions, IntArray]:
        """Return sessions of known items, and how many items of each were not known."""
        if isinstance(sessions, Sessions):
            return sessions, np.zeros(len(sessions), dtype=np.int32)
        ids = tuple(map(str, sessions)) if isinstance(sessions, Mapping) else ()
        found = sessions.values() if isinstance(sessions, Mapping) else sessions
        rows = [self.items_.columns_of(row) for row in found]
        unknown = np.array([n for _, n in rows], dtype=np.int32)
        return Sessions.of([columns for columns, _ in rows], ids), unknown

    def _answer(
        self,
        sessions: Sessions,
        unknown: IntArray,
        allowed: BoolArray,
        request: Request,
        reranking: Reranking | None,
        explain: bool,
    ) -> list[Recommendations]:
        parts = self.parts
        evidence = parts.evidence(sessions, n_threads=1)
        leaves_out = parts.limits.leaves_seen_out
        if request.exclude_seen is not None:
            leaves_out = request.exclude_seen
        n_wanted = request.k * (1 if reranking is None else RERANKED)
        scored = score_sessions(
            parts,
            sessions,
            evidence,
            allowed=allowed,
            limits=replace(parts.limits, leaves_seen_out=leaves_out),
            n_least=n_wanted,
        )
        items, scores = best_of(scored.candidates, scored.scores, n_wanted)
        if reranking is not None:
            items, scores = self._rerank(sessions, items, scores, request.k, reranking)
        n_allowed = int(allowed.sum())
        return [
            Recommendations(
                session_id=sessions.ids[row],
                items=self._items(sessions, scored, row, items[row], scores[row], explain),
                n_unknown=int(unknown[row]),
                reason=why_fewer(items[row], n_allowed, request, leaves_out),
            )
            for row in range(len(sessions))
        ]

    def _rerank(
        self,
        sessions: Sessions,
        items: IntArray,
        scores: FloatArray,
        k: int,
        reranking: Reranking,
    ) -> tuple[IntArray, FloatArray]:
        paths = self.item_paths
        profiles = paths.profiles(sessions, reranking.level) if reranking.calibrate else None
        return rerank(
            items, scores, k, settings=reranking, paths=paths, profiles=profiles, n_threads=1
        )

    @property
    def item_paths(self) -> ItemPaths:
        """Where the items stand in the taxonomy."""
        if self._paths is None:
            items = self.items_
            self._paths = ItemPaths.of(
                items.P,
                primary_parents=items.taxonomy.primary_parents,
                depths=items.taxonomy.depths,
            )
        return self._paths

    def _items(
        self,
        sessions: Sessions,
        scored: Scored,
        row: int,
        items: IntArray,
        scores: FloatArray,
        explain: bool,
    ) -> tuple[RecommendedItem, ...]:
        kept = items[items >= 0]
        names, shown = self.items_.ids, scores.tolist()
        reasons = explain_items(self.parts, sessions, scored, row, kept) if explain else None
        return tuple(
            [
                RecommendedItem(
                    item_id=names[item],
                    score=shown[place],
                    explanation=None if reasons is None else reasons[place],
                )
                for place, item in enumerate(kept.tolist())
            ]
        )

    def _adopt(self, parts: Parts) -> None:
        self._parts, self._paths, self.settings = parts, None, parts.settings


def without_last(sessions: Sessions, n: int) -> Sessions:
    """Return sessions without their last ``n`` events."""
    from xmlrec.recommend.splits import leave_out

    return sessions if n == 0 else leave_out(sessions, n)[0]


def why_fewer(items: IntArray, n_allowed: int, request: Request, leaves_out: bool) -> str | None:
    """Return why a list is shorter than was asked for, None if it is not."""
    n = int((items >= 0).sum())
    if n == request.k:
        return None
    limits = [] if request.within is None else [f"within {request.within!r}"]
    limits += ["not excluded"] if request.exclude else []
    limits += ["not in the session"] if leaves_out else []
    return f"{n_allowed:,} items are available" + "".join(f", {limit}" for limit in limits)
