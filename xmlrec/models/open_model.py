"""A trained model, and the version of its categories that is in use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xmlrec.errors import TrainingError
from xmlrec.models.changing import ModelParts, open_view
from xmlrec.models.ranker import TextRanker
from xmlrec.models.settings import RankerSettings
from xmlrec.models.view import View
from xmlrec.taxonomy import Refusal, Taxonomy

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]


class OpenModel:
    """What `TaxonomyClassifier` is made of: its settings, its parts, and the view that answers."""

    def __init__(
        self,
        *,
        preset: str = "balanced",
        tree: str = "learned",
        text: Sequence[str] = ("title", "description"),
        seed: int = 0,
        encoder: str | None = None,
        teacher: str | Path | None = None,
        paths: str | None = None,
        n_threads: int | None = None,
    ) -> None:
        if isinstance(text, str):
            raise ValueError(f"text is a sequence of fields, got {text!r}; write ({text!r},)")
        self.settings = RankerSettings(
            preset=preset,
            tree=tree,
            text=tuple(text),
            seed=seed,
            encoder=encoder,
            teacher=None if teacher is None else str(teacher),
            paths=paths,
        )
        self.n_threads = n_threads
        self.added_: tuple[str, ...] = ()
        self.refused_: list[tuple[int, str, Refusal]] = []
        self._base_name = f"{preset}@unsaved"
        self._folder: Path | None = None
        self._parts: ModelParts | None = None
        self._view: View | None = None

    def _adopt(self, parts: ModelParts, base_name: str, folder: Path | None = None) -> None:
        self._base_name, self.settings, self._folder = base_name, parts.settings, folder
        self._parts, self._view = parts, open_view(parts, base_name)

    @property
    def parts(self) -> ModelParts:
        """What training made and what changed since; `TrainingError` without a training."""
        if self._parts is None:
            raise TrainingError("the classifier is not trained: call fit, or load a model")
        return self._parts

    @property
    def view(self) -> View:
        """The version in use, which answers; `TrainingError` without a training."""
        if self._view is None:
            raise TrainingError("the classifier is not trained: call fit, or load a model")
        return self._view

    @property
    def taxonomy_(self) -> Taxonomy:
        """The categories of the version in use; their numbers are the label columns."""
        return self.view.taxonomy

    @property
    def ranker_(self) -> TextRanker | None:
        """What ranks label columns, None without a training."""
        return None if self._view is None else self._view.ranker

    @property
    def label_counts_(self) -> IntArray:
        """Training items of each category, shape (len(taxonomy_),)."""
        return self.view.counts

    @property
    def n_items_(self) -> int:
        """Training items that had a category and a text."""
        return self.parts.n_items

    @property
    def valid_metrics_(self) -> dict[str, float]:
        """Metrics on the validation items, empty without any."""
        return {} if self._parts is None else self._parts.valid_metrics

    @property
    def taxonomy_name_(self) -> str:
        """The taxonomy's source and digest, as they stand in result rows."""
        return self.view.taxonomy_name

    @property
    def model_name_(self) -> str:
        """The preset, the saved model's digest and the version, as they stand in result rows."""
        return self._base_name if self._view is None else self._view.model_name

    @property
    def is_findable(self) -> BoolArray:
        """Whether a category can be answered, shape (len(taxonomy_),).

        One without items can where a sibling has some, and so can one that was added since. The
        others are kept as they are in the taxonomy, but no item is answered with them.
        """
        return self.view.is_findable
