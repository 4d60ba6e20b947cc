"""What a model's answers to labelled items are worth, as figures and as all that a report shows."""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.errors import TrainingError
from xmlrec.metrics import (
    Evaluation,
    auroc,
    brier_score,
    evaluate_ranking,
    expected_calibration_error,
    inverse_propensity,
    log_loss,
)
from xmlrec.models.answers import Answers, item_id
from xmlrec.models.changing import ModelParts
from xmlrec.models.confidence import taxonomy_paths
from xmlrec.models.scope import DEFAULT_PRECISION, Scope
from xmlrec.models.training import LabelledItem, LabelledItems, label_items, text_items
from xmlrec.models.view import View
from xmlrec.probabilities import Thresholds, ancestors_at, holds
from xmlrec.taxonomy import Taxonomy

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_RANKED = 10
LIBRARIES = ("xmlrec", "numpy", "scipy", "scikit-learn", "numba")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessment:
    """Answers to items with paths, and to items that no category fits.

    Attributes
    ----------
    view : View
    items : sequence of mappings
        Those with paths.
    texts : sequence of mappings
        What is read of them.
    labelled : LabelledItems
        All items; its taxonomy has the categories that only they name after the model's own.
    Y : csr_array
        The labels of ``items``.
    answers : Answers
        The best answers to ``items``.
    thresholds : Thresholds
        For `DEFAULT_PRECISION`.
    of_none : float32 array
        The confidence in the best path of each item without any path.
    """

    view: View
    items: Sequence[LabelledItem]
    texts: Sequence[Mapping[str, Any]]
    labelled: LabelledItems
    Y: sp.csr_array
    answers: Answers
    thresholds: Thresholds
    of_none: FloatArray

    @property
    def taxonomy(self) -> Taxonomy:
        """The categories of the columns of ``Y``."""
        return self.labelled.taxonomy


def assess(
    view: View, items: Sequence[LabelledItem], fields: tuple[str, ...], *, n_threads: int | None
) -> Assessment:
    """Answer labelled items; `TrainingError` if none has a path."""
    labelled, texts = label_items(items, view.taxonomy), text_items(items, fields)
    with_path, without = (np.flatnonzero(has) for has in (labelled.has_paths, ~labelled.has_paths))
    if not with_path.size:
        raise TrainingError("no row has a category path: there is nothing to measure against")
    of_rows, of_none = (
        view.decide(
            [texts[i] for i in rows.tolist()],
            Scope(None, None),
            DEFAULT_PRECISION,
            only_sure=False,
            max_paths=None,
            n_threads=n_threads,
        )
        for rows in (with_path, without)
    )
    return Assessment(
        view=view,
        items=[items[i] for i in with_path.tolist()],
        texts=[texts[i] for i in with_path.tolist()],
        labelled=labelled,
        Y=labelled.Y[with_path],
        answers=of_rows,
        thresholds=view.confidence.thresholds(DEFAULT_PRECISION),
        of_none=of_none.confident.P[: without.size, 0],
    )


def measure(assessment: Assessment, n_items: int) -> dict[str, float]:
    """Return all figures: of the ranking, and of the probabilities.

    Of the ranking see `xmlrec.metrics.evaluate_ranking`. Then, as shares of 1: ``ece`` of the top
    path over 10 bins of equal mass, ``ece_level_N`` of its category at level N, ``ece_pairs`` of
    the first ten labels of each item, ``brier``, ``log_loss`` (nats), and ``abstain_auroc`` where
    items without a path are there: the chance that one of them is less sure than another item. In
    percent: ``coverage@p95`` and ``precision@p95``, the share of items whose top path is as sure as
    a precision of 95 asks for, and of these the share that is right (0 if there is none), and
    ``example_f1``, the mean F1 of the paths that hold.
    """
    taxonomy, view = assessment.taxonomy, assessment.view
    labels, P = assessment.answers.confident.labels, assessment.answers.confident.P
    counts = np.zeros(len(taxonomy), dtype=np.int64)
    counts[: view.counts.size] = view.counts
    metrics = evaluate_ranking(
        labels[:, :N_RANKED],
        assessment.Y,
        ancestors=taxonomy.ancestor_matrix(),
        primary_parents=taxonomy.primary_parents,
        depths=taxonomy.depths,
        inv_propensity=inverse_propensity(counts, n_items),
    )
    is_right = holds(assessment.Y, labels)
    metrics["ece"] = expected_calibration_error(P[:, 0], is_right[:, 0])
    metrics |= level_errors(assessment)
    is_label = labels[:, :N_RANKED] >= 0
    if is_label.any():
        metrics["ece_pairs"] = expected_calibration_error(
            P[:, :N_RANKED][is_label], is_right[:, :N_RANKED][is_label]
        )
    metrics["brier"] = brier_score(P[:, 0], is_right[:, 0])
    metrics["log_loss"] = log_loss(P[:, 0], is_right[:, 0])
    is_covered = P[:, 0] >= thresholds_of(assessment)
    metrics["coverage@p95"] = 100 * float(is_covered.mean())
    right = is_right[is_covered, 0]
    metrics["precision@p95"] = 100 * float(right.mean()) if right.size else 0.0
    metrics["example_f1"] = 100 * float(example_f1(assessment, is_right).mean())
    if assessment.of_none.size:
        confidence = np.concatenate([P[:, 0], assessment.of_none])
        is_known = np.arange(confidence.size) < len(P)
        metrics["abstain_auroc"] = auroc(confidence, is_known)
    n_without = assessment.labelled.Y.shape[0] - len(labels)
    return {**metrics, "n_without_category": n_without}


