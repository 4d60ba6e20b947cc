"""A classifier that is trained, asked and measured."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking
from xmlrec.catalog import ResultRow
from xmlrec.errors import TrainingError
from xmlrec.metrics import Evaluation
from xmlrec.models.answers import Answers
from xmlrec.models.assessing import Assessment, assess, evaluation, facts_of, measure
from xmlrec.models.cross import cross_rank, fold_numbers
from xmlrec.models.fitting import fit_parts
from xmlrec.models.lines import Lines
from xmlrec.models.open_model import OpenModel
from xmlrec.models.scope import DEFAULT_PRECISION, Scope, check_max_paths, check_precision
from xmlrec.models.teachers import find_teacher
from xmlrec.models.training import (
    LabelledItem,
    has_words,
    item_paths,
    label_items,
    text_items,
)
from xmlrec.models.view import View
from xmlrec.probabilities.decisions import MAX_NONE
from xmlrec.taxonomy import Taxonomy

logger = logging.getLogger(__name__)

Item = str | Mapping[str, Any]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]


class ItemClassifier(OpenModel):
    """What `TaxonomyClassifier` does with items; every answer comes from one view."""

    def fit(
        self,
        items: Sequence[LabelledItem],
        taxonomy: Taxonomy | None = None,
        valid: Sequence[LabelledItem] | None = None,
        *,
        strict: bool = False,
        previous: "ItemClassifier | None" = None,
        folder: Path | None = None,
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
        previous : TaxonomyClassifier, optional
            A model whose taxonomy this one goes on with, instead of ``taxonomy``: its label
            columns, ids and log; what was added to it, with the examples as items.
        folder : Path, optional
            Where a transformer in training (preset "accurate") is kept every few minutes, so that
            the same call goes on there after a kill. It can be removed after the call.

        Raises
        ------
        TrainingError
            If fewer than two categories have an item with text, or no item of ``valid`` has a path.
        ModelError
            If the teacher cannot be opened, or has no vectors.
        EncoderError
            If a transformer cannot be opened, or ``folder`` holds another training.
        """
        started = time.perf_counter()
        if previous is not None and taxonomy is not None:
            raise ValueError("taxonomy and previous exclude each other")
        if valid is not None and not any(map(item_paths, valid)):
            raise TrainingError(f"none of the {len(valid):,} validation rows has a category path")
        parts, labelled = fit_parts(
            items,
            taxonomy,
            self.settings,
            strict=strict,
            n_threads=self.n_threads,
            previous=None if previous is None else (previous.parts.lineage, previous.view),
            valid=valid,
            folder=folder,
        )
        self._adopt(parts, f"{self.settings.preset}@unsaved")
        self.added_, self.refused_ = labelled.added, labelled.refused
        if valid is not None:
            self._parts = replace(parts, valid_metrics=self.evaluate(valid))
        n_categories = int((self.label_counts_ > 0).sum())
        seconds = time.perf_counter() - started
        message = "trained on %d items and %d categories in %.1f s"
        logger.info(message, parts.n_items, n_categories, seconds)
        return self

    def rank(self, items: Sequence[Item], k: int, *, allowed: BoolArray | None = None) -> Ranking:
        """Return ``(labels, scores)`` (n_items, k): columns of ``taxonomy_``, best first.

        Parameters
        ----------
        allowed : bool array, shape (len(taxonomy_),), optional
            Categories that may be ranked.
        """
        view = self.view
        texts = text_items(items, self.settings.text)
        return view.rank(texts, k, _check_allowed(view, allowed), self.n_threads)

    def probabilities(self, items: Sequence[Item], k: int) -> Ranking:
        """Return ``(labels, P)`` (n_items, k): the likeliest columns of ``taxonomy_``, best first.

        ``P`` is P(category | item), 0 where there is no label (-1). An item without a known word,
        or that most likely fits no category, has none.

        Parameters
        ----------
        k : int
            At most `xmlrec.probabilities.N_BEST`.
        """
        texts = [text if has_words(text) else {} for text in text_items(items, self.settings.text)]
        confident = self.view.confide(texts, None, self.n_threads)
        fits_none = confident.none[:, np.newaxis] > MAX_NONE
        labels = np.where(fits_none, -1, confident.labels[:, :k])
        return labels.astype(np.int32), np.where(labels >= 0, confident.P[:, :k], 0.0)

    def score(
        self, items: Sequence[Item], candidates: sp.csr_array, *, allowed: BoolArray | None = None
    ) -> sp.csr_array:
        """Return the scores of the stored pairs of ``candidates`` (n_items, len(taxonomy_)).

        Pairs that cannot be scored, or are not ``allowed``, are absent.
        """
        view = self.view
        texts = text_items(items, self.settings.text)
        return view.score(texts, candidates, _check_allowed(view, allowed), self.n_threads)

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
        view = self.view
        labelled = label_items(items, view.taxonomy, strict=True)
        return cross_rank(
            text_items(items, self.settings.text),
            labelled.Y,
            view.known,
            fold_numbers(folds, len(items), seed=self.settings.seed),
            k,
            self.settings,
            teacher=find_teacher(self.settings, view.taxonomy, view.known),
            n_threads=self.n_threads,
        )

    def classify(
        self,
        items: Sequence[Item],
        k: int = 5,
        *,
        min_precision: float | None = None,
        under: str | Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        max_paths: int | None = None,
    ) -> list[ResultRow]:
        """Return one result row an item, see `xmlrec.catalog.result_row`.

        The paths that hold are in ``paths``, the next best ones in ``alternatives``: ``k`` in all,
        or more if more hold. Each has its probability. Without ``min_precision`` the best answer
        is given, and is up for ``review`` unless it is as sure as `DEFAULT_PRECISION` asks for.
        With it a sure answer is given, if need be a category further up, or none: see
        `xmlrec.probabilities.decisions`. An item without words or without any known one is
        answered ``abstain`` with the reason. An item's ``id`` is taken over; without one it is its
        position from 1.

        Parameters
        ----------
        k : int, default=5
            At most `xmlrec.probabilities.N_BEST`.
        min_precision : float, optional
            Share of sure answers that are to be right, between 0 and 1, exclusive.
        under : str or sequence of str, optional
            A category, given by its path or id, that is known to hold: only those below it, and
            itself, are answered, and their probabilities are those given that.
        exclude : sequence of str
            Categories, with all below them, that are not to be answered. Probabilities of the
            others stay.
        max_paths : int, optional
            How many paths an item may have, where items have several.

        Raises
        ------
        OptionError
            If a category is unknown, everything is excluded, or a number is out of range.
        """
        asked = min_precision, under, exclude, max_paths
        view, texts, answers = self._answers(items, *asked)
        return answers.rows(items, texts, k, taxonomy=view.taxonomy_name, model=view.model_name)

    def classify_lines(
        self,
        items: Sequence[Item],
        k: int = 5,
        *,
        min_precision: float | None = None,
        under: str | Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        max_paths: int | None = None,
    ) -> Lines:
        """Return the rows of `classify` as lines of JSON, in a fraction of the time.

        Parameters and errors are those of `classify`. Lines are strict JSON in the order of its
        rows, not escaped to ASCII, without spaces.
        """
        asked = min_precision, under, exclude, max_paths
        view, texts, answers = self._answers(items, *asked)
        return answers.lines(
            items,
            texts,
            k,
            path_texts=view.path_texts,
            taxonomy=view.taxonomy_name,
            model=view.model_name,
        )

    def _answers(
        self,
        items: Sequence[Item],
        min_precision: float | None,
        under: str | Sequence[str] | None,
        exclude: Sequence[str],
        max_paths: int | None,
    ) -> tuple[View, list[Any], Answers]:
        """Return the view that answers, the items' texts, and the answers."""
        view, texts = self.view, text_items(items, self.settings.text)
        scope, precision = self.check(min_precision=min_precision, under=under, exclude=exclude)
        answers = view.decide(
            texts,
            scope,
            precision,
            only_sure=min_precision is not None,
            max_paths=check_max_paths(max_paths),
            n_threads=self.n_threads,
        )
        return view, texts, answers

    def check(
        self,
        *,
        min_precision: float | None = None,
        under: str | Sequence[str] | None = None,
        exclude: Sequence[str] = (),
    ) -> tuple[Scope, float]:
        """Return what `classify` makes of these; `OptionError` if it can make nothing of them."""
        asked = DEFAULT_PRECISION if min_precision is None else min_precision
        return Scope.of(self.view, under, exclude), check_precision(asked)

    def evaluate(self, items: Sequence[LabelledItem]) -> dict[str, float]:
        """Return all metrics over items with paths, see `xmlrec.models.assessing.measure`.

        Every item with a path counts; a category that the model does not know is a miss, and has
        its known ancestors for the hierarchical figures. Items without any path are left out and
        counted as ``n_without_category``; they say how well the model knows what fits nowhere.

        Raises
        ------
        TrainingError
            If no item has a path.
        """
        return measure(self._assess(items), self.n_items_)

    def assess(self, items: Sequence[LabelledItem], *, source: str = "a list") -> Evaluation:
        """Return what `xmlrec.report` shows: all answers to the items, and the metrics.

        Parameters
        ----------
        source : str
            What the report calls the items.
        """
        assessment = self._assess(items)
        metrics = measure(assessment, self.n_items_)
        facts = facts_of(self.parts, self.view, source, len(items))
        return evaluation(assessment, metrics, facts)

    def _assess(self, items: Sequence[LabelledItem]) -> Assessment:
        return assess(self.view, items, self.settings.text, n_threads=self.n_threads)


def _check_allowed(view: View, allowed: BoolArray | None) -> BoolArray | None:
    if allowed is None:
        return None
    allowed = np.asarray(allowed, dtype=np.bool_)
    n_labels = len(view.taxonomy)
    if allowed.shape != (n_labels,):
        raise ValueError(f"allowed has shape {allowed.shape}, expected ({n_labels},)")
    return allowed
