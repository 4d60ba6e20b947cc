"""`LabelForest`: trained trees that rank together; all that serving needs."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees.checks import check_csr, check_rows
from label_trees.parallel import count_threads
from label_trees.ranking import Ranking
from label_trees.search import rank_labels, score_pairs
from label_trees.weights import TrainedTree, quantize_weights

LOSSES = ("squared_hinge", "logistic")
SCORE_POWERS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelForest:
    """One or several trained trees over the same features and labels.

    Attributes
    ----------
    trees : tuple of TrainedTree
    n_features, n_labels : int
        Columns of ``X`` and ``Y`` in training.
    loss : str
        What the local classifiers were trained with.
    score_power : int
        2 or 3: a local score is exp(-max(0, 1 - margin)^score_power), or, after the logistic
        loss, the sigmoid of the margin.
    """

    trees: tuple[TrainedTree, ...]
    n_features: int
    n_labels: int
    loss: str = "squared_hinge"
    score_power: int = 3

    @property
    def power(self) -> int:
        """Return the power as kernels take it: 0 stands for the sigmoid."""
        return 0 if self.loss == "logistic" else self.score_power

    def quantized(self) -> Self:
        """Return the same trees with weights of 8 bits, 127 steps to the largest of each slot."""
        trees = (
            TrainedTree(trained.tree, quantize_weights(trained.tree, trained.weights))
            for trained in self.trees
        )
        return replace(self, trees=tuple(trees))

    def rank(
        self,
        X: Any,
        k: int = 5,
        *,
        beam: int = 6,
        allowed: Any = None,
        n_threads: int | None = None,
    ) -> Ranking:
        """Return ``(labels, scores)``, int32 and float32 of shape (n_instances, k), best first.

        Parameters
        ----------
        X : sparse array, shape (n_instances, n_features)
        k : int
            Length of each list, at least 1; short ones are padded with -1 and -inf.
        beam : int
            Nodes kept a level.
        allowed : bool array, shape (n_labels,), optional
            Labels that may be ranked.
        n_threads : int, optional
            All processors by default; the result does not depend on it.

        Raises
        ------
        ValueError
            If an argument is out of its limits.
        """
        rows = check_rows(X, n_columns=self.n_features)
        if beam < 1:
            raise ValueError(f"beam must be at least 1, got {beam}")
        if allowed is not None:
            allowed = np.asarray(allowed, dtype=np.bool_)
            if allowed.shape != (self.n_labels,):
                raise ValueError(f"allowed has shape {allowed.shape}, expected ({self.n_labels},)")
        threads = count_threads(n_threads)
        return rank_labels(
            self.trees, rows, k, beam=beam, power=self.power, allowed=allowed,
            n_threads=threads,
        )  # fmt: skip

    def score_pairs(self, X: Any, candidates: Any, *, n_threads: int | None = None) -> sp.csr_array:
        """Return the scores of the stored pairs of ``candidates`` (n_instances, n_labels).

        Pairs whose label is in no tree (it had no training row) are left out: not scored.
        """
        rows = check_rows(X, n_columns=self.n_features)
        candidates = check_csr(candidates, name="candidates", n_columns=self.n_labels)
        if candidates.shape[0] != rows.shape[0]:
            raise ValueError(f"candidates has {candidates.shape[0]} rows and X has {rows.shape[0]}")
        threads = count_threads(n_threads)
        return score_pairs(self.trees, rows, candidates, power=self.power, n_threads=threads)
