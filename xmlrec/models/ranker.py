"""`TextRanker`: from items to ranked labels, by text features, label trees and fusion."""

import json
import logging
from collections.abc import Sequence
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
from xmlrec.fuse import LabelRows, candidate_scores, fuse, order_candidates
from xmlrec.models.ranker_training import (
    BEAM,
    N_CANDIDATES,
    KnownLabels,
    fit_fusion,
    spread_rows,
    train_forest,
)
from xmlrec.models.settings import RankerSettings
from xmlrec.text import Item, TextFeatures, fast_blocks

logger = logging.getLogger(__name__)

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


class TextRanker:
    """Rank label columns for items.

    Label trees give candidates. They are trained on the items and on every label's name as one
    more item of it (as LEVER does; Buvanesh et al., ICLR 2024). A weighted sum of
    `candidate_scores` orders them, its weights fitted on items that a first tree did not see.

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
        known: KnownLabels,
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
        names = [{title: name} for name in known.names]
        paths = [{title: path} for path in known.paths]
        features = TextFeatures(fast_blocks(settings.text)).fit(
            [*items, *names], n_threads=n_threads
        )
        X = features.transform(items, n_threads=n_threads)
        labels = LabelRows(
            spread_rows(features.transform(names, n_threads=n_threads), known.columns, Y.shape[1]),
            spread_rows(features.transform(paths, n_threads=n_threads), known.columns, Y.shape[1]),
            counts,
        )
        parents = known.parents
        weights = fit_fusion(X, Y, labels, settings, parents=parents, n_threads=n_threads)
        logger.info("training label trees on %d items", X.shape[0])
        forest = train_forest(X, Y, labels, settings, parents=parents, n_threads=n_threads)
        return cls(features, forest, labels, weights)

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
        candidates = self.forest.rank(
            X, N_CANDIDATES, beam=BEAM, allowed=allowed, n_threads=n_threads
        )
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

        Pairs that cannot be scored (a label that is not findable, an item without known words), or
        are not ``allowed``, are absent. Here every tree scores every pair; in `rank` a tree counts
        0 for a label that its beam did not reach, so the scores of the two agree but for rounding
        with one tree only.
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
        kept = (np.diff(X.indptr) > 0)[rows]
        if allowed is not None:
            kept &= allowed[pairs.indices]
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
