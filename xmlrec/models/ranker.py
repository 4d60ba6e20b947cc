"""`TextRanker`: from items to ranked labels, by text features, label trees and fusion."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees import (
    LabelForest,
    Ranking,
    empty_ranking,
    load_array,
    load_forest,
    save_forest,
)
from xmlrec.fuse import LabelRows, candidate_scores, fit_weights
from xmlrec.models.settings import RankerSettings
from xmlrec.text import Item, TextFeatures, fast_blocks

logger = logging.getLogger(__name__)

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

N_CANDIDATES = 50
"""Labels of an item that are fused; a ranking is never longer, and k only cuts it."""

PRIOR_WEIGHTS = np.array([1.8, 1.5, 2.0, 0.0])
"""Weights of `xmlrec.fuse.candidate_scores` where rows are too few to say: about what they come
out as on catalogs of products, tools and tasks."""

MAX_ITER = 10
"""Sweeps of the solver: on held-out items ten were as good as twenty, in three quarters of the
time."""

HELD_OUT_SHARE = 0.25
MAX_HELD_OUT = 5000
"""Rows that weights are fitted on: four numbers need no more."""


@dataclass(frozen=True, slots=True)
class LabelTexts:
    """What the labels are called that a ranker can find.

    Attributes
    ----------
    columns : int32 array
        Their columns, rising; some may have no training item.
    names, paths : sequence of str
        As many; a path's elements are joined by blanks.
    """

    columns: IntArray
    names: Sequence[str]
    paths: Sequence[str]


class TextRanker:
    """Rank label columns for items.

    Label trees, trained on the items and on every label's name as one more item of it (LEVER;
    Buvanesh et al., ICLR 2024, section 4), give candidates; a weighted sum of `candidate_scores`
    orders them, with weights fitted on items that a first set of trees did not see.

    Attributes
    ----------
    features : TextFeatures
    forest : LabelForest
    labels : LabelRows
    weights : float32 array, shape (N_SCORES,)
    """

    def __init__(
        self, features: TextFeatures, forest: LabelForest, labels: LabelRows, weights: FloatArray
    ) -> None:
        self.features = features
        self.forest = forest
        self.labels = labels
        self.weights = weights.astype(np.float32)

    @classmethod
    def fit(
        cls,
        items: Sequence[Item],
        Y: sp.csr_array,
        texts: LabelTexts,
        settings: RankerSettings,
        *,
        n_threads: int | None = None,
    ) -> Self:
        """Learn from ``items`` and their labels ``Y`` (n_items, n_labels).

        Raises
        ------
        TrainingError
            If no item has a word.
        """
        counts = np.bincount(Y.indices, minlength=Y.shape[1]).astype(np.int32)
        title = settings.text[0]
        names = [{title: name} for name in texts.names]
        paths = [{title: path} for path in texts.paths]
        features = TextFeatures(fast_blocks(settings.text)).fit(
            [*items, *names], n_threads=n_threads
        )
        X = features.transform(items, n_threads=n_threads)
        labels = LabelRows(
            spread_rows(features.transform(names, n_threads=n_threads), texts.columns, Y.shape[1]),
            spread_rows(features.transform(paths, n_threads=n_threads), texts.columns, Y.shape[1]),
            counts,
        )
        weights = fit_fusion(X, Y, labels, settings, n_threads=n_threads)
        logger.info("training label trees on %d items", X.shape[0])
        return cls(features, train_forest(X, Y, labels, settings, n_threads), labels, weights)

    def rank(
        self,
        items: Sequence[Item],
        k: int,
        *,
        allowed: BoolArray | None = None,
        n_threads: int | None = None,
    ) -> Ranking:
        """Return the ``k`` best labels of each item; an item without known words gets none."""
        X = self.features.transform(items, n_threads=n_threads)
        candidates = self.forest.rank(X, N_CANDIDATES, allowed=allowed, n_threads=n_threads)
        F = candidate_scores(X, candidates, self.labels, n_threads=n_threads)
        labels, scores = order_candidates(candidates[0], fuse(F, self.weights), k)
        is_unknown = np.diff(X.indptr) == 0
        labels[is_unknown], scores[is_unknown] = -1, -np.inf
        return labels, scores

    def score(
        self,
        items: Sequence[Item],
        candidates: sp.csr_array,
        *,
        allowed: BoolArray | None = None,
        n_threads: int | None = None,
    ) -> sp.csr_array:
        """Return scores of the stored pairs of ``candidates`` (n_items, n_labels).

        Pairs that cannot be scored (a label that is not findable), or are not ``allowed``, are
        absent. Here every tree scores every pair; in `rank` a tree counts 0 for a label that its
        beam did not reach, so the scores of the two agree but for rounding with one tree only.
        """
        X = self.features.transform(items, n_threads=n_threads)
        pairs = self.forest.score_pairs(X, candidates, n_threads=n_threads)
        n_pairs = np.diff(pairs.indptr)
        rows = np.repeat(np.arange(pairs.shape[0]), n_pairs)
        places = np.arange(pairs.nnz) - np.repeat(pairs.indptr[:-1], n_pairs)
        labels, scores = empty_ranking(pairs.shape[0], max(1, int(n_pairs.max(initial=0))))
        labels[rows, places], scores[rows, places] = pairs.indices, pairs.data
        F = candidate_scores(X, (labels, scores), self.labels, n_threads=n_threads)
        fused = fuse(F, self.weights)[rows, places]
        kept = np.ones(pairs.nnz, dtype=np.bool_) if allowed is None else allowed[pairs.indices]
        return sp.csr_array((fused[kept], (rows[kept], pairs.indices[kept])), shape=pairs.shape)

    def save(self, folder: Path) -> None:
        """Write ``folder/text``, ``folder/trees`` and ``folder/labels``."""
        text, labels = folder / "text", folder / "labels"
        text.mkdir(parents=True)
        labels.mkdir()
        settings = json.dumps(self.features.settings, indent=1) + "\n"
        (text / "features.json").write_text(settings, encoding="utf-8")
        for name, array in self.features.to_arrays().items():
            np.save(text / f"{name}.npy", array)
        save_forest(self.forest, folder / "trees")
        for name in ("names", "paths"):
            rows = getattr(self.labels, name)
            for part in ("indptr", "indices", "data"):
                np.save(labels / f"{name}.{part}.npy", getattr(rows, part))
        np.save(labels / "counts.npy", self.labels.counts)
        np.save(labels / "weights.npy", self.weights)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, memory-mapped.

        Raises
        ------
        ValueError, OSError
            If a file is missing or damaged, or the parts do not fit together.
        """
        settings = json.loads((folder / "text" / "features.json").read_text(encoding="utf-8"))
        features = TextFeatures.from_arrays(settings, load_arrays(folder / "text"))
        forest = load_forest(folder / "trees")
        arrays = load_arrays(folder / "labels")
        shape = (forest.n_labels, forest.n_features)
        names, paths = (
            sp.csr_array(
                tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr")),
                shape=shape,
            )
            for name in ("names", "paths")
        )
        for rows in (names, paths):
            rows.check_format(full_check=True)  # kernels trust the indices
        labels = LabelRows(names, paths, arrays["counts"])
        if (forest.n_features, forest.n_labels) != (features.n_features, labels.counts.size):
            raise ValueError("features, trees and labels come from different models")
        return cls(features, forest, labels, arrays["weights"])


