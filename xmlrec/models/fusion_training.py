"""Training the parts of a ranker twice: for the weights that join them, and for use.

Weights are fitted on items that the parts did not see. A share of the labels is hidden from the
parts as well: to them these are as new as a category that is added later, so that the weights of
new labels are learned too (field name: pseudo-new, or pseudo-unseen, labels).
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from xmlrec.encode import Encoder
from xmlrec.encode.finetune import STATE_FILE
from xmlrec.encode.finetune_settings import ValidationRows
from xmlrec.fuse import FusionWeights, LabelRows, candidate_scores, fit_weights
from xmlrec.models.candidates import find_candidates
from xmlrec.models.parts_training import Circumstances, Parts, stand_in, train_parts
from xmlrec.models.settings import RankerSettings
from xmlrec.models.training_set import TrainingSet
from xmlrec.probabilities import holds

logger = logging.getLogger(__name__)

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

PRIOR_WITHOUT_VECTORS = FusionWeights(
    of_known=np.array([1.5, 2.5, 4.5, 0, 0, 0, 0.1, 0, 0, 0, 0]),
    of_new=np.array([0.5, 2.5, 4.5, 0, 0, 0, -1.0, 0, 0, 0, 0]),
    lead=1.0,
)
PRIOR_WITH_VECTORS = FusionWeights(
    of_known=np.array([0.6, 1.0, 2.0, 0, 6.5, 4.0, 0.1, 0, 0, 0, 0]),
    of_new=np.array([0.3, 2.0, 2.0, 0, 8.0, 0, -1.0, 0, 0, 0, 0]),
    lead=1.0,
)
"""Where rows are too few to say: about what weights come out as on catalogs of products, tools and
tasks, without a teacher and without products of scores."""

HELD_OUT_SHARE = {"fast": 0.25, "balanced": 0.25, "accurate": 0.1}
MAX_HELD_OUT = 5000
"""Rows that weights are fitted on: twelve numbers need no more. A transformer, which sees all rows
at the end but some of them once only, leaves out fewer."""

STATES = ("first", "last")
"""Folders of a transformer's two trainings."""

HIDDEN_SHARE = 0.1
"""Labels that are hidden while weights are fitted."""

