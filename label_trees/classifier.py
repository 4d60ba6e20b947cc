"""`LabelTreeClassifier`: extreme multi-label classification with label trees."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from label_trees.build import build_balanced, build_flat
from label_trees.checks import check_pair, check_weights
from label_trees.forest import LabelForest
from label_trees.label_features import pifa
from label_trees.parallel import count_threads
from label_trees.ranking import Ranking
from label_trees.train import SolverSettings, train_tree
from label_trees.weights import TrainedTree


class LabelTreeClassifier(BaseEstimator):
    """Rank labels by beam search through learned label trees (Parabel; Prabhu et al., WWW 2018).

    Parameters
    ----------
    n_trees : int, default=1
        Trees, each from other random starts; their scores are averaged.
    max_leaf : int, default=100
        Largest number of labels that share a leaf, at least 2.
    max_flat : int, default=400
        Up to this many labels the tree has one level: one-vs-all.
    arity : int, default=32
        Children of an inner node, a power of 2 (binary levels are collapsed).
    C, eps, max_iter, min_weight
        See `label_trees.train.SolverSettings`.
    beam : int, default=10
        Nodes kept a level when ranking.
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
        n_trees: int = 1,
        max_leaf: int = 100,
        max_flat: int = 400,
        arity: int = 32,
        C: float = 1.0,
        eps: float = 0.1,
        max_iter: int = 20,
        min_weight: float = 0.1,
        beam: int = 10,
        random_state: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.n_trees = n_trees
        self.max_leaf = max_leaf
        self.max_flat = max_flat
        self.arity = arity
        self.C = C
        self.eps = eps
        self.max_iter = max_iter
        self.min_weight = min_weight
        self.beam = beam
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
            For settings or arrays out of their limits (NaN, other row counts, no label at all).
        """
        settings = self._check_settings()
        X, Y = check_pair(X, Y)
        weights = check_weights(sample_weight, X.shape[0])
        n_threads = count_threads(self.n_threads)
        labels = np.flatnonzero(np.bincount(Y.indices, minlength=Y.shape[1])).astype(np.int32)
        self.n_features_in_, self.n_labels_ = X.shape[1], Y.shape[1]
        is_flat = labels.size <= max(self.max_leaf, self.max_flat)
        Z = None if is_flat else pifa(X, Y)
        trees = []
        for number in range(1 if is_flat else self.n_trees):
            seed = int(np.random.SeedSequence((self.random_state, number)).generate_state(1)[0])
            if Z is None:
                tree = build_flat(labels, Y.shape[1])
            else:
                tree = build_balanced(
                    Z,
                    labels,
                    max_leaf=self.max_leaf,
                    arity=self.arity,
                    seed=seed,
                    n_threads=n_threads,
                )
            trained = train_tree(
                tree, X, Y, weights, settings=settings, seed=seed, n_threads=n_threads
            )
            trees.append(TrainedTree(tree, trained))
        self.forest_ = LabelForest(trees=tuple(trees), n_features=X.shape[1], n_labels=Y.shape[1])
        return self

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
        for name, least in (("n_trees", 1), ("max_leaf", 2), ("max_flat", 0), ("beam", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.arity < 2 or self.arity & (self.arity - 1):
            raise ValueError(f"arity must be a power of 2, got {self.arity}")
        return SolverSettings(
            C=self.C, eps=self.eps, max_iter=self.max_iter, min_weight=self.min_weight
        )
