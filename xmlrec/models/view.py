"""One version of a classifier's categories, and the ranker over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking
from xmlrec.fuse import order_candidates
from xmlrec.models.answers import Answers
from xmlrec.models.confidence import Confidence, Confident
from xmlrec.models.lines import PathTexts
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import KnownLabels, LabelFacts
from xmlrec.models.scope import Scope
from xmlrec.models.training import has_words
from xmlrec.probabilities import decide
from xmlrec.taxonomy import Taxonomy
from xmlrec.taxonomy.state import TaxonomyState
from xmlrec.text import Item

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What answers items; never changed, so that whoever has it keeps the version that it is.

    Attributes
    ----------
    state : TaxonomyState
    ranker : TextRanker
        Over all columns of the state's taxonomy.
    confidence : Confidence
        Its scores as probabilities.
    known : KnownLabels
        The categories that can be answered.
    counts : int32 array, shape (n_labels,)
        Training items of each category; those of a merged one are the other's.
    answers : int32 array, shape (n_labels,), or None
        The category that each column is answered with, -1 for none: a merged category is found as
        it was trained, and answered with the other one. None if each is answered with itself.
    facts : mapping of int to LabelFacts
        The columns that are new, or called or described otherwise than in training.
    taxonomy_name, model_name : str
        As they stand in result rows.
    path_texts : PathTexts
        Paths of the version's categories as JSON.
    """

    state: TaxonomyState
    ranker: TextRanker
    confidence: Confidence
    known: KnownLabels
    counts: IntArray
    answers: IntArray | None
    facts: Mapping[int, LabelFacts]
    taxonomy_name: str
    model_name: str
    path_texts: PathTexts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path_texts", PathTexts(self.taxonomy))

    @property
    def taxonomy(self) -> Taxonomy:
        """The categories, with those that are no more."""
        return self.state.taxonomy

    @property
    def is_findable(self) -> BoolArray:
        """Whether a category can be answered, shape (n_labels,)."""
        is_findable = np.zeros(len(self.taxonomy), dtype=np.bool_)
        is_findable[self.known.columns] = True
        return is_findable

    def rank(
        self, items: Sequence[Item], k: int, allowed: BoolArray | None, n_threads: int | None
    ) -> Ranking:
        """Return the ``k`` best of the ``allowed`` categories for each item."""
        if self.answers is None:
            return self.ranker.rank(items, k, allowed=allowed, n_threads=n_threads)
        n_merged = int((self.answers >= 0).sum() - self.taxonomy.is_active.sum())
        labels, scores = self.ranker.rank(
            items, k + n_merged, allowed=self._asked(allowed), n_threads=n_threads
        )
        labels = np.where(labels >= 0, self.answers[labels], -1)
        for place in range(1, labels.shape[1]):  # of what is answered twice, the best counts
            is_known = (labels[:, :place] == labels[:, [place]]).any(axis=1)
            labels[is_known, place] = -1
        return order_candidates(labels, scores, k)

    def confide(
        self, items: Sequence[Item], allowed: BoolArray | None, n_threads: int | None
    ) -> Confident:
        """Return the best of the ``allowed`` categories with their probabilities."""
        asked = allowed if self.answers is None else self._asked(allowed)
        return self.confidence.rank(items, asked, n_threads)

    def decide(
        self,
        items: Sequence[Mapping[str, str]],
        scope: Scope,
        precision: float,
        *,
        only_sure: bool,
        max_paths: int | None,
        n_threads: int | None,
    ) -> Answers:
        """Return what is done with items, see `xmlrec.probabilities.decisions`.

        One without a word, such as a number or a web address, gets no answer.
        """
        readable = [item if has_words(item) else {} for item in items]
        confidence, confident = self.confidence, self.confide(readable, scope.allowed, n_threads)
        of_nodes = confidence.of_nodes(confident, n_threads)
        is_excluded = np.zeros(len(items), dtype=np.bool_)
        if scope.excluded is not None:
            is_out = (confident.labels >= 0) & scope.excluded[confident.labels]
            is_excluded = is_out[:, 0]
            of_nodes = confident.left(of_nodes, is_out, np.nan)
            confident = confident.without(is_out)
        decisions = decide(
            confident.labels,
            confident.P,
            of_nodes,
            confident.none,
            confidence.thresholds(precision),
            confidence.frame,
            is_single=confidence.calibration.calibrator.is_single,
            only_sure=only_sure,
            max_paths=max_paths,
            allowed=scope.allowed,
        )
        return Answers(
            taxonomy=self.taxonomy,
            confident=confident,
            of_nodes=of_nodes,
            decisions=decisions,
            is_excluded=is_excluded,
            only_sure=only_sure,
        )

    def score(
        self,
        items: Sequence[Item],
        candidates: sp.csr_array,
        allowed: BoolArray | None,
        n_threads: int | None,
    ) -> sp.csr_array:
        """Return the scores of the stored pairs of ``candidates`` that can be scored."""
        if self.answers is None:
            return self.ranker.score(items, candidates, allowed=allowed, n_threads=n_threads)
        columns = np.flatnonzero(self.answers >= 0)
        ones = np.ones(columns.size, dtype=np.float32)
        n_labels = self.answers.size
        found_by = sp.csr_array((ones, (self.answers[columns], columns)), shape=(n_labels,) * 2)
        pairs = self.ranker.score(
            items,
            sp.csr_array(candidates @ found_by),
            allowed=self._asked(allowed),
            n_threads=n_threads,
        ).tocoo()
        rows, labels = pairs.row, self.answers[pairs.col]
        order = np.lexsort((-pairs.data, labels, rows))
        rows, labels, values = rows[order], labels[order], pairs.data[order]
        is_best = np.ones(rows.size, dtype=np.bool_)
        is_best[1:] = (rows[1:] != rows[:-1]) | (labels[1:] != labels[:-1])
        return sp.csr_array(
            (values[is_best], (rows[is_best], labels[is_best])), shape=candidates.shape
        )

    def _asked(self, allowed: BoolArray | None) -> BoolArray:
        """Return which columns the ranker may find."""
        assert self.answers is not None
        asked: BoolArray = self.answers >= 0
        return asked if allowed is None else asked & allowed[self.answers]


def find_answers(taxonomy: Taxonomy) -> IntArray | None:
    """Return `View.answers` of a taxonomy."""
    if taxonomy.is_active.all():
        return None
    answers = np.arange(len(taxonomy), dtype=np.int32)
    for column in np.flatnonzero(~taxonomy.is_active).tolist():
        successors = taxonomy.successors(column)
        answers[column] = successors[0] if len(successors) == 1 else -1
    return answers


def known_columns(taxonomy: Taxonomy, columns: IntArray) -> KnownLabels:
    """Return what a ranker is told of ``columns`` (rising) before it is trained."""
    listed = columns.tolist()
    paths = [" ".join(taxonomy.path(column)) for column in listed]
    names = [taxonomy.names[column] for column in listed]
    return KnownLabels(columns, names, paths, taxonomy.primary_parents)


def with_merged(known: KnownLabels, answers: IntArray | None) -> KnownLabels:
    """Return ``known`` and the merged categories, which stand where the ones stand that they are.

    A trained ranker goes on finding them.
    """
    if answers is None:
        return known
    columns = np.arange(answers.size, dtype=np.int32)
    merged = columns[(answers >= 0) & (answers != columns)]
    parents = known.parents.copy()
    parents[merged] = parents[answers[merged]]
    return KnownLabels(np.union1d(known.columns, merged), known.names, known.paths, parents)
