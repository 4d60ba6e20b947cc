"""Training what finds candidates: label trees, and in some presets an encoder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import LabelForest
from xmlrec.encode import (
    Encoder,
    JoinedEncoder,
    SentenceEncoder,
    StaticEncoder,
    packaged_encoder,
)
from xmlrec.encode.adaptation import AdaptSettings, adapt
from xmlrec.encode.contrastive import layers_of
from xmlrec.encode.finetune import finetune
from xmlrec.encode.finetune_settings import FinetuneSettings, ValidationRows
from xmlrec.encode.label_texts import scale_rows
from xmlrec.fuse import LabelRows
from xmlrec.models.dense import DenseSide, choose_examples
from xmlrec.models.example_texts import ExampleTexts
from xmlrec.models.ranker_training import train_forest
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teaching import Teacher
from xmlrec.models.training_set import TrainingSet

logger = logging.getLogger(__name__)

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

FIRST = FinetuneSettings()
"""How a transformer is trained at first, on items that leave some for fitting fusion."""

MAX_TEXTS = 100_000
"""Items and label texts that it sees then, each up to three times and at least once."""

MAX_FROZEN = 3
"""Lowest layers that stay as they are, but no more than half of them: nothing is lost with them,
and a step takes three quarters of the time."""

STATIC_SHARE = 0.3
"""What token vectors count for beside a transformer. They see few words but know rare ones: on
held-out items 0.2 to 0.5 were 0.3 to 1.0 better than none in P@1, and 1.5 in recall@10."""

LAST_EPOCHS = 2
LAST_LR_SHARE = 0.5
"""How it goes on then, on all items: for so long, in steps that are so much smaller. Once less,
and held-out items were 0.5 worse in P@1; three times from the start on was no better."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What finds candidates; ``dense`` is None in the preset ``fast``."""

    forest: LabelForest
    dense: DenseSide | None

    def encode(self, texts: Sequence[str], n_items: int, *, n_threads: int | None) -> FloatArray:
        """Return the vectors of items, of length 0 without an encoder."""
        if self.dense is None:
            return np.zeros((n_items, 0), dtype=np.float32)
        return self.dense.encoder.encode(texts, n_threads=n_threads)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Circumstances:
    """What training parts depends on beside items and settings.

    Attributes
    ----------
    before : tuple of Encoder and LabelRows, optional
        What was trained on a part of the same items: a transformer goes on from it, in place.
    valid : ValidationRows, optional
        Items that say when to stop training a transformer.
    folder : Path, optional
        Where a transformer in training is kept now and then, so that a kill costs little.
    n_threads : int, optional
    """

    before: tuple[Encoder, LabelRows] | None = None
    valid: ValidationRows | None = None
    folder: Path | None = None
    n_threads: int | None = None


def train_parts(
    data: TrainingSet, settings: RankerSettings, around: Circumstances
) -> tuple[Parts, LabelRows]:
    """Train label trees and, if the preset has one, the dense side; labels get their vectors."""
    dense, labels = None, data.labels
    if settings.has_dense:
        train = join_encoders if settings.has_transformer else adapt_encoder
        encoder, vectors = train(data, settings, around)
        E = encoder.encode(data.texts, n_threads=around.n_threads)
        examples, kept = choose_examples(E, data.Y, seed=settings.seed)
        titles = ExampleTexts.of([data.titles[item] for item in kept.tolist()])
        dense = DenseSide(encoder, vectors, titles)
        labels = replace(labels, vectors=vectors, examples=examples)
    logger.info("training label trees on %d items", data.X.shape[0])
    forest = train_forest(data.X, data.Y, labels, settings, n_threads=around.n_threads)
    return Parts(forest, dense), labels


def adapt_encoder(
    data: TrainingSet, settings: RankerSettings, around: Circumstances
) -> tuple[StaticEncoder, FloatArray]:
    """Return the packaged encoder with token vectors trained on the items, and label vectors."""
    logger.info("training token vectors on %d items", len(data.texts))
    encoder = packaged_encoder()
    items = encoder.tokenize(data.texts, n_threads=around.n_threads)
    labels = encoder.tokenize(data.label_texts, n_threads=around.n_threads)
    how = AdaptSettings(seed=settings.seed)
    adapted = encoder.with_vectors(adapt(encoder.vectors, items, labels, data.Y, settings=how))
    return adapted, adapted.encode(data.label_texts, n_threads=around.n_threads)


def stand_in(data: TrainingSet, settings: RankerSettings, around: Circumstances) -> sp.csr_array:
    """Return what a teacher would say of words that was trained on no more than these items."""
    encoder, vectors = adapt_encoder(data, settings, around)
    is_known = (data.labels.counts > 0) | (np.diff(data.labels.names.indptr) > 0)
    columns = np.flatnonzero(is_known & vectors.any(axis=1))
    teacher = Teacher(encoder, columns, vectors[columns])
    shape = data.X.shape[1], data.Y.shape[1]
    return teacher.teach(data.words, shape, n_threads=around.n_threads)


def join_encoders(
    data: TrainingSet, settings: RankerSettings, around: Circumstances
) -> tuple[JoinedEncoder, FloatArray]:
    """Return a fine-tuned transformer joined with an adapted encoder, and label vectors of both."""
    transformer, trained = finetune_encoder(data, settings, around)
    adapted, of_texts = adapt_encoder(data, settings, around)
    encoder = JoinedEncoder(transformer, adapted, share=STATIC_SHARE)
    return encoder, encoder.join(trained, of_texts)


def finetune_encoder(
    data: TrainingSet, settings: RankerSettings, around: Circumstances
) -> tuple[SentenceEncoder, FloatArray]:
    """Return a transformer fine-tuned on the items, or on from the one before, and label vectors.

    Raises
    ------
    EncoderError
        See `SentenceEncoder.open` and `finetune`.
    """
    logger.info("fine-tuning a transformer on %d items", len(data.texts))
    n_texts = len(data.texts) + sum(map(bool, data.label_texts))
    n_epochs = max(1, min(FIRST.epochs, MAX_TEXTS // n_texts))
    how, start = replace(FIRST, seed=settings.seed, epochs=n_epochs), None
    if around.before is None:
        transformer = SentenceEncoder.open(settings.encoder)
    else:
        joined, labels = around.before
        assert isinstance(joined, JoinedEncoder)
        transformer = joined.first
        start = scale_rows(labels.vectors[:, : transformer.dim])
        how = replace(how, epochs=LAST_EPOCHS, lr=LAST_LR_SHARE * how.lr)
    n_frozen = min(MAX_FROZEN, len(layers_of(transformer.model)) // 2)
    return finetune(
        transformer,
        data.texts,
        data.Y,
        data.label_texts,
        settings=replace(how, frozen_layers=n_frozen),
        parents=data.labels.parents,
        start=start,
        valid=around.valid,
        folder=around.folder,
        n_threads=around.n_threads,
    )
