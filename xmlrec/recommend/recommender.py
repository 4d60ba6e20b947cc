"""A recommender that is fitted, asked, measured, and given new items."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from label_trees.parallel import count_threads, thread_map
from xmlrec.errors import TrainingError
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.model_dir import model_digest
from xmlrec.recommend.answering import Answering
from xmlrec.recommend.answers import Recommendations
from xmlrec.recommend.evaluating import evaluate_parts, known_only
from xmlrec.recommend.fitting import fit_parts
from xmlrec.recommend.item_paths import ItemPaths
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.neighbours import NeighbourSettings
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.request import Request
from xmlrec.recommend.reranking import Reranking
from xmlrec.recommend.saving import load_parts, save_parts
from xmlrec.recommend.scoring import IntArray
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.settings import RecommenderSettings
from xmlrec.recommend.splits import Protocol, leave_out

SessionRows = Sessions | Sequence[Sequence[str]] | Mapping[str, Sequence[str]]


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
        self._folder: Path | None = None
        self._digest: str | None = None

    def fit(
        self,
        sessions: Sessions,
        items: ItemTable,
        *,
        neighbours: NeighbourSettings | None = None,
        folder: Path | None = None,
    ) -> Self:
        """Learn from sessions whose items are columns of ``items``.

        Parameters
        ----------
        neighbours : NeighbourSettings, optional
            Those that an earlier fit to the same sessions found, ``parts.neighbours.settings``:
            they depend on neither paths nor texts. By default they are fitted.
        folder : Path, optional
            Where a session model (preset "accurate") in training is kept every few minutes, so
            that the same call goes on there after a kill.

        Raises
        ------
        TrainingError
            If there are not two events in any session to learn from.
        """
        learned = without_last(sessions, self.settings.leave_out)
        parts = fit_parts(
            learned,
            items,
            self.settings,
            neighbours=neighbours,
            n_threads=self.n_threads,
            folder=folder,
        )
        self._adopt(parts)
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
        exclude: Collection[str] = (),
        available: Collection[str] | None = None,
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
        exclude : collection of str
            Ids of items that are not to be recommended.
        available : collection of str, optional
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
        TypeError
            If a session, or what is excluded or available, is one text instead of several ids.
        """
        request = Request(
            k=k,
            within=within,
            exclude=exclude,
            available=available,
            exclude_seen=exclude_seen,
            reranking=reranking,
            explain=explain,
        )
        rows, unknown = self.known_sessions(sessions)
        answer = Answering(self.parts, request, self.item_paths if reranking else None)
        step = answer.rows_at_once

        def answer_some(lo: int) -> list[Recommendations]:
            chosen = np.arange(lo, min(lo + step, len(rows)))
            return answer(rows.take(chosen), unknown[chosen])

        starts = range(0, len(rows), step)
        found = thread_map(answer_some, starts, count_threads(self.n_threads))
        return [row for part in found for row in part]

    def known_sessions(self, sessions: SessionRows) -> tuple[Sessions, IntArray]:
        """Return sessions of known items, and how many items of each were not known."""
        if isinstance(sessions, Sessions):
            known = known_only(sessions, len(self.items_))
            return known, (sessions.lengths() - known.lengths()).astype(np.int32)
        ids = tuple(map(str, sessions)) if isinstance(sessions, Mapping) else ()
        found = list(sessions.values() if isinstance(sessions, Mapping) else sessions)
        if texts := [row for row in found if isinstance(row, str)]:
            raise TypeError(f"a session is a list of item ids, got one text, {texts[0]!r}")
        rows = [self.items_.columns_of(row) for row in found]
        unknown = np.array([n for _, n in rows], dtype=np.int32)
        return Sessions.of([columns for columns, _ in rows], ids), unknown

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

    def add_items(
        self,
        items: Sequence[Mapping[str, Any]],
        classifier: TaxonomyClassifier | None = None,
    ) -> Self:
        """Make new items recommendable by their texts and paths; nothing is fitted again.

        Parameters
        ----------
        items : sequence of mappings
            As for `ItemTable.from_items`.
        classifier : TaxonomyClassifier, optional
            Predicts the paths of items without any.

        Raises
        ------
        InputError
            If an item has no id, or one that another has.
        """
        return self.use_items(self.items_.extended(items, classifier))

    def use_items(self, items: ItemTable) -> Self:
        """Take a table that has more items after those of `items_`."""
        self._adopt(self.parts.with_items(items))
        return self

    def evaluate(
        self,
        sessions: Sessions,
        *,
        protocol: Protocol = "every-prefix",
        exclude_seen: bool | None = None,
        all_items: bool = False,
    ) -> dict[str, float]:
        """Return all figures on sessions: events after the first are predicted by those before.

        Parameters
        ----------
        sessions : Sessions
            Items beyond those of `items_` are unknown.
        protocol : {"every-prefix", "next", "last"}
            Which events are predicted: all, the second, or the last.
        exclude_seen : bool, optional
            See `recommend`.
        all_items : bool, default=False
            Whether every item is scored, instead of candidates.

        Raises
        ------
        InputError
            If no session has two events.
        """
        return evaluate_parts(
            self.parts,
            sessions,
            self.item_paths,
            protocol=protocol,
            exclude_seen=exclude_seen,
            all_items=all_items,
            n_threads=self.n_threads,
        )

    def save(self, folder: Path | str) -> None:
        """Write a model directory, whole or not at all, in the place of the one it came from.

        Raises
        ------
        ModelError
            If it cannot be written, or the model there has changed since it was opened.
        """
        folder = Path(folder)
        replaces = self._digest if folder.resolve() == self._folder else None
        save_parts(self.parts, folder, replaces=replaces)
        self._folder, self._digest = folder.resolve(), model_digest(folder)

    @classmethod
    def load(cls, folder: Path | str, *, n_threads: int | None = None, verify: bool = True) -> Self:
        """Open what `save` wrote.

        Parameters
        ----------
        verify : bool, default=True
            Whether the digest of every file is checked, not only its size.

        Raises
        ------
        ModelError
            If there is no recommender, it is damaged, or of another format.
        """
        folder = Path(folder)
        recommender = cls(n_threads=n_threads)
        recommender._adopt(load_parts(folder, verify=verify))
        recommender._folder, recommender._digest = folder.resolve(), model_digest(folder)
        return recommender

    def _adopt(self, parts: Parts) -> None:
        self._parts, self._paths, self.settings = parts, None, parts.settings


def without_last(sessions: Sessions, n: int) -> Sessions:
    """Return sessions without their last ``n`` events."""
    return sessions if n == 0 else leave_out(sessions, n)[0]
