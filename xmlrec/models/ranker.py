"""`TextRanker`: from items to ranked labels, by text features, label trees, vectors and fusion."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking
from xmlrec.encode import JoinedEncoder
from xmlrec.fuse import (
    Candidates,
    FusionWeights,
    LabelRows,
    candidate_scores,
    fuse,
    hold_back,
    order_candidates,
)
from xmlrec.models.candidates import find_candidates
from xmlrec.models.dense import DenseSide, joined_text, known_or_made_vectors, no_vectors
from xmlrec.models.example_texts import shown_text
from xmlrec.models.fusion_training import FittedFusion, train_ranker
from xmlrec.models.judging import Judgement, Weighed, score_asked
from xmlrec.models.label_rows import changed_rows, known_rows
from xmlrec.models.parts_training import Circumstances, Parts, train_parts
from xmlrec.models.ranker_files import read_ranker, write_ranker
from xmlrec.models.ranker_training import KnownLabels, LabelFacts
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teaching import Teacher, word_features
from xmlrec.models.training_set import TrainingSet
from xmlrec.text import Item, TextFeatures, fast_blocks

logger = logging.getLogger(__name__)

BLOCK_ITEMS = 8192
"""Items that are ranked at once: their candidates' scores take 4 KB each."""

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


class TextRanker:
    """Rank label columns for items.

    Label trees, and in some presets the vectors of labels and of labelled items, give candidates.
    Trees are trained on the items and on every label's name as one more item of it (as LEVER does;
    Buvanesh et al., ICLR 2024). A weighted sum of `candidate_scores` orders them, its weights
    fitted on items and labels that the parts did not see.

    Attributes
    ----------
    features : TextFeatures
    forest : LabelForest
    dense : DenseSide or None
    labels : LabelRows
    weights : FusionWeights
    findable : bool array, shape (n_labels,), or None
        The labels that may be ranked, None where that is all that the parts find.
    fusion : FittedFusion or None
        After a training, what the weights were fitted on.
    """

    def __init__(
        self,
        features: TextFeatures,
        parts: Parts,
        labels: LabelRows,
        weights: FusionWeights,
        findable: BoolArray | None = None,
    ) -> None:
        self.features = features
        self.forest, self.dense = parts.forest, parts.dense
        self.labels = labels
        self.weights = weights
        self.findable = findable
        self.fusion: FittedFusion | None = None

    @classmethod
    def fit(
        cls,
        items: Sequence[Item],
        Y: sp.csr_array,
        known: KnownLabels,
        settings: RankerSettings,
        *,
        teacher: Teacher | None = None,
        weights: FusionWeights | None = None,
        folder: Path | None = None,
        n_threads: int | None = None,
    ) -> Self:
        """Learn from ``items`` and their labels ``Y`` (n_items, n_labels), and from a teacher.

        With ``weights``, those of fusion are not fitted. A transformer in training is kept in
        ``folder`` now and then; the same call goes on from it.

        Raises
        ------
        TrainingError
            If no item has a word.
        EncoderError
            If a transformer cannot be opened, or ``folder`` holds another training.
        """
        names = [{settings.text[0]: name} for name in known.names]
        features = TextFeatures(fast_blocks(settings.text)).fit(
            [*items, *names], n_threads=n_threads
        )
        labels = known_rows(features, known, Y)
        words = {} if teacher is None else word_features(features)
        if teacher is not None:
            logger.info("learning %d words from %s", len(words), teacher.encoder.name)
            shape = features.n_features, Y.shape[1]
            labels = replace(labels, taught=teacher.teach(words, shape, n_threads=n_threads))
        in_trees = (labels.counts > 0) | (np.diff(labels.names.indptr) > 0)
        has_texts = settings.has_dense or teacher is not None
        data = TrainingSet(
            X=features.transform(items, n_threads=n_threads),
            Y=Y,
            texts=[joined_text(item) for item in items] if has_texts else [],
            titles=[shown_text(item) for item in items] if settings.has_dense else [],
            labels=labels,
            label_texts=known.training_texts(in_trees),
            words=words,
        )
        if weights is not None:
            parts, labels = train_parts(data, settings, Circumstances(n_threads=n_threads))
            return cls(features, parts, labels, weights)
        parts, labels, fusion = train_ranker(data, settings, folder=folder, n_threads=n_threads)
        ranker = cls(features, parts, labels, fusion.weights)
        ranker.fusion = fusion
        return ranker

    def with_labels(self, known: KnownLabels, changed: Mapping[int, LabelFacts]) -> Self:
        """Return a ranker that finds the labels ``known`` now, trained on no more than this one.

        Parameters
        ----------
        known : KnownLabels
            All labels that can be found; columns keep their meaning, new ones come last.
        changed : mapping of int to LabelFacts
            The columns that were added, or called or described otherwise, since training.
        """
        in_order = {column: changed[column] for column in sorted(changed)}
        is_in_trees = self._is_in_trees(known.parents.size)
        vectors = self.label_vectors(list(in_order.values()))
        labels = changed_rows(
            self.labels, self.features, known, in_order, vectors, is_new=~is_in_trees
        )
        is_known = np.isin(np.arange(is_in_trees.size), known.columns)
        findable = is_known if (is_in_trees & ~is_known).any() else None
        dense = self.dense
        if dense is not None:
            dense = DenseSide(dense.encoder, labels.vectors, dense.example_texts)
        parts = Parts(self.forest, dense)
        return type(self)(self.features, parts, labels, self.weights, findable)

    def label_vectors(self, facts: Sequence[LabelFacts]) -> FloatArray:
        """Return the vectors of labels, float32 (n, dim); ``dim`` is 0 without an encoder.

        A vector that the facts hold already is taken over.
        """
        if self.dense is None:
            return no_vectors(len(facts))
        return known_or_made_vectors(self.dense.encoder, facts)

    def rank(
        self,
        items: Sequence[Item],
        k: int,
        *,
        allowed: BoolArray | None = None,
        n_threads: int | None = None,
    ) -> Ranking:
        """Return the ``k`` best labels of each item; an item without known words gets none."""
        rankings = []
        for start in range(0, max(len(items), 1), BLOCK_ITEMS):
            block = items[start : start + BLOCK_ITEMS]
            weighed = self.weigh(block, allowed=allowed, n_threads=n_threads)
            rankings.append(order_candidates(weighed.labels, weighed.scores, k))
        labels, scores = zip(*rankings, strict=True)
        return np.concatenate(labels), np.concatenate(scores)

    def weigh(
        self,
        items: Sequence[Item],
        *,
        allowed: BoolArray | None = None,
        n_threads: int | None = None,
    ) -> Weighed:
        """Return all candidates of items, in any order, with their scores; 4 KB an item."""
        X, E, candidates = self._candidates(items, self._allowed(allowed), n_threads)
        F = candidate_scores(X, E, candidates, self.labels, n_threads=n_threads)
        fused, is_new = self._fuse(F, candidates.labels)
        held = hold_back(candidates.labels, fused, is_new, self.weights.lead)
        says_nothing = self._says_nothing(X, E)[:, np.newaxis]
        return Weighed(np.where(says_nothing, -1, candidates.labels).astype(np.int32), held, F)

    def score(
        self,
        items: Sequence[Item],
        candidates: sp.csr_array,
        *,
        allowed: BoolArray | None = None,
        n_threads: int | None = None,
    ) -> sp.csr_array:
        """Return scores of the stored pairs of ``candidates`` (n_items, n_labels).

        Pairs that cannot be scored (a label that is not findable, an item without known words), or
        are not ``allowed``, are absent. A pair that `rank` would return has the score it has there.
        """
        allowed = self._allowed(allowed)
        X, E, found = self._candidates(items, allowed, n_threads)
        rows = np.repeat(np.arange(X.shape[0]), np.diff(candidates.indptr))
        wanted = candidates.indices.astype(np.int32)
        kept = self._can_score(wanted, allowed) & ~self._says_nothing(X, E)[rows]
        rows, wanted = rows[kept], wanted[kept]
        asked = score_asked(
            X, E, found, (rows, wanted), self.forest, self.labels, n_threads=n_threads
        )
        fused, is_new = self._fuse(asked.F, asked.labels)
        scores = hold_back(asked.ranked, fused, is_new, self.weights.lead)
        return sp.csr_array((scores[rows, asked.at], (rows, wanted)), shape=candidates.shape)

    def judge(
        self, item: Item, asked: Sequence[int] = (), *, allowed: BoolArray | None = None
    ) -> Judgement:
        """Return what the ranking of an item is made of, and what labels ``asked`` for have.

        Those that cannot be scored, see `score`, are left out.
        """
        allowed = self._allowed(allowed)
        X, E, found = self._candidates([item], allowed, 1)
        wanted = np.array(asked, dtype=np.int32)
        wanted = wanted[self._can_score(wanted, allowed)]
        rows = np.zeros_like(wanted)
        scored = score_asked(X, E, found, (rows, wanted), self.forest, self.labels, n_threads=1)
        fused, is_new = self._fuse(scored.F, scored.labels)
        scores = hold_back(scored.ranked, fused, is_new, self.weights.lead)
        kept = (scored.labels[0] >= 0) & ~self._says_nothing(X, E)[0]
        arrays = (scored.labels, scored.ranked >= 0, scored.tree_scores, scored.F, fused, scores)
        return Judgement(X, E, allowed, *[array[0, kept] for array in arrays])

    def _can_score(self, labels: IntArray, allowed: BoolArray | None) -> BoolArray:
        is_known = self.labels.is_new | self._is_in_trees(self.labels.counts.size)
        return is_known[labels] if allowed is None else is_known[labels] & allowed[labels]

    def _allowed(self, allowed: BoolArray | None) -> BoolArray | None:
        if self.findable is None:
            return allowed
        return self.findable if allowed is None else self.findable & allowed

    def _candidates(
        self, items: Sequence[Item], allowed: BoolArray | None, n_threads: int | None
    ) -> tuple[sp.csr_array, FloatArray, Candidates]:
        """Return the features and vectors of items, and their candidates."""
        X = self.features.transform(items, n_threads=n_threads)
        parts = Parts(self.forest, self.dense)
        texts = [joined_text(item) for item in items] if self.dense else []
        E = parts.encode(texts, len(items), n_threads=n_threads)
        candidates = find_candidates(
            X, E, self.forest, self.dense, self.labels, allowed=allowed, n_threads=n_threads
        )
        return X, E, candidates

    def _says_nothing(self, X: sp.csr_array, E: FloatArray) -> BoolArray:
        """Return which items have no known feature, nor a token that a transformer knows.

        Token vectors alone, of a text that shares no two letters with any training row, are those
        of another language.
        """
        nothing: BoolArray = np.diff(X.indptr) == 0
        if self.dense is not None and isinstance(self.dense.encoder, JoinedEncoder):
            nothing &= ~E.any(axis=1)
        return nothing

    def _fuse(self, F: FloatArray, labels: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the weighted sums of candidates, and which are new."""
        is_new = self.labels.is_new[labels] & (labels >= 0)
        return fuse(F, is_new, self.weights), is_new

    def _is_in_trees(self, n_labels: int) -> BoolArray:
        is_in_trees = np.zeros(n_labels, dtype=np.bool_)
        is_in_trees[: self.forest.n_labels] = self.forest.trees[0].tree.label_slot >= 0
        return is_in_trees

    def save(self, folder: Path) -> None:
        """Write the ranker into ``folder``, see `write_ranker`."""
        parts = Parts(self.forest, self.dense)
        write_ranker(folder, self.features, parts, self.labels, self.weights)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, memory-mapped.

        Raises
        ------
        ValueError, OSError
            If a file is missing or damaged, or the parts do not fit together.
        """
        return cls(*read_ranker(folder))
