"""A model that the command line trained, what it says of test rows, and out-of-fold rankings."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from bench.catalogs import FIELDS
from bench.confidences import PRECISIONS, Confidences
from bench.datasets import TextSet
from bench.peers import THREADS, K
from bench.product import train_product
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.confidence import Confident
from xmlrec.models.training import LabelledItems, label_items, text_items
from xmlrec.probabilities import holds

N_FOLDS = 5


class Ranked(NamedTuple):
    """The first `K` labels of rows, -1 for none, their scores, and the rows' own labels."""

    labels: np.ndarray
    scores: np.ndarray
    Y: sp.csr_array

    @property
    def is_right(self) -> np.ndarray:
        return holds(self.Y, self.labels)

    @property
    def n_true(self) -> np.ndarray:
        """How many labels each row has."""
        return np.diff(self.Y.indptr)


class Trained:
    """A preset trained on the training rows of a text set, in the folder ``model``."""

    def __init__(self, texts: TextSet, preset: str, model: Path) -> None:
        self.texts, self.preset, self.model = texts, preset, model
        self.classifier = TaxonomyClassifier.load(model, n_threads=THREADS)

    @classmethod
    def on(
        cls, texts: TextSet, preset: str, folder: Path, catalog: Path | None = None
    ) -> "Trained":
        """Train through the command line; on ``catalog`` if there is one."""
        model = folder / preset
        train_product(texts.name, model, "--preset", preset, catalog=catalog)
        return cls(texts, preset, model)

    @property
    def system(self) -> str:
        return f"xmlrec, {self.preset}"

    @cached_property
    def labelled(self) -> LabelledItems:
        """The test rows' labels, in a taxonomy that goes on from the model's."""
        return label_items(self.texts.test, self.classifier.taxonomy_)

    @cached_property
    def confident(self) -> Confident:
        """The best labels of test rows with their probabilities."""
        items = text_items(self.texts.test, FIELDS)
        return self.classifier.view.confide(items, None, THREADS)

    @property
    def ranked(self) -> Ranked:
        """The best labels of test rows with their fused scores."""
        return Ranked(self.confident.labels[:, :K], self.confident.scores[:, :K], self.labelled.Y)

    @cached_property
    def held_out(self) -> Ranked:
        """The same of training rows, by rankers that were trained on the other folds."""
        train = self.texts.train
        ranking = self.classifier.cross_rank(train, N_FOLDS, K)
        return Ranked(*ranking, label_items(train, self.classifier.taxonomy_, strict=True).Y)

    def confidences(self) -> Confidences:
        """Return how sure the model is of each test row's best path."""
        top, P = self.confident.labels[:, 0], self.confident.P[:, 0]
        sure = {}
        for precision in PRECISIONS:
            thresholds = self.classifier.view.confidence.thresholds(precision)
            sure[precision] = (top >= 0) & (thresholds.of_labels[top] <= P)
        return Confidences(P, self.ranked.is_right[:, 0], sure)
