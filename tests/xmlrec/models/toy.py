"""A catalog of made-up words, and an encoder that knows which of them mean the same.

Label ``i`` below department ``i % N_DEPARTMENTS`` is called by the first word of topic ``i``, in
Latin letters; its items use the other words of the topic, in Greek ones, so that they share nothing
with any name. The vectors of a topic's words are close. Topics beyond the labels are for labels
that come later; the names of some of them stand in an item of another label.
"""

from functools import cache
from unittest.mock import patch

import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.encode import StaticEncoder, WordPieces
from xmlrec.models import RankerSettings, parts_training
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import KnownLabels, LabelFacts

N_DEPARTMENTS = 20
N_LEAVES = 420
N_LABELS = N_DEPARTMENTS + N_LEAVES
N_TOPICS = N_LEAVES + 48
PER_TOPIC = 4
ITEMS_PER_LEAF = 3
DIM = 24

SETTINGS = {
    "fast1": RankerSettings(preset="fast", text=("title",), n_trees=1),
    "fast3": RankerSettings(preset="fast", text=("title",), n_trees=3),
    "balanced": RankerSettings(preset="balanced", text=("title",), n_trees=1),
}


ALL_RANKERS = pytest.mark.parametrize("name", sorted(SETTINGS))


def make_words(n_words):
    """Return different words of six letters."""
    syllables = [f"{c}{v}" for c in "bdfgklmnprtz" for v in "aeiou"]
    numbers = np.random.default_rng(0).choice(len(syllables) ** 3, n_words, replace=False)
    return [
        "".join(syllables[number // 60**place % 60] for place in range(3))
        for number in numbers.tolist()
    ]


GREEK = str.maketrans("abdefgiklmnoprtuz", "αβδεφγικλμνοπρτυζ")
WORDS = make_words(N_TOPICS * PER_TOPIC + N_DEPARTMENTS)
DEPARTMENTS, WORDS = WORDS[:N_DEPARTMENTS], WORDS[N_DEPARTMENTS:]
WORDS = [w if n % PER_TOPIC == 0 else w.translate(GREEK) for n, w in enumerate(WORDS)]
TOPICS = [WORDS[PER_TOPIC * i : PER_TOPIC * (i + 1)] for i in range(N_TOPICS)]


def toy_encoder():
    """Return an encoder of all words; the words of a topic have a cosine of about 0.8."""
    rng = np.random.default_rng(1)
    centers = np.repeat(rng.normal(size=(N_TOPICS, DIM)), PER_TOPIC, axis=0)
    centers = np.vstack([centers, rng.normal(size=(N_DEPARTMENTS, DIM))])
    vectors = centers + 0.5 * rng.normal(size=centers.shape)
    return StaticEncoder(WordPieces([*WORDS, *DEPARTMENTS]), vectors.astype(np.float32), name="toy")


def department_of(topic):
    return topic % N_DEPARTMENTS


def facts_of(topic, **more):
    """Return what is known of the label of a topic."""
    name = TOPICS[topic][0]
    return LabelFacts(name, f"{DEPARTMENTS[department_of(topic)]} {name}", **more)


def known_labels(topics=range(N_LEAVES), *, without=(), renamed=()):
    """Return the departments and the labels of ``topics``, in this order.

    Parameters
    ----------
    without : columns that cannot be found
    renamed : mapping of column to LabelFacts, or ()
    """
    facts = [LabelFacts(name, name) for name in DEPARTMENTS] + [facts_of(t) for t in topics]
    for column in renamed:
        facts[column] = renamed[column]
    parents = [-1] * N_DEPARTMENTS + [department_of(topic) for topic in topics]
    columns = [column for column in range(len(facts)) if column not in set(without)]
    return KnownLabels(
        np.array(columns, dtype=np.int32),
        [facts[column].name for column in columns],
        [facts[column].path for column in columns],
        np.array(parents, dtype=np.int32),
    )


def item_of(topic, number):
    """Return an item of a topic: two of its words, and one that means nothing."""
    first, second = (TOPICS[topic][1 + (number + step) % 3] for step in (0, 1))
    return {"title": f"{first} {second} {number}"}


def toy_items():
    """Return items and the label column of each."""
    items, labels = [], []
    for leaf in range(N_LEAVES):
        for number in range(ITEMS_PER_LEAF):
            items.append(item_of(leaf, number))
            labels.append(N_DEPARTMENTS + leaf)
    for place, topic in enumerate(range(N_LEAVES, N_TOPICS, 2)):
        items[place]["title"] += f" {TOPICS[topic][0]}"
    return items, np.array(labels)


def one_hot(labels, n_labels):
    """Return label columns of one label an item; -1 is none."""
    labels = np.asarray(labels)
    rows = np.flatnonzero(labels >= 0)
    return sp.csr_array(
        (np.ones(rows.size, dtype=np.float32), (rows, labels[rows])),
        shape=(labels.size, n_labels),
    )


def with_toy_encoder():
    """Return a context in which the toy encoder is the packaged one."""
    return patch.object(parts_training, "packaged_encoder", toy_encoder)


def fit_toy(settings, **how):
    """Return a ranker trained on the items of all labels."""
    items, labels = toy_items()
    with with_toy_encoder():
        return TextRanker.fit(items, one_hot(labels, N_LABELS), known_labels(), settings, **how)


@cache
def toy_ranker(name):
    """Return the ranker of one of `SETTINGS`; tests do not change it."""
    return fit_toy(SETTINGS[name])


def add_topics(ranker, topics, **more):
    """Return a ranker that also knows the labels of ``topics``, in columns from `N_LABELS`."""
    known = known_labels([*range(N_LEAVES), *topics])
    changed = {N_LABELS + place: facts_of(topic, **more) for place, topic in enumerate(topics)}
    return ranker.with_labels(known, changed)


def titles(*texts):
    return [{"title": text} for text in texts]


NEW = range(N_LEAVES, N_LEAVES + 40, 2)
"""Topics of labels that come later, and whose names the text features know."""

NEW_ITEMS = [*titles(*[TOPICS[topic][0] for topic in NEW]), *[item_of(topic, 0) for topic in NEW]]


def with_new(name):
    """Return a toy ranker that also knows the labels of `NEW`."""
    return add_topics(toy_ranker(name), NEW)


def listed(ranking):
    """Return the rows, columns and scores of a ranking."""
    rows, at = np.nonzero(ranking[0] >= 0)
    return rows, ranking[0][rows, at], ranking[1][rows, at]


def ask(ranker, items, rows, columns, allowed=None):
    """Return the scores (n_items, n_labels) of some pairs as a dense array, 0 where absent."""
    shape = (len(items), ranker.labels.counts.size)
    pairs = sp.csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
    return ranker.score(items, pairs, allowed=allowed, n_threads=1).toarray()


def scores_of(ranker, items, allowed=None):
    """Return the scores of all pairs."""
    shape = (len(items), ranker.labels.counts.size)
    return ask(ranker, items, *map(np.ravel, np.indices(shape)), allowed)
