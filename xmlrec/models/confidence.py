"""The best categories of items with their probabilities, in one version of a taxonomy."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from xmlrec.metrics.paths import primary_paths
from xmlrec.models.calibrating import Calibration, frame_of
from xmlrec.models.ranker import BLOCK_ITEMS, TextRanker
from xmlrec.probabilities import LabelFrame, Thresholds, describe
from xmlrec.taxonomy import Taxonomy
from xmlrec.text import Item

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Kind = TypeVar("Kind", bound=np.generic)
Values = np.ndarray[Any, np.dtype[Kind]]


class Confident(NamedTuple):
    """The best categories of items, best first.

    Attributes
    ----------
    labels, scores : int32 and float32 array, shape (n_items, N_BEST)
        A ranking, padded with -1 and -inf.
    P : float32 array, shape (n_items, N_BEST)
        P(label | item), falling along a row; 0 for none.
    none : float32 array, shape (n_items,)
        P(no category fits | item).
    """

    labels: IntArray
    scores: FloatArray
    P: FloatArray
    none: FloatArray

    def without(self, is_out: BoolArray) -> "Confident":
        """Return what is left without some places, bool (n_items, N_BEST), the likeliest first."""
        return Confident(
            self.left(self.labels, is_out, -1),
            self.left(self.scores, is_out, -np.inf),
            self.left(self.P, is_out, 0),
            self.none,
        )

    def left(self, values: Values[Kind], is_out: BoolArray, empty: float) -> Values[Kind]:
        """Return ``values`` of places, (n_items, N_BEST, ...), in the places of `without`."""
        order = np.lexsort((-self.P, is_out | (self.labels < 0)))
        shape = (*order.shape, *[1] * (values.ndim - 2))
        kept = np.where(is_out.reshape(shape), values.dtype.type(empty), values)
        left: Values[Kind] = np.take_along_axis(kept, order.reshape(shape), axis=1)
        return left


@dataclass(frozen=True, eq=False)
class Confidence:
    """Makes a ranker's scores into probabilities; never changed.

    Attributes
    ----------
    ranker : TextRanker
    calibration : Calibration
    taxonomy : Taxonomy
    answers : int32 array, shape (n_labels,), or None
        See `xmlrec.models.view.View`.
    """

    ranker: TextRanker
    calibration: Calibration
    taxonomy: Taxonomy
    answers: IntArray | None

    @cached_property
    def frame(self) -> LabelFrame:
        """What probabilities depend on of the ranker's labels; merged ones stand with the other."""
        paths = taxonomy_paths(self.taxonomy)
        if self.answers is not None:
            columns = np.arange(self.answers.size)
            paths = paths[np.where(self.answers >= 0, self.answers, columns)]
        return frame_of(self.ranker.labels, paths)

    def thresholds(self, precision: float) -> Thresholds:
        """Return what probabilities have to reach for a precision; `ValueError` outside (0, 1)."""
        if precision not in self._thresholds:
            held_out = self.calibration.held_out
            self._thresholds[precision] = Thresholds(held_out, self.frame, precision)
        return self._thresholds[precision]

    @cached_property
    def _thresholds(self) -> dict[float, Thresholds]:
        return {}

    def rank(
        self, items: Sequence[Item], allowed: BoolArray | None, n_threads: int | None
    ) -> Confident:
        """Return the best of the ``allowed`` categories (given as the ranker's columns)."""
        starts = range(0, max(len(items), 1), BLOCK_ITEMS)
        blocks = [
            self._rank_block(items[start : start + BLOCK_ITEMS], allowed, n_threads)
            for start in starts
        ]
        return Confident(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))

    def of_nodes(self, confident: Confident, n_threads: int | None) -> FloatArray:
        """Return P(node | item) along each label's path, see `Calibrator.node_probabilities`."""
        return self.calibration.calibrator.node_probabilities(
            confident.labels, confident.P, self.frame, n_threads=n_threads
        )

    def _rank_block(
        self, items: Sequence[Item], allowed: BoolArray | None, n_threads: int | None
    ) -> Confident:
        weighed = self.ranker.weigh(items, allowed=allowed, n_threads=n_threads)
        best = describe(*weighed, self.frame, n_threads=n_threads)
        calibrator = self.calibration.calibrator
        P = calibrator.probabilities(best, self.frame, n_threads=n_threads)
        confident = Confident(best.labels, best.scores, P, calibrator.none_probabilities(best))
        return confident if self.answers is None else self._answered(confident)

    def _answered(self, confident: Confident) -> Confident:
        """Return categories as they are answered; one that is found twice has both chances."""
        assert self.answers is not None
        is_label = confident.labels >= 0
        labels = np.where(is_label, self.answers[confident.labels], -1)
        P, is_single = confident.P.copy(), self.calibration.calibrator.is_single
        is_out = np.zeros(labels.shape, dtype=np.bool_)
        rows = np.arange(len(labels))
        for place in range(1, labels.shape[1]):
            same = labels[:, :place] == labels[:, [place]]
            is_out[:, place] = same.any(axis=1) & (labels[:, place] >= 0)
            first, kept = same.argmax(axis=1), is_out[:, place]
            one, other = P[rows, first][kept], P[kept, place]
            both = one + other if is_single else one + other - one * other
            P[rows[kept], first[kept]] = np.minimum(both, 1.0)
        merged = confident._replace(labels=labels.astype(np.int32), P=P)
        return merged.without(is_out)


def taxonomy_paths(taxonomy: Taxonomy) -> IntArray:
    """Return the columns from the root to each category, -1 below it, (n_labels, max_depth)."""
    paths = primary_paths(taxonomy.primary_parents, taxonomy.depths, n_nodes=len(taxonomy))
    return np.ascontiguousarray(paths[:, :-1].T.astype(np.int32))