def load_arrays(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a folder by name, memory-mapped."""
    return {path.name.removesuffix(".npy"): load_array(path) for path in folder.glob("*.npy")}


def spread_rows(rows: sp.csr_array, positions: IntArray, n_rows: int) -> sp.csr_array:
    """Return an array of ``n_rows`` rows: ``rows`` at ``positions`` (rising), others empty."""
    sizes = np.zeros(n_rows + 1, dtype=np.int64)
    sizes[positions + 1] = np.diff(rows.indptr)
    return sp.csr_array((rows.data, rows.indices, np.cumsum(sizes)), shape=(n_rows, rows.shape[1]))


def train_forest(
    X: sp.csr_array,
    Y: sp.csr_array,
    labels: LabelRows,
    settings: RankerSettings,
    n_threads: int | None,
) -> LabelForest:
    """Train label trees on items and on the name of every label that has one."""
    from label_trees import LabelTreeClassifier  # imports scikit-learn, which serving need not

    used = np.flatnonzero(np.diff(labels.names.indptr))
    names = sp.csr_array(
        (np.ones(used.size, dtype=np.float32), (np.arange(used.size), used)),
        shape=(used.size, Y.shape[1]),
    )
    classifier = LabelTreeClassifier(
        n_trees=settings.n_trees,
        max_iter=MAX_ITER,
        random_state=settings.seed,
        n_threads=n_threads,
    )
    classifier.fit(sp.vstack([X, labels.names[used]]), sp.vstack([Y, names]))
    forest: LabelForest = classifier.forest_
    return forest


def fit_fusion(
    X: sp.csr_array,
    Y: sp.csr_array,
    labels: LabelRows,
    settings: RankerSettings,
    *,
    n_threads: int | None,
) -> FloatArray:
    """Fit the weights of fusion on items that one tree, trained on the others, ranks."""
    rng = np.random.default_rng(settings.seed)
    n_held_out = min(int(HELD_OUT_SHARE * X.shape[0]), MAX_HELD_OUT)
    order = rng.permutation(X.shape[0])
    held_out, rest = np.sort(order[:n_held_out]), np.sort(order[n_held_out:])
    if n_held_out == 0:
        return PRIOR_WEIGHTS
    logger.info("fitting fusion on %d held-out items", n_held_out)
    seen = np.bincount(Y[rest].indices, minlength=Y.shape[1]).astype(np.int32)
    labels = replace(labels, counts=seen)
    forest = train_forest(X[rest], Y[rest], labels, replace(settings, n_trees=1), n_threads)
    candidates = forest.rank(X[held_out], N_CANDIDATES, n_threads=n_threads)
    F = candidate_scores(X[held_out], candidates, labels, n_threads=n_threads)
    is_right = np.zeros(candidates[0].shape, dtype=np.bool_)
    for place, column in enumerate(candidates[0].T):
        is_right[:, place] = Y[held_out, np.maximum(column, 0)] > 0
    return fit_weights(F, candidates[0] >= 0, is_right, prior=PRIOR_WEIGHTS)


def fuse(F: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sums of scores; added up one by one, so that no batch matters."""
    fused = np.zeros(F.shape[:2], dtype=np.float32)
    for position in range(F.shape[2]):
        fused += F[:, :, position] * np.float32(weights[position])
    return fused


def order_candidates(candidates: IntArray, fused: FloatArray, k: int) -> Ranking:
    """Return the ``k`` best candidates, ties to the lower label."""
    labels, scores = empty_ranking(candidates.shape[0], k)
    fused = np.where(candidates >= 0, fused, -np.inf).astype(np.float32)
    order = np.lexsort((candidates, -fused))[:, :k]
    labels[:, : order.shape[1]] = np.take_along_axis(candidates, order, axis=1)
    scores[:, : order.shape[1]] = np.take_along_axis(fused, order, axis=1)
    return labels, scores


def cross_rank(
    items: Sequence[Item],
    Y: sp.csr_array,
    texts: LabelTexts,
    folds: IntArray,
    k: int,
    settings: RankerSettings,
    *,
    n_threads: int | None = None,
) -> Ranking:
    """Rank every item with a ranker that saw neither it nor its fold.

    Items without a label or a text are ranked, but no ranker learns from them.

    Parameters
    ----------
    folds : int array, shape (n_items,)
        The fold of each item, two different ones at least.

    Returns
    -------
    Ranking
        What calibration and recommendation are fitted on.

    Raises
    ------
    ValueError
        If all items are in one fold.
    """
    if np.unique(folds).size < 2:
        raise ValueError(
            f"{len(items)} items are in fewer than 2 folds: none is left to learn from"
        )
    labels, scores = empty_ranking(len(items), k)
    usable = (np.diff(Y.indptr) > 0) & np.array([bool(item) for item in items], dtype=np.bool_)
    for fold in np.unique(folds):
        held_out, rest = np.flatnonzero(folds == fold), np.flatnonzero((folds != fold) & usable)
        ranker = TextRanker.fit(
            [items[i] for i in rest.tolist()], Y[rest], texts, settings, n_threads=n_threads
        )
        ranking = ranker.rank([items[i] for i in held_out.tolist()], k, n_threads=n_threads)
        labels[held_out], scores[held_out] = ranking
    return labels, scores
