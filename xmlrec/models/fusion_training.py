"""Training the parts of a ranker, and the weights that join them.

Weights are fitted on items that the parts did not see. A share of the labels is hidden from the
parts as well: to them these are as new as a category that is added later, so that the weights of
new labels are learned too (field name: pseudo-new, or pseudo-unseen, labels).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import LabelForest
from xmlrec.encode import Encoder, packaged_encoder
from xmlrec.encode.adaptation import AdaptSettings, adapt
from xmlrec.fuse import GROUP, N_SCORES, LabelRows, candidate_scores, fit_weights
from xmlrec.models.candidates import find_candidates
from xmlrec.models.dense import DenseSide, choose_examples
from xmlrec.models.ranker_training import train_forest
from xmlrec.models.settings import RankerSettings

logger = logging.getLogger(__name__)

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

PRIOR_WEIGHTS = {
    "fast": np.array([1.5, 2.5, 4.5, 0, 0, 0.1] + [0.5, 2.5, 4.5, 0, 0, -1.0] + [1.0]),
    "balanced": np.array([0.6, 1.0, 2.0, 6.5, 4.0, 0.1] + [0.3, 2.0, 2.0, 8.0, 0.0, -1.0] + [1.0]),
}
"""Weights of `xmlrec.fuse.candidate_scores`, and the lead of `xmlrec.fuse.hold_back`, where rows
are too few to say: about what they come out as on catalogs of products, tools and tasks."""

HELD_OUT_SHARE = 0.25
MAX_HELD_OUT = 5000
"""Rows that weights are fitted on: twelve numbers need no more."""

HIDDEN_SHARE = 0.1
"""Labels that are hidden while weights are fitted."""

MAX_SEEN_LOSS = 0.0005
"""Items that may lose their right answer to a new label, when a tenth of the labels is new. On
other items it comes out at 0.2 to 0.3 %."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled items, and what is known of the labels.

    Attributes
    ----------
    X : csr_array of float32, shape (n_items, n_features)
    Y : csr_array, shape (n_items, n_labels)
    texts : sequence of str
        What an encoder reads of each item; empty without one.
    labels : LabelRows
    label_texts : sequence of str
        What an encoder reads of each label, "" for one that is not to be found.
    """

    X: sp.csr_array
    Y: sp.csr_array
    texts: Sequence[str]
    labels: LabelRows
    label_texts: Sequence[str]

    def take(self, rows: IntArray) -> "TrainingSet":
        """Return some of the items."""
        texts = [self.texts[row] for row in rows.tolist()] if self.texts else []
        return replace(self, X=self.X[rows], Y=self.Y[rows], texts=texts)

    def hide(self, is_hidden: BoolArray) -> "TrainingSet":
        """Return what is left for parts that do not know some labels."""
        Y = self.Y @ sp.diags_array((~is_hidden).astype(np.float32), format="csr")
        Y.eliminate_zeros()
        names = sp.diags_array((~is_hidden).astype(np.float32), format="csr") @ self.labels.names
        names.eliminate_zeros()
        counts = np.bincount(Y.indices, minlength=Y.shape[1]).astype(np.int32)
        labels = replace(self.labels, names=sp.csr_array(names), counts=counts)
        hidden = replace(self, Y=sp.csr_array(Y), labels=labels)
        return hidden.take(np.flatnonzero(np.diff(Y.indptr) > 0).astype(np.int32))


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


def train_parts(
    data: TrainingSet, settings: RankerSettings, *, n_threads: int | None
) -> tuple[Parts, LabelRows]:
    """Train label trees and, if the preset has one, the dense side; labels get their vectors."""
    dense, labels = None, data.labels
    if settings.has_dense:
        logger.info("training token vectors on %d items", len(data.texts))
        encoder = adapt_encoder(data, seed=settings.seed, n_threads=n_threads)
        vectors = encoder.encode(data.label_texts, n_threads=n_threads)
        dense = DenseSide(encoder, vectors)
        E = encoder.encode(data.texts, n_threads=n_threads)
        examples = choose_examples(E, data.Y, seed=settings.seed)
        labels = replace(labels, vectors=vectors, examples=examples)
    logger.info("training label trees on %d items", data.X.shape[0])
    forest = train_forest(data.X, data.Y, labels, settings, n_threads=n_threads)
    return Parts(forest, dense), labels


def adapt_encoder(data: TrainingSet, *, seed: int, n_threads: int | None) -> Encoder:
    """Return the packaged encoder with token vectors trained on the items."""
    encoder = packaged_encoder()
    items = encoder.tokenize(data.texts, n_threads=n_threads)
    labels = encoder.tokenize(data.label_texts, n_threads=n_threads)
    settings = AdaptSettings(seed=seed)
    return encoder.with_vectors(adapt(encoder.vectors, items, labels, data.Y, settings=settings))


def fit_fusion(data: TrainingSet, settings: RankerSettings, *, n_threads: int | None) -> FloatArray:
    """Fit the weights of fusion on items and labels that the parts did not see."""
    rng = np.random.default_rng(settings.seed)
    prior = PRIOR_WEIGHTS[settings.preset]
    n_held_out = min(int(HELD_OUT_SHARE * data.X.shape[0]), MAX_HELD_OUT)
    order = rng.permutation(data.X.shape[0])
    held_out, rest = (data.take(np.sort(rows)) for rows in (order[:n_held_out], order[n_held_out:]))
    is_hidden = pseudo_new(rest.labels, rest.Y, rng)
    seen = rest.hide(is_hidden)
    if n_held_out == 0 or np.unique(seen.Y.indices).size < 2:
        return prior
    logger.info("fitting fusion on %d held-out items", n_held_out)
    parts, labels = train_parts(seen, replace(settings, n_trees=1), n_threads=n_threads)
    labels = replace(labels, names=data.labels.names, is_new=is_hidden)
    E = parts.encode(held_out.texts, n_held_out, n_threads=n_threads)
    candidates = find_candidates(
        held_out.X, E, parts.forest, parts.dense, labels, allowed=None, n_threads=n_threads
    )
    F = candidate_scores(held_out.X, E, candidates, labels, n_threads=n_threads)
    is_right = np.zeros(candidates.labels.shape, dtype=np.bool_)
    for place, column in enumerate(candidates.labels.T):
        is_own = held_out.Y[np.arange(n_held_out), np.maximum(column, 0)] > 0
        is_right[:, place] = is_own & (column >= 0)
    return fit_groups(F, candidates.labels >= 0, is_hidden[candidates.labels], is_right, prior)


def fit_groups(
    F: FloatArray,
    is_candidate: BoolArray,
    is_new: BoolArray,
    is_right: BoolArray,
    prior: FloatArray,
) -> FloatArray:
    """Fit the weights of known labels among themselves, then those of new ones beside them.

    So the order of known labels is what it would be if there were no new ones.
    """
    of_known = fit_weights(F[:, :, :GROUP], is_candidate & ~is_new, is_right, prior=prior[:GROUP])
    known = F[:, :, :GROUP] @ of_known
    of_new = fit_weights(
        F[:, :, GROUP:], is_candidate, is_right, prior=prior[GROUP:N_SCORES], offset=known
    )
    scores = np.where(is_candidate, known + F[:, :, GROUP:] @ of_new, -np.inf)
    return np.concatenate([of_known, of_new, [lead_to_ask(scores, is_new, is_right)]])


def lead_to_ask(scores: FloatArray, is_new: BoolArray, is_right: BoolArray) -> float:
    """Return by how much a new label has to lead the best known one to come first.

    Of the items whose best known label is right and that have no new one, at most `MAX_SEEN_LOSS`
    may lose it to a new label.
    """
    known, new = np.where(is_new, -np.inf, scores), np.where(is_new, scores, -np.inf)
    best = known.argmax(axis=1)
    is_at_risk = is_right[np.arange(len(best)), best] & ~(is_right & is_new).any(axis=1)
    lead = (new.max(axis=1) - known.max(axis=1))[is_at_risk]
    n_allowed = int(MAX_SEEN_LOSS * (~(is_right & is_new).any(axis=1)).sum())
    if lead.size <= n_allowed:
        return 0.0
    return max(0.0, float(np.sort(lead)[-n_allowed - 1]))


def pseudo_new(labels: LabelRows, Y: sp.csr_array, rng: np.random.Generator) -> BoolArray:
    """Choose labels to hide: a share of those with items whose parent keeps another such label."""
    has_items = np.bincount(Y.indices, minlength=Y.shape[1]) > 0
    is_hidden = np.zeros(has_items.size, dtype=np.bool_)
    with_items = np.flatnonzero(has_items)
    left = np.bincount(labels.parents[with_items] + 1, minlength=has_items.size + 1)
    n_hidden = int(HIDDEN_SHARE * with_items.size)
    for label in rng.permutation(with_items).tolist():
        if is_hidden.sum() == n_hidden:
            break
        if left[labels.parents[label] + 1] > 1:
            left[labels.parents[label] + 1] -= 1
            is_hidden[label] = True
    return is_hidden
