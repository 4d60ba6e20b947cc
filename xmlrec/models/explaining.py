"""Why an item is answered with a category: the terms of its score, level by level."""

from collections.abc import Sequence

import numpy as np

from xmlrec.fuse.scores import NAMES
from xmlrec.models.evidence import ItemEvidence, path_as_trained
from xmlrec.models.explanation import HELD_BACK, Explanation, Rival, Term, Words
from xmlrec.models.view import View
from xmlrec.taxonomy import Taxonomy
from xmlrec.taxonomy.node import SEPARATOR
from xmlrec.text import Item
from xmlrec.text.words import ItemWords


def explain(
    view: View, item: Item, k: int = 1, *, category: int | None = None
) -> list[Explanation]:
    """Return why an item has its ``k`` best categories, best first, or why it has another.

    Parameters
    ----------
    view : View
    item : str or mapping of str to str
    category : int, optional
        The column of the one category to explain; one that the item cannot have a score in (it
        cannot be found, or the item has no known word) gives an empty list, as does such an item.
    """
    asked = [] if category is None else found_by(view, category)
    allowed = None if view.answers is None else view.answers >= 0
    judged = view.ranker.judge(item, asked, allowed=allowed)
    if not judged.labels.size:
        return []
    answers = judged.labels if view.answers is None else view.answers[judged.labels]
    order = np.lexsort((judged.labels, answers, -judged.scores))
    best: dict[int, int] = {}  # the place of each answer: of what is answered twice, the best
    ranked: dict[int, int] = {}
    for place in order.tolist():
        best.setdefault(int(answers[place]), place)
        if judged.is_ranked[place]:
            ranked.setdefault(int(answers[place]), place)
    if view.answers is not None:  # both chances of a merged one decide where it comes
        answered = view.confide([item], None, 1).labels[0].tolist()
        ranked = {column: ranked[column] for column in [*answered, *ranked] if column in ranked}
    columns = list(ranked)[:k] if category is None else [category] if category in best else []
    evidence = ItemEvidence(view, judged, ItemWords(view.ranker.features, item))
    places = ranked if category is None else best
    return [_explanation(evidence, column, places[column], ranked) for column in columns]


def found_by(view: View, category: int) -> list[int]:
    """Return the columns that are answered with a category: itself, and those merged into it."""
    if view.answers is None:
        return [category]
    found: list[int] = np.flatnonzero(view.answers == category).tolist()
    return found


def _explanation(
    evidence: ItemEvidence, column: int, place: int, ranked: dict[int, int]
) -> Explanation:
    view, judged = evidence.view, evidence.judged
    label = int(judged.labels[place])
    score, fused = float(judged.scores[place]), float(judged.fused[place])
    other = next((answer for answer in ranked if answer != column), None)
    found_as = None
    if label != column:
        found_as = SEPARATOR.join(path_as_trained(view.taxonomy, label))
    return Explanation(
        category_id=view.taxonomy.ids[column],
        path_text=view.taxonomy.path_text(column),
        score=score,
        fused=fused,
        held_back=score - fused,
        is_new=bool(view.ranker.labels.is_new[label]),
        found_as=found_as,
        terms=terms_of(evidence, place, evidence.lexical(label)),
        tree=evidence.tree(place),
        label_texts=evidence.label_texts(label),
        neighbours=evidence.neighbours(label),
        levels=evidence.path_levels(column),
        rival=None if other is None else _rival(evidence, (column, place), (other, ranked[other])),
    )


def terms_of(evidence: ItemEvidence, place: int, words: dict[str, Words]) -> tuple[Term, ...]:
    """Return the terms of the fused score of a label that was judged."""
    judged, ranker = evidence.judged, evidence.view.ranker
    is_new = ranker.labels.is_new[judged.labels[place]]
    weights = ranker.weights.of_new if is_new else ranker.weights.of_known
    return tuple(
        Term(name, score, weight, score * weight, words.get(name))
        for name, score, weight in zip(
            NAMES, judged.F[place].tolist(), weights.astype(np.float32).tolist(), strict=True
        )
    )


def _rival(evidence: ItemEvidence, own: tuple[int, int], other: tuple[int, int]) -> Rival:
    """Return what the other one, a column and its place, differs in."""
    judged, taxonomy = evidence.judged, evidence.view.taxonomy
    (column, place), (of_rival, at) = own, other
    pairs = zip(terms_of(evidence, place, {}), terms_of(evidence, at, {}), strict=True)
    terms = {one.name: one.value - another.value for one, another in pairs}
    held_back = judged.scores.astype(np.float64) - judged.fused
    depth, names = parting(taxonomy, column, of_rival)
    return Rival(
        category_id=taxonomy.ids[of_rival],
        path_text=taxonomy.path_text(of_rival),
        score=float(judged.scores[at]),
        margin=float(judged.scores[place]) - float(judged.scores[at]),
        terms={**terms, HELD_BACK: float(held_back[place] - held_back[at])},
        depth=depth,
        names=names,
    )


def parting(
    taxonomy: Taxonomy, column: int, other: int
) -> tuple[int, tuple[str | None, str | None]]:
    """Return the first depth at which the paths of two categories differ, and their names there."""
    paths: Sequence[tuple[int, ...]] = [taxonomy.path_columns(each) for each in (column, other)]
    depth = 0
    while all(depth < len(path) for path in paths) and paths[0][depth] == paths[1][depth]:
        depth += 1
    one, another = (taxonomy.names[p[depth]] if depth < len(p) else None for p in paths)
    return depth + 1, (one, another)
