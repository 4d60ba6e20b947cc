"""`LabelTreeClassifier`: extreme multi-label classification with label trees."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from label_trees.build import build_balanced, build_flat, build_kmeans
from label_trees.checks import check_pair, check_weights
from label_trees.forest import SCORE_POWERS, LabelForest
from label_trees.label_features import pifa
from label_trees.parallel import count_threads
from label_trees.ranking import Ranking
from label_trees.train import SolverSettings, train_trees
from label_trees.tree import LabelTree
from label_trees.weights import TrainedTree

IntArray = np.ndarray[Any, np.dtype[np.int32]]


LEARNED = ("balanced", "kmeans")

MANY_LABELS = 10
"""Instances with more labels than that in the mean are ranked by squares by default."""


class LabelTreeClassifier(BaseEstimator):
    """Rank labels by beam search through a label tree.

    Parameters
    ----------
    tree : str or LabelTree, default="balanced"
        ``balanced``: learned by repeated balanced 2-means (Parabel; Prabhu et al., WWW 2018);
        ``kmeans``: learned by k-means, shallow and unbalanced (Bonsai; Khandagale et al., 2020);
        ``flat``: one level, one-vs-all; or a given tree over the columns of ``Y``. Up to
        ``max_flat`` labels a learned tree has one level too.
    n_trees : int, default=1
        Learned trees, each from other random starts; their scores are averaged.
    max_leaf : int, default=100
        Largest number of labels that share a leaf, at least 2.
    max_flat : int, default=400
        Up to this many labels a learned tree has one level.
    arity : int, default=1024
        Largest number of children of an inner node, at least 2; for ``balanced`` a power of 2
        (binary levels are collapsed).
    loss, C, eps, max_iter, min_weight, memory_limit
        See `label_trees.train.SolverSettings`.
    beam : int, default=6
        Nodes kept a level when ranking.
    score_power : int, optional
        A local score is exp(-max(0, 1 - margin)^score_power), 2 (Parabel) or 3 (PECOS). By default
        3, and 2 where instances have more than 10 labels in the mean: each was the better one
        there on held-out rows. The square also holds up better on rows from elsewhere.
    random_state : int, default=0
        Same number and same data: same bytes, whatever ``n_threads`` is.
    n_threads : int, optional
        Threads to use; all processors by default.

    Attributes
    ----------
    forest_ : LabelForest
        The trained trees; `save_forest` writes them and serving needs nothing else.
    n_features_in_, n_labels_ : int
    """

    def __init__(
        self,
        *,
        tree: str | LabelTree = "balanced",
        n_trees: int = 1,
        max_leaf: int = 100,
        max_flat: int = 400,
        arity: int = 1024,
        loss: str = "squared_hinge",
        C: float = 1.0,
        eps: float = 0.01,
        max_iter: int = 20,
        min_weight: float = 0.1,
        memory_limit: int = 2**31,
        beam: int = 6,
        score_power: int | None = None,
        random_state: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.tree = tree
        self.n_trees = n_trees
        self.max_leaf = max_leaf
        self.max_flat = max_flat
        self.arity = arity
        self.loss = loss
        self.C = C
        self.eps = eps
        self.max_iter = max_iter
        self.min_weight = min_weight
        self.memory_limit = memory_limit
        self.beam = beam
        self.score_power = score_power
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: Any, Y: Any, sample_weight: Any = None) -> Self:
        """Build and train the trees.

        Parameters
        ----------
        X : sparse array, shape (n_instances, n_features)
        Y : sparse array, shape (n_instances, n_labels)
            Values in (0, 1]; a value below 1 is a soft label: its loss counts in proportion.
        sample_weight : array, shape (n_instances,), optional
            Positive weights of the instances.

        Raises
        ------
        ValueError
            For settings or arrays out of their limits (NaN, other row counts, no label at all, a
            label with rows that a given tree lacks).
        """
        settings = self._check_settings()
        X, Y = check_pair(X, Y)
        weights = check_weights(sample_weight, X.shape[0])
        n_threads = count_threads(self.n_threads)
        self.n_features_in_, self.n_labels_ = X.shape[1], Y.shape[1]
        seeds, trees = zip(*self._build_trees(X, Y, n_threads), strict=True)
        trained = train_trees(
            trees, X, Y, weights, settings=settings, seeds=seeds, n_threads=n_threads
        )
        self.forest_ = LabelForest(
            trees=tuple(map(TrainedTree, trees, trained)),
            n_features=X.shape[1],
            n_labels=Y.shape[1],
            loss=self.loss,
            score_power=self.score_power or score_power_for(Y),
        )
        return self

    def _build_trees(
        self, X: sp.csr_array, Y: sp.csr_array, n_threads: int
    ) -> Iterator[tuple[int, LabelTree]]:
        """Yield each tree with the seed of its training."""
        seeds = [
            int(np.random.SeedSequence((self.random_state, number)).generate_state(1)[0])
            for number in range(self.n_trees)
        ]
        labels = np.flatnonzero(np.bincount(Y.indices, minlength=Y.shape[1])).astype(np.int32)
        if isinstance(self.tree, LabelTree):
            check_given(self.tree, labels, Y.shape[1])
            yield seeds[0], self.tree
        elif self.tree == "flat" or labels.size <= max(self.max_leaf, self.max_flat):
            yield seeds[0], build_flat(labels, Y.shape[1])
        else:
            Z = pifa(X, Y, n_threads=n_threads)
            build = build_balanced if self.tree == "balanced" else build_kmeans
            for seed in seeds:
                yield (
                    seed,
                    build(
                        Z,
                        labels,
                        max_leaf=self.max_leaf,
                        arity=self.arity,
                        seed=seed,
                        n_threads=n_threads,
                    ),
                )

    def predict(self, X: Any, k: int = 5, *, allowed: Any = None) -> Ranking:
        """Return ``(labels, scores)``, int32 and float32 of shape (n_instances, k), best first.

        Parameters
        ----------
        X : sparse array, shape (n_instances, n_features)
        k : int
            Length of each list, at least 1; short ones are padded with -1 and -inf.
        allowed : bool array, shape (n_labels,), optional
            Labels that may be ranked.
        """
        check_is_fitted(self, "forest_")
        return self.forest_.rank(X, k, beam=self.beam, allowed=allowed, n_threads=self.n_threads)

    def score_pairs(self, X: Any, candidates: Any) -> sp.csr_array:
        """Return the scores of the stored pairs of ``candidates`` (n_instances, n_labels).

        Pairs whose label is not in the trees (it had no training row) are left out.
        """
        check_is_fitted(self, "forest_")
        return self.forest_.score_pairs(X, candidates, n_threads=self.n_threads)

    def _check_settings(self) -> SolverSettings:
        if not (isinstance(self.tree, LabelTree) or self.tree in (*LEARNED, "flat")):
            raise ValueError(
                f"tree must be {', '.join(LEARNED)}, flat or a LabelTree, got {self.tree!r}"
            )
        least = (("n_trees", 1), ("max_leaf", 2), ("max_flat", 0), ("arity", 2), ("beam", 1))
        for name, limit in least:
            if getattr(self, name) < limit:
                raise ValueError(f"{name} must be at least {limit}, got {getattr(self, name)}")
        if self.score_power not in (None, *SCORE_POWERS):
            raise ValueError(f"score_power must be 2 or 3, got {self.score_power}")
        if self.tree == "balanced" and self.arity & (self.arity - 1):
            raise ValueError(f"arity must be a power of 2, got {self.arity}")
        return SolverSettings(
            loss=self.loss,
            C=self.C,
            eps=self.eps,
            max_iter=self.max_iter,
            min_weight=self.min_weight,
            memory_limit=self.memory_limit,
        )


def score_power_for(Y: sp.csr_array) -> int:
    """Return the power that ranks better for as many labels as the instances have."""
    return 2 if Y.nnz > MANY_LABELS * Y.shape[0] else 3


def check_given(tree: LabelTree, labels: IntArray, n_labels: int) -> None:
    """Raise ValueError unless every label with rows is in ``tree``."""
    if tree.n_labels != n_labels:
        raise ValueError(f"the given tree is over {tree.n_labels} labels, Y has {n_labels}")
    missing = labels[tree.label_slot[labels] < 0]
    if missing.size:
        raise ValueError(
            f"{missing.size} labels with rows are not in the given tree, the first is {missing[0]}"
        )
