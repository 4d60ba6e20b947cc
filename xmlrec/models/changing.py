"""From a trained model and what changed since to the version that answers."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from xmlrec.models.calibrating import Calibration
from xmlrec.models.confidence import Confidence
from xmlrec.models.lineage import Lineage
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import LabelFacts
from xmlrec.models.settings import RankerSettings
from xmlrec.models.versions import Version
from xmlrec.models.view import View, find_answers, known_columns, with_merged
from xmlrec.taxonomy.change_sets import replay
from xmlrec.taxonomy.changes import Change
from xmlrec.taxonomy.state import TaxonomyState

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]

_TEXTS = ("name", "path", "definition", "aliases", "examples")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelParts:
    """What training made, and what became of the taxonomy since.

    Attributes
    ----------
    settings : RankerSettings
    ranker : TextRanker
        Over the taxonomy of ``state``.
    calibration : Calibration
        What makes its scores into probabilities.
    state : TaxonomyState
        The categories in training.
    taxonomy_name : str
        The taxonomy's source.
    lineage : Lineage
    n_items : int
    data_digest : str
    valid_metrics : dict of str to float
        As `TaxonomyClassifier` has them.
    """

    settings: RankerSettings
    ranker: TextRanker
    calibration: Calibration
    state: TaxonomyState
    taxonomy_name: str
    lineage: Lineage
    n_items: int
    data_digest: str
    valid_metrics: dict[str, float]

    @property
    def is_findable(self) -> BoolArray:
        """Whether the ranker can find a category, shape (n_labels in training,)."""
        is_findable: BoolArray = self.ranker.forest.trees[0].tree.label_slot >= 0
        return is_findable


def open_view(parts: ModelParts, model_name: str) -> View:
    """Return the version in use; nothing is encoded."""
    changes = [version.change for version in parts.lineage.since]
    state = replay(parts.state, changes) if changes else parts.state
    vectors = {
        column: vector
        for version in parts.lineage.since
        if version.vectors is not None
        for column, vector in zip(version.columns, version.vectors, strict=True)
    }
    facts = {
        column: replace(each, vector=vectors.get(column))
        for column, each in changed_facts(parts, state).items()
    }
    return _view(parts, state, facts, model_name)


def next_version(
    parts: ModelParts, view: View, change: Change, model_name: str
) -> tuple[ModelParts, View]:
    """Return the model and its version in use after ``change``; the last version is the new one.

    Raises
    ------
    ChangeError
        If the change cannot be made.
    """
    state = replay(view.state, [change])
    facts = changed_facts(parts, state)
    for column, known in view.facts.items():
        if column in facts and _same_texts(known, facts[column]):
            facts[column] = known
    columns = [column for column in facts if facts[column] is not view.facts.get(column)]
    vectors = parts.ranker.label_vectors([facts[column] for column in columns])
    if vectors.shape[1]:
        for column, vector in zip(columns, vectors, strict=True):
            facts[column] = replace(facts[column], vector=vector)
    version = Version(
        number=parts.lineage.number + 1,
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        text=change.text(view.taxonomy, state.taxonomy),
        change=change,
        columns=tuple(columns) if vectors.shape[1] else (),
        vectors=vectors if vectors.size else None,
    )
    parts = replace(parts, lineage=parts.lineage.with_version(version))
    return parts, _view(parts, state, facts, model_name)


def _view(
    parts: ModelParts, state: TaxonomyState, facts: dict[int, LabelFacts], model_name: str
) -> View:
    taxonomy, lineage = state.taxonomy, parts.lineage
    known = known_columns(taxonomy, answerable(parts, state))
    answers = find_answers(taxonomy)
    findable = with_merged(known, answers)
    is_as_trained = not facts and len(taxonomy) == len(parts.state.taxonomy)
    name = lineage.source(parts.taxonomy_name)
    ranker = parts.ranker if is_as_trained else parts.ranker.with_labels(findable, facts)
    return View(
        state=state,
        ranker=ranker,
        confidence=Confidence(ranker, parts.calibration, taxonomy, answers),
        known=known,
        counts=_counts(parts.ranker.labels.counts, answers, len(taxonomy)),
        answers=answers,
        facts=facts,
        taxonomy_name=f"{name}@sha256:{taxonomy.digest[:12]}",
        model_name=f"{model_name}+v{lineage.number}" if lineage.since else model_name,
    )


def answerable(parts: ModelParts, state: TaxonomyState) -> IntArray:
    """Return the columns of the categories in use that can be found: as trained, or since."""
    if state is parts.state:
        return np.flatnonzero(parts.is_findable).astype(np.int32)
    n_trained = len(parts.state.taxonomy)
    is_answerable = added_columns(state, len(parts.lineage.origin))
    is_back = ~parts.state.taxonomy.is_active & state.taxonomy.is_leaf[:n_trained]
    is_answerable[:n_trained] |= parts.is_findable | is_back
    if (answers := find_answers(state.taxonomy)) is not None:
        found = answers[:n_trained][parts.is_findable]
        is_answerable[found[found >= 0]] = True  # what a merged one is answered with
    return np.flatnonzero(is_answerable & state.taxonomy.is_active).astype(np.int32)


def added_columns(state: TaxonomyState, n_origin: int) -> BoolArray:
    """Return which categories can be found without training, shape (n_labels,).

    Those that have examples, and of those that came after the first ``n_origin`` the leaves.
    """
    is_added: BoolArray = state.taxonomy.is_active & state.taxonomy.is_leaf
    is_added[:n_origin] = False
    is_added[list(state.examples)] = True
    return is_added & state.taxonomy.is_active


def changed_facts(parts: ModelParts, state: TaxonomyState) -> dict[int, LabelFacts]:
    """Return the facts of categories that are not what they were in training, without vectors."""
    is_findable = parts.is_findable
    facts: dict[int, LabelFacts] = {}
    if state is parts.state:
        return facts
    for column in answerable(parts, state).tolist():
        now = _facts(state, column)
        is_trained = column < is_findable.size and is_findable[column]
        if not is_trained or not _same_texts(_facts(parts.state, column), now):
            facts[column] = now
    return facts


def _facts(state: TaxonomyState, column: int) -> LabelFacts:
    node = state.taxonomy.node(column)
    return LabelFacts(
        node.name,
        " ".join(state.taxonomy.path(column)),
        node.definition,
        node.aliases,
        state.examples.get(column, ()),
    )


def _same_texts(one: LabelFacts, other: LabelFacts) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _TEXTS)


def _counts(trained: IntArray, answers: IntArray | None, n_labels: int) -> IntArray:
    """Return the training items of each category, those of merged ones with the other."""
    counts = np.zeros(n_labels, dtype=np.int32)
    counts[: trained.size] = trained
    if answers is None:
        return counts
    merged = np.zeros_like(counts)
    np.add.at(merged, answers[answers >= 0], counts[answers >= 0])
    return merged