def thresholds_of(assessment: Assessment) -> FloatArray:
    """Return what the top path's probability has to reach, infinite without one."""
    top = assessment.answers.confident.labels[:, 0]
    wanted = assessment.thresholds.of_labels[top].astype(np.float32)
    wanted[top < 0] = np.inf
    return wanted


def level_errors(assessment: Assessment) -> dict[str, float]:
    """Return the calibration error at each level of the top path."""
    top = assessment.answers.confident.labels[:, 0]
    paths = taxonomy_paths(assessment.taxonomy)
    errors = {}
    for depth in range(assessment.answers.of_nodes.shape[2]):
        P = assessment.answers.of_nodes[:, 0, depth]
        has_level = ~np.isnan(P)
        if has_level.any():
            nodes = paths[top[has_level], depth][:, np.newaxis]
            is_right = holds(ancestors_at(assessment.Y, paths, depth)[has_level], nodes)[:, 0]
            errors[f"ece_level_{depth + 1}"] = expected_calibration_error(P[has_level], is_right)
    return errors


def example_f1(assessment: Assessment, is_right: BoolArray) -> FloatArray:
    """Return the F1 of the paths that hold for each item, 0 where none does."""
    n_paths = assessment.answers.decisions.n_paths
    is_held = np.arange(is_right.shape[1]) < n_paths[:, np.newaxis]
    n_true = np.diff(assessment.Y.indptr)
    n_right = (is_right & is_held).sum(axis=1).astype(np.float32)
    f1: FloatArray = np.float32(2) * n_right / np.maximum(n_paths + n_true, 1).astype(np.float32)
    return f1


def evaluation(
    assessment: Assessment, metrics: dict[str, float], facts: Mapping[str, Mapping[str, str]]
) -> Evaluation:
    """Return all that a report shows."""
    taxonomy, confident = assessment.taxonomy, assessment.answers.confident
    n_rows, max_depth = len(confident.labels), int(taxonomy.depths.max(initial=0))
    positions = np.flatnonzero(assessment.labelled.has_paths).tolist()
    levels = np.full((n_rows, max_depth), np.nan, dtype=np.float32)
    levels[:, : assessment.answers.of_nodes.shape[2]] = assessment.answers.of_nodes[:, 0]
    counts = np.zeros(len(taxonomy), dtype=np.int64)
    counts[: assessment.view.counts.size] = assessment.view.counts
    return Evaluation(
        paths=[taxonomy.path_text(column) for column in range(len(taxonomy))],
        names=taxonomy.names,
        primary_parents=taxonomy.primary_parents,
        depths=taxonomy.depths,
        truth=assessment.Y,
        labels=confident.labels,
        probabilities=confident.P,
        level_probabilities=levels,
        thresholds=thresholds_of(assessment),
        ids=[item_id(*pair) for pair in zip(assessment.items, positions, strict=True)],
        texts=[" ".join(map(str, text.values())) for text in assessment.texts],
        label_counts=counts,
        metrics=metrics,
        facts=facts,
        ancestors=taxonomy.ancestor_matrix(),
    )


def facts_of(parts: ModelParts, view: View, source: str, n_rows: int) -> dict[str, dict[str, str]]:
    """Return what a report says of the model and of ``n_rows`` rows of a file."""
    settings, calibration = parts.settings, parts.calibration
    return {
        "Model": {
            "model": view.model_name,
            "preset": settings.preset,
            "trees": settings.tree,
            "fields": ", ".join(settings.text),
            "seed": str(settings.seed),
            "training rows": f"{parts.n_items:,}",
            "paths of an item": "one" if calibration.calibrator.is_single else "several",
            "rows that probabilities are calibrated on": f"{len(calibration.held_out.nodes):,}",
        },
        "Data": {"file": source, "rows": f"{n_rows:,}"},
        "Taxonomy": {
            "taxonomy": view.taxonomy_name,
            "categories": f"{int(view.taxonomy.is_active.sum()):,}",
            "categories with training rows": f"{int((view.counts > 0).sum()):,}",
        },
        "Versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that answers depend on."""
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"Python": platform.python_version(), **found}
