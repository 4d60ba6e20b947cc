"""From sessions to lists of items, with scores and reasons."""

from dataclasses import replace

import numpy as np

from xmlrec.recommend.answers import Explanation, Recommendations, RecommendedItem
from xmlrec.recommend.explaining import explain_items
from xmlrec.recommend.item_paths import ItemPaths
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.ranking import Scored, rows_at_once, score_sessions
from xmlrec.recommend.request import Request, allowed_items
from xmlrec.recommend.reranking import rerank
from xmlrec.recommend.scoring import BoolArray, FloatArray, IntArray, best_of
from xmlrec.recommend.sessions import Sessions

RERANKED = 5
"""Times ``k``: candidates that re-ranking chooses from."""


MAX_SCORED = 20_000
"""If a request asks for the items of a category, or for some items, and they are not more than
these, all of them are scored."""


class Answering:
    """One request, to be answered for any sessions.

    Parameters
    ----------
    parts : Parts
    request : Request
    paths : ItemPaths, optional
        Needed to re-rank.

    Raises
    ------
    OptionError
        If there is no category of the name that the request is within.
    """

    def __init__(self, parts: Parts, request: Request, paths: ItemPaths | None) -> None:
        self._parts, self._request, self._paths = parts, request, paths
        self._allowed = allowed_items(parts, request)
        leaves_out = request.exclude_seen
        if leaves_out is None:
            leaves_out = parts.limits.leaves_seen_out
        self._limits = replace(parts.limits, leaves_seen_out=leaves_out)
        self._among: BoolArray | None = None
        n_allowed = int(self._allowed.sum())
        if request.narrows and n_allowed <= MAX_SCORED:
            self._among = self._allowed
            self._limits = replace(self._limits, budget=n_allowed, mass=1.0)

    @property
    def rows_at_once(self) -> int:
        """How many sessions to answer in one call, for the room that they take."""
        return rows_at_once(self._parts, self._limits, self._request.k)

    def __call__(self, sessions: Sessions, unknown: IntArray) -> list[Recommendations]:
        """Return the answer to each session.

        Parameters
        ----------
        unknown : int32 array, shape (n_sessions,)
            Items of each that were passed over.
        """
        request = self._request
        n_wanted = request.k * (1 if request.reranking is None else RERANKED)
        scored = score_sessions(
            self._parts,
            sessions,
            self._parts.evidence(sessions, among=self._among, n_threads=1),
            allowed=self._allowed,
            limits=self._limits,
            n_least=n_wanted if self._among is None else self._limits.budget,
        )
        lists = best_of(scored.candidates, scored.scores, n_wanted)
        if request.reranking is not None:
            lists = self._reranked(sessions, *lists)
        return [
            Recommendations(
                session_id=sessions.ids[row],
                items=self._items(sessions, scored, row, lists[0][row], lists[1][row]),
                n_unknown=int(unknown[row]),
                reason=self._why_fewer(sessions, row, lists[0][row]),
            )
            for row in range(len(sessions))
        ]

    def _reranked(
        self, sessions: Sessions, items: IntArray, scores: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        settings, paths = self._request.reranking, self._paths
        assert settings is not None
        assert paths is not None
        profiles = paths.profiles(sessions, settings.level) if settings.calibrate else None
        return rerank(
            items,
            scores,
            self._request.k,
            settings=settings,
            paths=paths,
            profiles=profiles,
            n_threads=1,
        )

    def _items(
        self, sessions: Sessions, scored: Scored, row: int, items: IntArray, scores: FloatArray
    ) -> tuple[RecommendedItem, ...]:
        kept, ids = items[items >= 0], self._parts.items.ids
        reasons: list[Explanation] | list[None] = [None] * len(kept)
        if self._request.explain:
            session = sessions.take(np.array([row]))
            reasons = explain_items(self._parts, session, scored, row, kept)
        return tuple(
            [
                RecommendedItem(item_id=ids[item], score=score, explanation=reason)
                for item, score, reason in zip(
                    kept.tolist(), scores.tolist(), reasons, strict=False
                )
            ]
        )

    def _why_fewer(self, sessions: Sessions, row: int, items: IntArray) -> str | None:
        """Return why a list is shorter than was asked for, None if it is not."""
        n, request = int((items >= 0).sum()), self._request
        if n == request.k:
            return None
        allowed = self._allowed
        n_allowed = int(allowed.sum())
        if self._limits.leaves_seen_out:
            n_allowed -= int(allowed[np.unique(sessions.row(row))].sum())
        limits = ["available"]
        limits += [] if request.within is None else [f"within {request.within!r}"]
        limits += ["not excluded"] if request.exclude else []
        limits += ["not in the session"] if self._limits.leaves_seen_out else []
        few = "" if n == n_allowed else f"; of them {n:,} fit the re-ranking"
        what = "item is" if n_allowed == 1 else "items are"
        return f"{n_allowed:,} {what} {', '.join(limits)}{few}"
