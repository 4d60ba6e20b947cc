"""What speaks for a label of an item: words, label trees, labelled neighbours, texts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from label_trees.explain import Step, explain_label, path_score
from xmlrec.encode.label_texts import training_text
from xmlrec.models.candidates import BEAM
from xmlrec.models.explanation import (
    Neighbour,
    PathLevel,
    TreeEvidence,
    TreeLevel,
    TreePath,
    Words,
)
from xmlrec.models.judging import Judgement
from xmlrec.models.view import View
from xmlrec.taxonomy import Taxonomy
from xmlrec.taxonomy.node import SEPARATOR
from xmlrec.text.words import ItemWords

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

N_WORDS = 5
"""Words that are listed for a sum, and as many against it."""

N_NEIGHBOURS = 3


class ItemEvidence:
    """What a version of a model makes of one item.

    Parameters
    ----------
    view : View
    judged : Judgement
        Of the item.
    words : ItemWords
        Of the item.
    """

    def __init__(self, view: View, judged: Judgement, words: ItemWords) -> None:
        self.view, self.judged, self.words = view, judged, words
        self._reached = self._search_trees()

    def _search_trees(self) -> list[set[int]]:
        """Return the labels that the beam search of each tree reaches."""
        forest, allowed = self.view.ranker.forest, self.judged.allowed
        in_trees = None if allowed is None else allowed[: forest.n_labels]
        reached = []
        for trained in forest.trees:
            room = max(1, min(forest.n_labels, BEAM * int(trained.tree.reach.sum())))
            alone = replace(forest, trees=(trained,))
            labels, _ = alone.rank(self.judged.X, room, beam=BEAM, allowed=in_trees, n_threads=1)
            reached.append(set(labels[0].tolist()))
        return reached

    def sum_up(self, features: IntArray, products: FloatArray) -> Words:
        """Return the words that features of the item stand for, with their products."""
        words = self.words.weigh(features, products)
        speaking_for = tuple([word for word in words if word.value > 0][:N_WORDS])
        against = tuple([word for word in reversed(words) if word.value < 0][:N_WORDS])
        total = float(sum(word.value for word in words))
        listed = sum(word.value for word in (*speaking_for, *against))
        return Words(total, speaking_for, against, float(total - listed))

    def match(self, features: IntArray, values: FloatArray) -> Words:
        """Return the words of the dot product with some features (rising) and their values."""
        X = self.judged.X
        own, at, other = np.intersect1d(
            X.indices, features, assume_unique=True, return_indices=True
        )
        return self.sum_up(own, X.data[at].astype(np.float64) * values[other])

    def lexical(self, label: int) -> dict[str, Words]:
        """Return the words of the scores that are sums over words, by the name of the term."""
        X, rows = self.judged.X, self.view.ranker.labels
        taught = rows.taught[X.indices][:, [label]].toarray()[:, 0]
        names, paths = rows.names[[label]], rows.paths[[label]]
        return {
            "name words": self.match(names.indices, names.data),
            "path words": self.match(paths.indices, paths.data),
            "taught words": self.sum_up(X.indices, X.data.astype(np.float64) * taught),
        }

    def tree(self, place: int) -> TreeEvidence:
        """Return what the label trees say of a label that was judged."""
        judged, ranker = self.judged, self.view.ranker
        label, score = int(judged.labels[place]), float(np.exp(judged.F[place, 0]))
        if ranker.labels.is_new[label]:
            below = self._is_found_below(int(ranker.labels.parents[label]))
            return TreeEvidence(score, "below the parent" if below else "last found", ())
        is_found = judged.tree_scores[place] > 0
        source = "search" if is_found else "last found" if judged.is_ranked[place] else "pair"
        paths = explain_label(ranker.forest, judged.X, label)
        trees = [
            TreePath(path_score(steps), label in reached, tuple(map(self._level, steps)))
            for steps, reached in zip(paths, self._reached, strict=True)
        ]
        return TreeEvidence(score, source, tuple(trees))

    def _is_found_below(self, parent: int) -> bool:
        """Say whether the trees found a label below ``parent``, -1 standing above all roots."""
        parents = self.view.ranker.labels.parents
        for label in self.judged.labels[self.judged.tree_scores > 0].tolist():
            while label not in (parent, -1):
                label = int(parents[label])
            if label == parent:
                return True
        return False

    def _level(self, step: Step) -> TreeLevel:
        return TreeLevel(
            n_labels=step.labels.size,
            within=common_path(self.view, step.labels.tolist()),
            words=self.sum_up(step.features, step.products),
            bias=step.bias,
            margin=step.margin,
            log_score=step.log_score,
        )

    def path_levels(self, column: int) -> tuple[PathLevel, ...]:
        """Return the categories from the root to ``column``, and what matches their names."""
        taxonomy, features = self.view.taxonomy, self.view.ranker.features
        names, title = taxonomy.path(column), features.blocks[0].fields[0]
        rows = features.transform([{title: name} for name in names], n_threads=1)
        levels = []
        for place, name in enumerate(names):
            row = rows[[place]]
            words = self.match(row.indices, row.data)
            levels.append(PathLevel(place + 1, name, self.words.shared(name), words))
        return tuple(levels)

    def neighbours(self, label: int) -> tuple[Neighbour, ...]:
        """Return the label's items that are nearest to this one; none without vectors."""
        dense, examples = self.view.ranker.dense, self.view.ranker.labels.examples
        if dense is None:
            return ()
        rows = examples.rows[examples.indptr[label] : examples.indptr[label + 1]]
        fact = self.view.facts.get(label)
        added = () if fact is None else fact.examples
        cosines = np.concatenate([examples.vectors[rows], dense.encoder.encode(added)])
        cosines = cosines @ self.judged.E[0]
        nearest = np.argsort(-cosines, kind="stable")[:N_NEIGHBOURS]
        return tuple(
            Neighbour(
                dense.example_texts.text(int(rows[number]))
                if number < rows.size
                else added[number - rows.size],
                float(cosines[number]),
            )
            for number in nearest.tolist()
        )

    def label_texts(self, label: int) -> tuple[str, ...]:
        """Return the texts that the label's vector was made of; none without vectors."""
        if self.view.ranker.dense is None:
            return ()
        fact = self.view.facts.get(label)
        if fact is None:
            path = path_as_trained(self.view.taxonomy, label)
            return (training_text(path[-1], " ".join(path)),)
        texts = (training_text(fact.name, fact.path), fact.definition, *fact.aliases)
        return tuple(filter(None, texts))


def common_path(view: View, labels: Sequence[int]) -> str:
    """Return the path of the deepest category that is above or among all labels; "" for none."""
    columns = labels if view.answers is None else view.answers[labels].tolist()
    paths = [view.taxonomy.path_columns(column) for column in columns if column >= 0]
    common = []
    for at_depth in zip(*paths, strict=False):
        if len(set(at_depth)) > 1:
            break
        common.append(view.taxonomy.names[at_depth[0]])
    return SEPARATOR.join(common)


def path_as_trained(taxonomy: Taxonomy, column: int) -> tuple[str, ...]:
    """Return the path of a category, where it was last if it is no more."""
    names: list[str] = []
    seen = set[int]()
    while column not in seen:  # what was retired together may name each other
        seen.add(column)
        node = taxonomy.node(column)
        if node.is_active or not node.former:
            return (*taxonomy.path(column), *reversed(names))
        parent, name = node.former[-1]
        names.append(name)
        if parent:
            column = taxonomy.column(parent)
    return tuple(reversed(names))
