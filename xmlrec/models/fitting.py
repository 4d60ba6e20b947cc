"""From labelled items to a trained model, the first one of a taxonomy or the next."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xmlrec.models.calibrating import Labelled, calibrate
from xmlrec.models.changing import ModelParts, added_columns
from xmlrec.models.confidence import taxonomy_paths
from xmlrec.models.lineage import Lineage
from xmlrec.models.ranker import TextRanker
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teachers import find_teacher
from xmlrec.models.training import (
    PATHS,
    LabelledItem,
    LabelledItems,
    check_trainable,
    digest_items,
    findable_columns,
    label_items,
    text_items,
)
from xmlrec.models.versions import Version
from xmlrec.models.view import View, known_columns
from xmlrec.taxonomy import Taxonomy
from xmlrec.taxonomy.change_sets import Batch
from xmlrec.taxonomy.changes import Add
from xmlrec.taxonomy.state import TaxonomyState

MAX_NONE = 2000
"""Items that no category fits of which probabilities learn."""

IntArray = np.ndarray[Any, np.dtype[np.int32]]


def fit_parts(
    items: Sequence[LabelledItem],
    taxonomy: Taxonomy | None,
    settings: RankerSettings,
    *,
    strict: bool,
    n_threads: int | None,
    previous: tuple[Lineage, View] | None,
    valid: Sequence[LabelledItem] | None = None,
    folder: Path | None = None,
) -> tuple[ModelParts, LabelledItems]:
    """Train on items that name their category paths; see `TaxonomyClassifier.fit`.

    With ``previous`` the taxonomy is that of its view, and the examples there are items too. On
    ``valid`` probabilities are calibrated, if it is long enough. Items with a text and without any
    path are examples of what no category fits.
    """
    n_items = len(items)
    if previous is not None:
        state = previous[1].state
        taxonomy, items = state.taxonomy, [*items, *example_items(state, settings.text[0])]
    labelled = label_items(items, taxonomy, strict=strict)
    texts = text_items(items, settings.text)
    has_text = np.array([bool(item) for item in texts], dtype=np.bool_)
    usable = np.flatnonzero((np.diff(labelled.Y.indptr) > 0) & has_text)
    Y = labelled.Y[usable]
    counts = np.bincount(Y.indices, minlength=Y.shape[1]).astype(np.int32)
    check_trainable(len(items), labelled, usable.size, counts)
    n_used = int((usable < n_items).sum())
    lineage, state = lineage_of(labelled, previous, n_used)
    known = known_columns(state.taxonomy, columns_to_find(state, counts, len(lineage.origin)))
    train = Labelled(items=[texts[i] for i in usable.tolist()], Y=Y)
    teacher = find_teacher(settings, state.taxonomy, known)
    ranker = TextRanker.fit(
        train.items, Y, known, settings, teacher=teacher, folder=folder, n_threads=n_threads
    )
    calibration = calibrate(
        ranker,
        train,
        known,
        settings,
        taxonomy_paths(state.taxonomy),
        none=[texts[i] for i in np.flatnonzero(~labelled.has_paths & has_text)[:MAX_NONE].tolist()],
        valid=None if valid is None else labelled_in(state.taxonomy, valid, settings),
        teacher=teacher,
        n_threads=n_threads,
    )
    parts = ModelParts(
        settings=settings,
        ranker=ranker,
        calibration=calibration,
        state=state,
        taxonomy_name=taxonomy_name(taxonomy, previous),
        lineage=lineage,
        n_items=n_used,
        data_digest=digest_items(texts, labelled),
        valid_metrics={},
    )
    return parts, labelled


def labelled_in(
    taxonomy: Taxonomy, items: Sequence[LabelledItem], settings: RankerSettings
) -> Labelled:
    """Return items with a text and a path; unknown categories come after those of the taxonomy."""
    labelled, texts = label_items(items, taxonomy), text_items(items, settings.text)
    rows = [i for i in np.flatnonzero(labelled.has_paths).tolist() if texts[i]]
    return Labelled(items=[texts[i] for i in rows], Y=labelled.Y[np.array(rows, dtype=np.int32)])


def example_items(state: TaxonomyState, title: str) -> list[LabelledItem]:
    """Return the examples of categories in use as items with a title."""
    return [
        {title: text, PATHS: [[state.taxonomy.ids[column]]]}
        for column, texts in sorted(state.examples.items())
        if state.taxonomy.is_active[column]
        for text in texts
    ]


def lineage_of(
    labelled: LabelledItems, previous: tuple[Lineage, View] | None, n_items: int
) -> tuple[Lineage, TaxonomyState]:
    """Return where the taxonomy of a trained model comes from, and its state in training."""
    taxonomy = labelled.taxonomy
    if previous is None:
        return Lineage(taxonomy), TaxonomyState(taxonomy)
    lineage, view = previous
    nodes = [taxonomy.node(column) for column in range(len(view.taxonomy), len(taxonomy))]
    added = tuple([Add(node.id, node.name, node.parents) for node in nodes])
    training = Batch(f"training on {n_items:,} items", added)
    text = training.text(view.taxonomy, taxonomy)
    lineage = lineage.trained_again(Version(lineage.number + 1, "", text, training))
    return lineage, TaxonomyState(taxonomy, view.state.examples)


def columns_to_find(state: TaxonomyState, counts: IntArray, n_origin: int) -> IntArray:
    """Return the categories that a ranker is told of: near items, or added since the first one."""
    is_wanted = added_columns(state, n_origin)
    is_wanted[findable_columns(state.taxonomy, counts)] = True
    return np.flatnonzero(is_wanted & state.taxonomy.is_active).astype(np.int32)


def taxonomy_name(taxonomy: Taxonomy | None, previous: tuple[Lineage, View] | None) -> str:
    """Return what result rows call a taxonomy: its file's name, or that of the catalog's paths."""
    if previous is not None:
        return previous[1].taxonomy_name.rpartition("@")[0]
    name = "catalog" if taxonomy is None else Path(taxonomy.source).name
    return os.fsencode(name).decode("utf-8", "replace")
