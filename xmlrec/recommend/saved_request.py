"""What is asked of a saved recommender, for whoever opens it elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from xmlrec.errors import ModelError
from xmlrec.models.model_dir import model_digest
from xmlrec.recommend.recommender import SessionRecommender
from xmlrec.recommend.reranking import Reranking

N_DIGITS = 12
"""Of a digest in a name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRequest:
    """A request that can be sent to other processes; see `SessionRecommender.recommend`.

    Attributes
    ----------
    folder : Path
        The model's.
    model_name : str
        The preset and digest of the model that it has to hold.
    """

    folder: Path
    model_name: str
    k: int = 20
    within: str | None = None
    exclude: tuple[str, ...] = ()
    exclude_seen: bool | None = None
    reranking: Reranking | None = None

    @classmethod
    def of(cls, folder: Path, recommender: SessionRecommender, **choices: Any) -> Self:
        """Return what is asked of the recommender that was opened from ``folder``.

        Raises
        ------
        OptionError
            If one of the choices is not for this recommender, such as an unknown category.
        """
        request = cls(folder=folder, model_name=name_of(folder, recommender), **choices)
        recommender.recommend([[]], **request.choices())
        return request

    def choices(self) -> dict[str, Any]:
        """Return what `SessionRecommender.recommend` is told."""
        return {
            "k": self.k,
            "within": self.within,
            "exclude": self.exclude,
            "exclude_seen": self.exclude_seen,
            "reranking": self.reranking,
        }

    def open(
        self, n_threads: int
    ) -> Callable[[Mapping[str, Sequence[str]]], Sequence[Mapping[str, Any]]]:
        """Open the recommender, and return what answers sessions as JSON can hold it.

        Raises
        ------
        ModelError
            If the folder holds another model by now.
        """
        recommender = SessionRecommender.load(self.folder, n_threads=n_threads, verify=False)
        found = name_of(self.folder, recommender)
        if found != self.model_name:
            problem = f"it is {found} now, and was {self.model_name}"
            raise ModelError(str(self.folder), problem, "start the run over with --restart")

        def answer(sessions: Mapping[str, Sequence[str]]) -> Sequence[Mapping[str, Any]]:
            return [row.to_json() for row in recommender.recommend(sessions, **self.choices())]

        return answer


def name_of(folder: Path, recommender: SessionRecommender) -> str:
    """Return the preset and digest of the recommender that is saved in ``folder``."""
    return f"{recommender.settings.preset}@sha256:{model_digest(folder)[:N_DIGITS]}"
