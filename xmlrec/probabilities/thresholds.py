"""What a probability has to reach for a wanted precision, for each category.

Thresholds are chosen on held-out items: the lowest one above which so many answers are right that
the precision is as wanted, chance allowed for. A category has a threshold of
its own where enough held-out items are answered within it, else that of its parent, and so on up
to all of them together. Labels have thresholds of their own, and so have the nodes of each depth.
"""

from typing import Any, NamedTuple, Self

import numpy as np

from xmlrec.probabilities.calibrator import Calibrator
from xmlrec.probabilities.features import LabelFrame
from xmlrec.probabilities.fitting import Judged, best_nodes, fit_calibrator

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

MIN_ANSWERS = 300
"""Held-out answers within a category before it has a threshold of its own."""

MIN_BELIEVED = 100
"""Held-out answers in all before they say more than the probabilities themselves."""

Z_SCORE = 1.64
"""Standard errors that the precision on held-out items has to lie above the wanted one. The same
items choose the threshold, so on others it comes out lower: with less, further below the wanted."""


class HeldOut(NamedTuple):
    """Answers to held-out items: the best label in column 0, in ``d`` the best node of depth ``d``.

    Attributes
    ----------
    nodes : int32 array, shape (n_items, max_depth + 1)
        -1 for none.
    P : float32 array, same shape
    is_right : bool array, same shape
    """

    nodes: IntArray
    P: FloatArray
    is_right: BoolArray

    @classmethod
    def empty(cls, max_depth: int) -> Self:
        """Return answers to no item."""
        shape = 0, max_depth + 1
        return cls(
            np.zeros(shape, dtype=np.int32),
            np.zeros(shape, dtype=np.float32),
            np.zeros(shape, dtype=np.bool_),
        )

    def first(self, n_items: int) -> "HeldOut":
        """Return the answers to the first items."""
        return HeldOut(self.nodes[:n_items], self.P[:n_items], self.is_right[:n_items])

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return answers from arrays by name; `ValueError` if they do not fit together."""
        held_out = cls(*(arrays[name] for name in cls._fields))
        if len({array.shape for array in held_out}) > 1 or held_out.nodes.ndim != 2:
            raise ValueError("held-out answers are damaged: they are not of one shape")
        nodes, P, is_right = held_out
        is_whole = nodes.dtype == np.int32 and is_right.dtype == np.bool_ and (nodes >= -1).all()
        if not is_whole or not ((P >= 0) & (P <= 1)).all():
            raise ValueError("held-out answers are damaged: a value is out of range")
        return held_out


def held_out_answers(judged: Judged, new: Judged | None, *, is_single: bool) -> HeldOut:
    """Return the answers to items, each by a calibrator that was fitted on the other half."""
    n_items, max_depth = judged.best.labels.shape[0], judged.frame.paths.shape[1]
    answers = HeldOut(
        np.full((n_items, max_depth + 1), -1, dtype=np.int32),
        np.zeros((n_items, max_depth + 1), dtype=np.float32),
        np.zeros((n_items, max_depth + 1), dtype=np.bool_),
    )
    halves = np.arange(n_items) % 2
    for half in (0, 1):
        rows, others = (
            np.flatnonzero(is_part).astype(np.int32) for is_part in (halves == half, halves != half)
        )
        calibrator = fit_calibrator(judged.take(others), new, is_single=is_single)
        _fill(answers, judged.take(rows), rows, calibrator)
    return answers


def _fill(answers: HeldOut, judged: Judged, rows: IntArray, calibrator: Calibrator) -> None:
    P = calibrator.probabilities(judged.best, judged.frame)
    of_nodes = calibrator.node_probabilities(judged.best.labels, P, judged.frame)
    answers.nodes[rows, 0], answers.P[rows, 0] = judged.best.labels[:, 0], P[:, 0]
    answers.is_right[rows, 0] = judged.is_right[:, 0]
    for depth in range(of_nodes.shape[2]):
        nodes, at, is_right = best_nodes(of_nodes, judged, depth)
        p = of_nodes[np.arange(len(at)), at, depth]
        answers.nodes[rows, depth + 1] = nodes
        answers.P[rows, depth + 1] = np.where(nodes >= 0, p, 0.0)
        answers.is_right[rows, depth + 1] = is_right


class Thresholds:
    """Thresholds of labels and of nodes for one wanted precision.

    Parameters
    ----------
    held_out : HeldOut
    frame : LabelFrame
        The categories that can be answered now.
    precision : float
        Between 0 and 1, exclusive.

    Attributes
    ----------
    of_labels : float32 array, shape (n_labels,)
        What P(label | item) has to reach; above 1 if nothing is enough.
    of_nodes : float32 array, shape (n_labels,)
        What P(node | item) has to reach where a node is answered instead of a label below it.
    """

    def __init__(self, held_out: HeldOut, frame: LabelFrame, precision: float) -> None:
        if not 0 < precision < 1:
            raise ValueError(f"precision must be between 0 and 1, got {precision}")
        self.precision = precision
        columns = tuple(array[:, 0] for array in held_out)
        self.of_labels = self._of_kind(columns, frame)
        self.of_nodes = np.full(len(frame.paths), np.inf, dtype=np.float32)
        depths = frame.depths
        for depth in range(1, frame.paths.shape[1] + 1):
            known = min(depth, held_out.nodes.shape[1] - 1)
            columns = tuple(array[:, known] for array in held_out)
            of_kind = self._of_kind(columns, frame)
            self.of_nodes[depths == depth] = of_kind[depths == depth]

    def _of_kind(self, columns: tuple[Any, ...], frame: LabelFrame) -> FloatArray:
        """Return thresholds by category, from the top down."""
        nodes, P, is_right = (column[columns[0] >= 0] for column in columns)
        every = lowest_threshold(P, is_right, self.precision)
        out = np.full(len(frame.paths), every, dtype=np.float32)
        for depth in range(frame.paths.shape[1]):
            above = frame.paths[nodes, depth] if nodes.size else nodes
            counts = np.bincount(above[above >= 0], minlength=len(out))
            own = {
                node: lowest_threshold(P[above == node], is_right[above == node], self.precision)
                for node in np.flatnonzero(counts >= MIN_ANSWERS).tolist()
            }
            for node, threshold in own.items():
                out[frame.paths[:, depth] == node] = threshold
        return out


def lowest_threshold(P: FloatArray, is_right: BoolArray, precision: float) -> float:
    """Return the lowest threshold above which answers are as precise as wanted.

    With fewer than `MIN_BELIEVED` answers it is the precision itself: then probabilities are
    believed. Infinite if no threshold will do.
    """
    if P.size < MIN_BELIEVED:
        return precision
    order = np.argsort(-P, kind="stable")
    n_answers = np.arange(1, P.size + 1)
    n_right = np.cumsum(is_right[order])
    error = Z_SCORE * np.sqrt(precision * (1 - precision) / n_answers)
    is_last = np.append(P[order][1:] != P[order][:-1], True)  # equal probabilities go together
    enough = np.flatnonzero(is_last & (n_right / n_answers >= precision + error))
    return float(P[order][enough[-1]]) if enough.size else float("inf")
