"""`TaxonomyClassifier`: items in, taxonomy paths out."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking
from xmlrec.catalog import ResultRow
from xmlrec.errors import TrainingError
from xmlrec.models.answers import answer, found_paths
from xmlrec.models.cross import cross_rank, fold_numbers
from xmlrec.models.measuring import measure
from xmlrec.models.ranker import TextRanker
from xmlrec.models.saving import ModelParts, load_parts, save_parts
from xmlrec.models.settings import RankerSettings
from xmlrec.models.training import (
    LabelledItem,
    check_trainable,
    digest_items,
    item_paths,
    known_labels,
    label_items,
    text_items,
)
from xmlrec.taxonomy import Refusal, Taxonomy

logger = logging.getLogger(__name__)

Item = str | Mapping[str, Any]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]


class TaxonomyClassifier:
    """Classify items into the paths of a taxonomy.

    Parameters
    ----------
    preset : str, default="fast"
        Recipe: "fast" is label trees on text features.
    tree : str, default="learned"
        The label trees: "learned" ones, the "taxonomy" itself along primary parents (one classifier
        a parent), or "flat" (one-vs-all).
    text : sequence of str, default=("title", "description")
        Fields that are read, the title first. An item that is a string is a title.
    seed : int, default=0
        Same seed, same items: same model, byte for byte.
    n_threads : int, optional
        All processors by default. Results do not depend on it.

    Attributes
    ----------
    taxonomy_ : Taxonomy
        The one given to `fit`, and after it the categories that the training items added. A label
        column is a category's number in it.
    added_ : tuple of str
        Path texts of the added categories.
    refused_ : list of (int, str, Refusal)
        Training paths that have no label column: position of the item, path text, and why. Not
        kept in a saved model, nor is ``added_``.
    taxonomy_name_ : str
        The taxonomy's source and digest, as they stand in result rows.
    label_counts_ : int32 array, shape (len(taxonomy_),)
        Training items of each category; one with none is kept, see ``is_findable``.
    n_items_ : int
        Training items that had a category and a text.
    valid_metrics_ : dict of str to float
        Metrics on the validation items, empty without any.
    """

    def __init__(
        self,
        *,
        preset: str = "fast",
        tree: str = "learned",
        text: Sequence[str] = ("title", "description"),
        seed: int = 0,
        n_threads: int | None = None,
    ) -> None:
        if isinstance(text, str):
            raise ValueError(f"text is a sequence of fields, got {text!r}; write ({text!r},)")
        self.settings = RankerSettings(preset=preset, tree=tree, text=tuple(text), seed=seed)
        self.n_threads = n_threads
        self.ranker_: TextRanker | None = None
        self.added_: tuple[str, ...] = ()
        self.refused_: list[tuple[int, str, Refusal]] = []
        self.valid_metrics_: dict[str, float] = {}
        self.model_name_ = f"{preset}@unsaved"

    def fit(
        self,
        items: Sequence[LabelledItem],
        taxonomy: Taxonomy | None = None,
        valid: Sequence[LabelledItem] | None = None,
        *,
        strict: bool = False,
    ) -> Self:
        """Learn from items that name their category paths.

        Parameters
        ----------
        items : sequence of mappings
            Fields, and under ``paths`` the item's category paths: lists of elements (ids,
            ``id_name`` or names, from the top down) or texts ``A > B > C``. Several paths, inner
            categories and items without text or paths are fine.
        taxonomy : Taxonomy, optional
            Without one it is made of the items' paths.
        valid : sequence of mappings, optional
            Items to measure the model on; see ``valid_metrics_``.
        strict : bool, default=False
            Refuse paths that are not in ``taxonomy`` instead of adding them.

        Raises
        ------
        TrainingError
            If fewer than two categories have an item with text, or no item of ``valid`` has a path.
        """
        started = time.perf_counter()
        if valid is not None and not any(map(item_paths, valid)):
            raise TrainingError(f"none of the {len(valid):,} validation rows has a category path")
        labelled = label_items(items, taxonomy, strict=strict)
        texts = text_items(items, self.settings.text)
        has_label = np.diff(labelled.Y.indptr) > 0
        usable = np.flatnonzero(has_label & np.array([bool(item) for item in texts], dtype=bool))
        Y = labelled.Y[usable]
        counts = np.bincount(Y.indices, minlength=Y.shape[1]).astype(np.int32)
        check_trainable(len(items), labelled, usable.size, counts)
        self.ranker_ = TextRanker.fit(
            [texts[i] for i in usable.tolist()],
            Y,
            known_labels(labelled.taxonomy, counts),
            self.settings,
            n_threads=self.n_threads,
        )
        self.taxonomy_, self.added_, self.refused_ = (
            labelled.taxonomy,
            labelled.added,
            labelled.refused,
        )
        name = "catalog" if taxonomy is None else Path(taxonomy.source).name
        name = os.fsencode(name).decode("utf-8", "replace")
        self.model_name_ = f"{self.settings.preset}@unsaved"
        self.taxonomy_name_ = f"{name}@sha256:{labelled.taxonomy.digest[:12]}"
        self.label_counts_, self.n_items_ = counts, int(usable.size)
        self.data_digest_ = digest_items(texts, labelled)
        self.valid_metrics_ = {} if valid is None else self.evaluate(valid)
        logger.info(
            "trained on %d items and %d categories in %.1f s",
            usable.size,
            int((counts > 0).sum()),
            time.perf_counter() - started,
        )
        return self

    @property
    def is_findable(self) -> BoolArray:
        """Whether a category can be ranked, shape (len(taxonomy_),).

        One without items can where a sibling has some: by its name. The others are kept as they
        are in the taxonomy, but no item is answered with them.
        """
        is_findable: BoolArray = self._fitted().forest.trees[0].tree.label_slot >= 0
        return is_findable

    def rank(self, items: Sequence[Item], k: int, *, allowed: BoolArray | None = None) -> Ranking:
        """Return ``(labels, scores)`` (n_items, k): columns of ``taxonomy_``, best first.

        Parameters
        ----------
        allowed : bool array, shape (len(taxonomy_),), optional
            Categories that may be ranked.
        """
        texts = text_items(items, self.settings.text)
        return self._fitted().rank(
            texts, k, allowed=self._check_allowed(allowed), n_threads=self.n_threads
        )

    def score(
        self, items: Sequence[Item], candidates: sp.csr_array, *, allowed: BoolArray | None = None
    ) -> sp.csr_array:
        """Return the scores of the stored pairs of ``candidates`` (n_items, len(taxonomy_)).

        Pairs that cannot be scored, or are not ``allowed``, are absent.
        """
        texts = text_items(items, self.settings.text)
        return self._fitted().score(
            texts, candidates, allowed=self._check_allowed(allowed), n_threads=self.n_threads
        )

    def _fitted(self) -> TextRanker:
        if self.ranker_ is None:
            raise TrainingError("the classifier is not trained: call fit, or load a model")
        return self.ranker_

    def _check_allowed(self, allowed: BoolArray | None) -> BoolArray | None:
        if allowed is None:
            return None
        allowed = np.asarray(allowed, dtype=np.bool_)
        n_labels = len(self.taxonomy_)
        if allowed.shape != (n_labels,):
            raise ValueError(f"allowed has shape {allowed.shape}, expected ({n_labels},)")
        return allowed

    def cross_rank(
        self, items: Sequence[LabelledItem], folds: int | IntArray = 5, k: int = 10
    ) -> Ranking:
        """Rank labelled items out of fold: each by a ranker that saw neither it nor its fold.

        Parameters
        ----------
        items : sequence of mappings
            As for `fit`; paths that are not in ``taxonomy_`` count as no label.
        folds : int or int array, shape (n_items,)
            Number of random folds, or the fold of each item.

        Raises
        ------
        ValueError
            If there are not two folds at least, or not one for each item.
        """
        self._fitted()
        labelled = label_items(items, self.taxonomy_, strict=True)
        texts = text_items(items, self.settings.text)
        return cross_rank(
            texts,
            labelled.Y,
            known_labels(self.taxonomy_, self.label_counts_),
            fold_numbers(folds, len(items), seed=self.settings.seed),
            k,
            self.settings,
            n_threads=self.n_threads,
        )

    def classify(self, items: Sequence[Item], k: int = 5) -> list[ResultRow]:
        """Return one result row an item, see `xmlrec.catalog.result_row`.

        The best path is in ``paths``, the next ``k - 1`` are in ``alternatives``. An item without
        words or without any known one is answered ``abstain`` with the reason. An item's ``id``
        is taken over; without one it is its position from 1.
        """
        texts = text_items(items, self.settings.text)
        labels, scores = self._fitted().rank(texts, k, n_threads=self.n_threads)
        names = {"taxonomy": self.taxonomy_name_, "model": self.model_name_}
        return [
            answer(items[i], i, texts[i], found, **names)
            for i, found in enumerate(found_paths(self.taxonomy_, labels, scores))
        ]

    def evaluate(self, items: Sequence[LabelledItem]) -> dict[str, float]:
        """Return all metrics over items with paths, see `xmlrec.metrics.evaluate_ranking`.

        Every item with a path counts; a category that the model does not know is a miss, and has
        its known ancestors for the hierarchical figures. Items without any path are left out and
        counted as ``n_without_category``.

        Raises
        ------
        TrainingError
            If no item has a path.
        """
        labelled = label_items(items, self.taxonomy_)
        rows = np.flatnonzero(labelled.has_paths)
        if not rows.size:
            raise TrainingError("no row has a category path: there is nothing to measure against")
        labels, _ = self.rank([items[i] for i in rows.tolist()], k=10)
        metrics = measure(
            labels, labelled, rows, label_counts=self.label_counts_, n_items=self.n_items_
        )
        return {**metrics, "n_without_category": len(items) - int(rows.size)}

    def save(self, model_dir: str | Path) -> None:
        """Write the model directory; it appears complete or not at all.

        Raises
        ------
        ModelError
            If another kind of folder or file stands there, or it cannot be written.
        """
        parts = ModelParts(
            settings=self.settings,
            taxonomy=self.taxonomy_,
            taxonomy_name=self.taxonomy_name_,
            ranker=self._fitted(),
            n_items=self.n_items_,
            data_digest=self.data_digest_,
            valid_metrics=self.valid_metrics_,
        )
        self.model_name_ = save_parts(parts, Path(model_dir))

    @classmethod
    def load(
        cls, model_dir: str | Path, *, n_threads: int | None = None, verify: bool = True
    ) -> Self:
        """Open a model directory; arrays stay on disk until they are used.

        Parameters
        ----------
        verify : bool
            Whether to check every file's digest first, about 0.7 s a gigabyte. Without it names
            and sizes are checked; kernels trust the numbers in the files.

        Raises
        ------
        ModelError
            If there is no model, it is damaged, or of a newer format.
        """
        parts, name = load_parts(Path(model_dir), verify=verify)
        model = cls(preset=parts.settings.preset, text=parts.settings.text, n_threads=n_threads)
        model.settings, model.ranker_ = parts.settings, parts.ranker
        model.taxonomy_, model.taxonomy_name_ = parts.taxonomy, parts.taxonomy_name
        model.label_counts_, model.n_items_ = parts.ranker.labels.counts, parts.n_items
        model.data_digest_, model.valid_metrics_ = parts.data_digest, parts.valid_metrics
        model.model_name_ = name
        return model
