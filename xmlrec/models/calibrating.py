"""Calibrating a ranker on items that neither it nor its fusion saw.

`fast` and `balanced` are trained again without a tenth of the items, up to three times, each time
another tenth: only then are the held-out items as strange to the ranker as new ones will be, their
words and their categories too. A transformer is not: `accurate` is calibrated on the items that its
fusion was fitted on, with weights that were fitted on the other half of them.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from xmlrec.fuse import LabelRows, fuse, hold_back
from xmlrec.models.fusion_training import JudgedRows, fit_groups, held_out_order, prior_of
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_files import load_arrays, save_arrays
from xmlrec.models.ranker_training import KnownLabels
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teaching import Teacher
from xmlrec.probabilities import (
    Calibrator,
    HeldOut,
    Judged,
    LabelFrame,
    describe,
    fit_calibrator,
    held_out_answers,
)
from xmlrec.text import Item

logger = logging.getLogger(__name__)

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

FOLD_SHARE = 0.1
MAX_FOLDS = 3
WANTED_ITEMS = 2500
"""Folds are added until there are so many items."""

MAX_ITEMS = 5000
MIN_ITEMS = 20
"""Fewer say nothing: probabilities are then shares in the soft maximum."""

MIN_VALID = 200
"""Validation items that are calibrated on instead."""

MANY_SHARE = 0.01
"""Items with more than one path, above which an item may have several."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What makes scores into probabilities, and what thresholds are chosen on.

    Attributes
    ----------
    calibrator : Calibrator
    held_out : HeldOut
    """

    calibrator: Calibrator
    held_out: HeldOut

    def save(self, folder: Path) -> None:
        """Write both into ``folder``."""
        save_arrays(folder, self.calibrator.to_arrays() | self.held_out._asdict())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; `ValueError` or `OSError` for damage."""
        arrays = load_arrays(folder)
        names = {"weights", "lifts", "is_single", "none", *HeldOut._fields}
        if arrays.keys() != names:
            raise ValueError(f"{folder} has other files than a calibration's")
        return cls(Calibrator.from_arrays(dict(arrays)), HeldOut.from_arrays(dict(arrays)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Items with their labels.

    Attributes
    ----------
    items : sequence of mapping of str to str
    Y : csr_array, shape (n_items, n_labels)
    """

    items: Sequence[Item]
    Y: sp.csr_array

    def take(self, rows: IntArray) -> "Labelled":
        """Return some of them."""
        return Labelled(items=[self.items[row] for row in rows.tolist()], Y=self.Y[rows])


def calibrate(
    ranker: TextRanker,
    train: Labelled,
    known: KnownLabels,
    settings: RankerSettings,
    paths: IntArray,
    *,
    none: Sequence[Item] = (),
    valid: Labelled | None = None,
    teacher: Teacher | None = None,
    n_threads: int | None = None,
) -> Calibration:
    """Return the calibration of a ranker that was trained on ``train``.

    Parameters
    ----------
    known : KnownLabels
        The labels that it was told of.
    paths : int32 array, shape (n_labels, max_depth)
        See `xmlrec.probabilities.LabelFrame`.
    none : sequence of items
        Items that no category fits, which it was not trained on.
    valid : Labelled, optional
        Items to calibrate on; without them, or with few, some of ``train`` are.
    """
    is_single = settings.paths == "one"
    if settings.paths is None:
        is_single = bool((np.diff(train.Y.indptr) > 1).mean() <= MANY_SHARE)
    fused = ranker.fusion
    judged_rows = None if fused is None else fused.judged
    new = None if judged_rows is None else judged_again(judged_rows, settings, paths)
    if valid is not None and len(valid.items) >= MIN_VALID:
        parts = [judge(ranker, valid, paths, n_threads=n_threads)]
    elif settings.has_transformer:
        parts = [] if new is None else [without_new(new)]
    else:
        rankers = rankers_of_folds(
            ranker, train, known, settings, teacher=teacher, n_threads=n_threads
        )
        parts = [judge(one, held_out, paths, n_threads=n_threads) for one, held_out in rankers]
    judged = join(parts) if parts else None
    if judged is None or judged.Y.shape[0] < MIN_ITEMS:
        untrained = Calibrator.untrained(is_single=is_single, max_depth=paths.shape[1])
        return Calibration(untrained, HeldOut.empty(paths.shape[1]))
    logger.info("calibrating on %d held-out items", judged.Y.shape[0])
    n_counted = judged.Y.shape[0]
    if none:
        empty = sp.csr_array((len(none), judged.Y.shape[1]), dtype=np.float32)
        of_none = judge(ranker, Labelled(items=none, Y=empty), paths, n_threads=n_threads)
        share = n_counted / len(train.items)
        n_counted += round(share * len(none))
        judged = join([judged, replace(of_none, weights=share * of_none.weights)])
    calibrator = fit_calibrator(judged, new, is_single=is_single)
    answers = held_out_answers(judged, new, is_single=is_single)
    # thresholds know no weights: of what no category fits as much as there is among items
    return Calibration(calibrator, answers.first(n_counted))


def rankers_of_folds(
    ranker: TextRanker,
    train: Labelled,
    known: KnownLabels,
    settings: RankerSettings,
    *,
    teacher: Teacher | None,
    n_threads: int | None,
) -> Iterator[tuple[TextRanker, Labelled]]:
    """Yield rankers that were trained without a fold each, and the fold.

    Items that fusion was fitted on are in no fold. A label that has lost all its items is unknown,
    as one would be that only a new item has; if others are known by their names alone, so is it.
    """
    n_items = len(train.items)
    n_fused, order = held_out_order(n_items, settings, np.random.default_rng(settings.seed))
    rest, size = order[n_fused:], min(int(FOLD_SHARE * n_items), MAX_ITEMS)
    if size * MAX_FOLDS < MIN_ITEMS:
        return
    counts = np.bincount(train.Y.indices, minlength=train.Y.shape[1])
    groups = groups_of(train.items, settings.text)
    rest = rest[np.argsort(first_places(groups[rest]), kind="stable")]
    n_folds = min(MAX_FOLDS, -(-WANTED_ITEMS // size))
    for fold in range(n_folds):
        logger.info("training without fold %d of %d, to calibrate on it", fold + 1, n_folds)
        held_out = np.sort(rest[fold * size : (fold + 1) * size])
        is_kept = ~np.isin(groups, groups[held_out])
        kept = train.take(np.flatnonzero(is_kept).astype(np.int32))
        left = np.bincount(kept.Y.indices, minlength=counts.size)
        if np.count_nonzero(left) < 2:
            return
        are_all_trained = bool((counts[known.columns] > 0).all())
        one = TextRanker.fit(
            kept.items,
            kept.Y,
            known.take(left[known.columns] > 0) if are_all_trained else known,
            settings,
            teacher=teacher,
            weights=ranker.weights,
            n_threads=n_threads,
        )
        yield one, train.take(held_out)


def groups_of(items: Sequence[Item], fields: Sequence[str]) -> IntArray:
    """Return a number for each item, the same for items whose texts but for the title are one.

    Such items come in groups, such as the works of an artist or the sizes of a shoe, and new items
    are mostly of new groups. A text that more items have than a fold holds, such as "no
    description", makes no group.
    """
    keys = [
        tuple([item.get(field) for field in fields[1:]]) if isinstance(item, Mapping) else ()
        for item in items
    ]
    n_with = Counter(keys)
    numbers: dict[object, int] = {}
    groups = np.empty(len(keys), dtype=np.int32)
    for position, key in enumerate(keys):
        is_group = any(key) and n_with[key] <= FOLD_SHARE * len(keys)
        groups[position] = numbers.setdefault(key if is_group else position, len(numbers))
    return groups


def first_places(groups: IntArray) -> IntArray:
    """Return for each item the place of the first one of its group."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    places: IntArray = first[inverse].astype(np.int32)
    return places


def judge(
    ranker: TextRanker, labelled: Labelled, paths: IntArray, *, n_threads: int | None
) -> Judged:
    """Return what a ranker makes of items that it has not seen."""
    frame = frame_of(ranker.labels, paths)
    weighed = ranker.weigh(labelled.items, n_threads=n_threads)
    best = describe(*weighed, frame, n_threads=n_threads)
    return Judged(best, labelled.Y, np.ones(len(labelled.items)), frame)


def frame_of(labels: LabelRows, paths: IntArray) -> LabelFrame:
    """Return what probabilities depend on of a ranker's labels."""
    return LabelFrame(labels.counts, labels.parents, labels.is_new, paths)


def judged_again(judged: JudgedRows, settings: RankerSettings, paths: IntArray) -> Judged:
    """Return what fusion was fitted on, each half weighed by what the other half gives."""
    scores = np.zeros(judged.labels.shape, dtype=np.float32)
    halves = np.arange(len(scores)) % 2
    is_label, is_new, is_right = judged.labels >= 0, judged.is_new, judged.is_right
    for half in (0, 1):
        own, other = halves == half, halves != half
        weights = fit_groups(
            judged.F[other], is_label[other], is_new[other], is_right[other], prior_of(settings)
        )
        fused = fuse(judged.F[own], is_new[own], weights)
        scores[own] = hold_back(judged.labels[own], fused, is_new[own], weights.lead)
    frame = frame_of(judged.rows, paths)
    best = describe(judged.labels, scores, judged.F, frame)
    return Judged(best, judged.Y, np.ones(len(scores)), frame)


def without_new(judged: Judged) -> Judged:
    """Return the items without a new label, whose candidates are trained ones."""
    is_new = judged.frame.is_new
    rows = np.flatnonzero(judged.Y @ is_new.astype(np.float32) == 0).astype(np.int32)
    kept = judged.take(rows)
    labels = np.where(is_new[kept.best.labels], -1, kept.best.labels)
    order = np.argsort(labels < 0, axis=1, kind="stable")
    best = replace(
        kept.best,
        labels=np.take_along_axis(labels, order, axis=1),
        scores=np.take_along_axis(kept.best.scores, order, axis=1),
        Z=np.take_along_axis(kept.best.Z, order[:, :, np.newaxis], axis=1),
    )
    return replace(kept, best=best)


def join(parts: Sequence[Judged]) -> Judged:
    """Return the items of several rankers; the frame is that of the first."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0].best
    best = replace(
        first,
        labels=np.concatenate([part.best.labels for part in parts]),
        scores=np.concatenate([part.best.scores for part in parts]),
        Z=np.concatenate([part.best.Z for part in parts]),
    )
    Y = sp.csr_array(sp.vstack([part.Y for part in parts], format="csr"))
    weights = np.concatenate([part.weights for part in parts])
    return Judged(best, Y, weights, parts[0].frame)
