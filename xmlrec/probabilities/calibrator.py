"""From fused scores to P(label | item), and to that of every node above.

P(label | item) is logistic in what `xmlrec.probabilities.features` says of a candidate, with
weights of its own for the best candidate, for the others, and for labels that came after training.
Where an item has one path, the probabilities of its candidates add up to 1 at most. What is missing
to 1 is with labels that are no candidates, or with none.

P(node | item) is that of all labels below the node: their sum where an item has one path, else that
of at least one, as if labels came independently. Of what no candidate has, a share that depends on
the depth goes to the nodes in proportion: the right label is often missing where the right branch
is not. So P(child) <= P(parent), and siblings add up to 1 at most where an item has one path.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from label_trees.parallel import count_threads, thread_map
from xmlrec.probabilities.features import ROWS_PER_JOB, Best, LabelFrame
from xmlrec.probabilities.kernels import N_FEATURES, spread_up, weigh_rows

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Float64Array = np.ndarray[Any, np.dtype[np.float64]]
Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

PRIOR = np.array([1.0, -1.0, *[0.0] * (N_FEATURES - 1)])
"""Weights where no row says anything: a probability is the share in the soft maximum."""

PARTS = ("best", "others", "new")


@dataclass(frozen=True, slots=True, eq=False)
class Calibrator:
    """What calibration has learned.

    Attributes
    ----------
    weights : float64 array, shape (3, N_FEATURES + 1)
        Those of `PARTS`, the bias last.
    lifts : float64 array, shape (max_depth,)
        By depth, the share of what no candidate has that goes up; falls with depth.
    is_single : bool
        Whether an item has one path.
    none : float64 array, shape (N_FEATURES + 1,), or (0,)
        Weights of the logit that no category fits, if there were examples of it.
    """

    weights: Float64Array
    lifts: Float64Array
    is_single: bool
    none: Float64Array

    @classmethod
    def untrained(cls, *, is_single: bool, max_depth: int) -> Self:
        """Return a calibrator that knows nothing: shares in the soft maximum."""
        return cls(np.tile(PRIOR, (3, 1)), np.zeros(max_depth), is_single, np.zeros(0))

    def probabilities(
        self, best: Best, frame: LabelFrame, *, n_threads: int | None = None
    ) -> FloatArray:
        """Return P(label | item) of the best candidates, float32 (n_items, N_BEST); 0 for none.

        They fall along a row.
        """
        P = np.zeros(best.labels.shape, dtype=np.float32)

        def fill(lo: int) -> None:
            hi = min(lo + ROWS_PER_JOB, len(P))
            weigh_rows(best.labels, best.Z, frame.is_new, self.weights, self.is_single, lo, hi, P)

        thread_map(fill, range(0, len(P), ROWS_PER_JOB), count_threads(n_threads))
        return P

    def node_probabilities(
        self, labels: IntArray, P: FloatArray, frame: LabelFrame, *, n_threads: int | None = None
    ) -> FloatArray:
        """Return P(node | item) of the nodes on each label's path, float32 (n, k, max_depth).

        The label itself has its own; NaN below it, and where there is no label.
        """
        out = np.full((*labels.shape, frame.paths.shape[1]), np.nan, dtype=np.float32)
        lifts = np.zeros(frame.paths.shape[1])
        n_lifts = min(lifts.size, self.lifts.size)
        lifts[:n_lifts] = self.lifts[:n_lifts]  # a taxonomy may have grown deeper since

        def fill(lo: int) -> None:
            hi = min(lo + ROWS_PER_JOB, len(P))
            spread_up(labels, P, frame.paths, lifts, self.is_single, lo, hi, out)

        thread_map(fill, range(0, len(P), ROWS_PER_JOB), count_threads(n_threads))
        return out

    def none_probabilities(self, best: Best) -> FloatArray:
        """Return P(no category fits | item), float32 (n_items,); 0 without examples of it."""
        if not self.none.size:
            return np.zeros(len(best.labels), dtype=np.float32)
        logits = np.full(len(best.labels), self.none[-1])
        for feature in range(N_FEATURES):  # one by one, so that no batch matters
            logits += self.none[feature] * best.Z[:, 0, feature]
        P: FloatArray = np.exp(-np.logaddexp(0.0, -logits)).astype(np.float32)  # never overflows
        return P

    def to_arrays(self) -> Arrays:
        """Return what `from_arrays` takes."""
        single = np.array(self.is_single)
        return {
            "weights": self.weights, "lifts": self.lifts, "is_single": single, "none": self.none
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave; `ValueError` if the arrays do not fit together."""
        weights, lifts, none = (arrays[name] for name in ("weights", "lifts", "none"))
        if weights.shape != (len(PARTS), N_FEATURES + 1) or lifts.ndim != 1:
            raise ValueError(f"calibration has weights of shape {weights.shape}")
        if none.shape not in ((0,), (N_FEATURES + 1,)):
            raise ValueError(f"calibration has {none.size} weights of no category")
        if not (np.isfinite(weights).all() and np.isfinite(none).all()):
            raise ValueError("calibration has weights that are no numbers")
        is_falling = (np.diff(lifts) <= 0).all() and ((lifts >= 0) & (lifts <= 1)).all()
        if not is_falling or arrays["is_single"].shape != ():
            raise ValueError("calibration has shares that do not fall from 1 to 0, or is damaged")
        return cls(weights, lifts, bool(arrays["is_single"]), none)