MAX_SEEN_LOSS = 0.0005
"""Items that may lose their right answer to a new label, when a tenth of the labels is new. On
other items it comes out at 0.2 to 0.3 %."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """Held-out items with all their candidates, some of them hidden from the parts.

    Attributes
    ----------
    labels : int32 array, shape (n_items, k)
        Candidates, -1 for none.
    F : float32 array, shape (n_items, k, N_SCORES)
    Y : csr_array, shape (n_items, n_labels)
    rows : LabelRows
        What fusion knew of the labels; the hidden ones are new.
    """

    labels: IntArray
    F: FloatArray
    Y: sp.csr_array
    rows: LabelRows

    @property
    def is_new(self) -> BoolArray:
        """Whether a candidate was hidden from the parts, (n_items, k)."""
        return self.rows.is_new[self.labels] & (self.labels >= 0)

    @property
    def is_right(self) -> BoolArray:
        """Whether a candidate is a label of its item, (n_items, k)."""
        return holds(self.Y, self.labels)


class FittedFusion(NamedTuple):
    """The weights of fusion, and what they were fitted on.

    Attributes
    ----------
    weights : FusionWeights
    before : tuple of Encoder and LabelRows, or None
        What was trained for it, if there are vectors.
    judged : JudgedRows or None
        None if there were too few items.
    """

    weights: FusionWeights
    before: tuple[Encoder, LabelRows] | None
    judged: JudgedRows | None


def train_ranker(
    data: TrainingSet,
    settings: RankerSettings,
    *,
    folder: Path | None = None,
    n_threads: int | None = None,
) -> tuple[Parts, LabelRows, FittedFusion]:
    """Return the parts, what they know of the labels, and the fitted fusion.

    A transformer keeps its state of training in ``folder``, if there is one.
    """
    first, last = (None if folder is None else folder / name for name in STATES)
    around = Circumstances(folder=first, n_threads=n_threads)
    fitted = fit_fusion(data, settings, around)
    around = replace(around, before=fitted.before, folder=last)
    return *train_parts(data, settings, around), fitted


def remove_state(folder: Path) -> None:
    """Remove what `train_ranker` kept in ``folder``, and the folder if nothing else is in it."""
    for name in STATES:
        for path in (folder / name / STATE_FILE, folder / name / f"{STATE_FILE}.part"):
            path.unlink(missing_ok=True)
    for path in (*(folder / name for name in STATES), folder):
        with suppress(OSError):  # not there, or not empty
            path.rmdir()


def fit_fusion(data: TrainingSet, settings: RankerSettings, around: Circumstances) -> FittedFusion:
    """Fit the weights of fusion on items and labels that the parts did not see."""
    rng = np.random.default_rng(settings.seed)
    prior = prior_of(settings)
    n_held_out, order = held_out_order(data.X.shape[0], settings, rng)
    held_out, rest = (data.take(np.sort(rows)) for rows in (order[:n_held_out], order[n_held_out:]))
    is_hidden = pseudo_new(rest.labels, rest.Y, rng)
    seen = rest.hide(is_hidden)
    if n_held_out == 0 or np.unique(seen.Y.indices).size < 2:
        return FittedFusion(prior, None, None)
    logger.info("fitting fusion on %d held-out items", n_held_out)
    n_threads = around.n_threads
    around = replace(around, valid=validation_rows(held_out, is_hidden))
    parts, labels = train_parts(seen, replace(settings, n_trees=1), around)
    if data.words:
        labels = replace(labels, taught=stand_in(seen, settings, around))
    labels = replace(labels, names=data.labels.names, is_new=is_hidden)
    E = parts.encode(held_out.texts, n_held_out, n_threads=n_threads)
    candidates = find_candidates(
        held_out.X, E, parts.forest, parts.dense, labels, allowed=None, n_threads=n_threads
    )
    F = candidate_scores(held_out.X, E, candidates, labels, n_threads=n_threads)
    judged = JudgedRows(candidates.labels, F, held_out.Y, labels)
    weights = fit_groups(F, candidates.labels >= 0, judged.is_new, judged.is_right, prior)
    before = None if parts.dense is None else (parts.dense.encoder, labels)
    return FittedFusion(weights, before, judged)


def prior_of(settings: RankerSettings) -> FusionWeights:
    """Return the weights of a preset where no row says anything."""
    return PRIOR_WITH_VECTORS if settings.has_dense else PRIOR_WITHOUT_VECTORS


def held_out_order(
    n_items: int, settings: RankerSettings, rng: np.random.Generator
) -> tuple[int, IntArray]:
    """Return how many items weights are fitted on, and all items in an order: these come first."""
    n_held_out = min(int(HELD_OUT_SHARE[settings.preset] * n_items), MAX_HELD_OUT)
    return n_held_out, rng.permutation(n_items).astype(np.int32)


def validation_rows(data: TrainingSet, is_hidden: BoolArray) -> ValidationRows | None:
    """Return items as rows that say when to stop, those of hidden labels apart."""
    if not data.texts or data.Y.nnz == 0:
        return None
    return ValidationRows(data.texts, data.Y, data.Y @ is_hidden.astype(np.float32) > 0)


def fit_groups(
    F: FloatArray,
    is_candidate: BoolArray,
    is_new: BoolArray,
    is_right: BoolArray,
    prior: FusionWeights,
) -> FusionWeights:
    """Fit the weights of known labels among themselves, then those of new ones beside them.

    So the order of known labels is what it would be if there were no new ones.
    """
    of_known = fit_weights(F, is_candidate & ~is_new, is_right, prior=prior.of_known)
    known = np.where(is_new, 0.0, F @ of_known)
    F_new = np.where(is_new[:, :, np.newaxis], F, 0.0)
    of_new = fit_weights(F_new, is_candidate, is_right, prior=prior.of_new, offset=known)
    scores = np.where(is_candidate, known + F_new @ of_new, -np.inf)
    return FusionWeights(of_known, of_new, lead_to_ask(scores, is_new, is_right))


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
