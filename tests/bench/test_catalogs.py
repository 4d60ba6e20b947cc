import numpy as np
import pytest

from bench.catalogs import choose_hidden, hide_labels, make_catalog
from bench.datasets import TextSet
from xmlrec.models.training import label_items


def row(title, *paths):
    return {"title": title, "description": "", "paths": [list(path) for path in paths]}


def wide_set(n_test=0):
    """Return 20 rare and 20 frequent leaves, an inner label, and a leaf that is alone."""
    train = [
        row(f"item {leaf} {copy}", ("Top", f"leaf {leaf}"))
        for leaf in range(40)
        for copy in range(3 if leaf < 20 else 1)
    ]
    train += [row("the top", ("Top",)), row("alone", ("Other", "only child"))]
    return TextSet("wide", train, [row("test", ("Top", "leaf 0"))] * n_test)


def hidden_names(split):
    return sorted(split.catalog.taxonomy.names[split.n_seen :])


@pytest.mark.parametrize("seed", range(5))
def test_a_tenth_of_the_rare_and_of_the_frequent_leaves_is_hidden(seed):
    hidden = [
        int(name.removeprefix("leaf ")) for name in hidden_names(hide_labels(wide_set(), seed=seed))
    ]

    assert sum(leaf < 20 for leaf in hidden) == sum(leaf >= 20 for leaf in hidden) == 2


def test_seed_chooses_the_labels_and_test_rows_do_not():
    split = hide_labels(wide_set(), seed=1)

    assert hidden_names(split) == hidden_names(hide_labels(wide_set(n_test=9), seed=1))
    assert hidden_names(split) != hidden_names(hide_labels(wide_set(), seed=2))


def test_a_parent_keeps_a_child(monkeypatch):
    monkeypatch.setattr("bench.catalogs.HIDDEN_SHARE", 1.0)
    labelled = label_items(wide_set().train, None)
    taxonomy = labelled.taxonomy
    counts = np.bincount(labelled.Y.indices, minlength=len(taxonomy))

    is_hidden = choose_hidden(taxonomy, counts, np.random.default_rng(0))

    kept = [taxonomy.path(column) for column in np.flatnonzero(~is_hidden).tolist()]
    assert is_hidden.sum() == 39
    assert [len(path) for path in sorted(kept)] == [1, 2, 1, 2]  # the only child, one of forty


@pytest.fixture
def split(monkeypatch):
    """Two of four leaves are hidden, ``B`` and ``D``."""

    def choose(taxonomy, counts, rng):
        return np.isin(taxonomy.names, ["B", "D"])

    monkeypatch.setattr("bench.catalogs.choose_hidden", choose)
    train = [
        row("a", ("T", "A")),
        row("b", ("T", "B")),
        row("a and b", ("T", "A"), ("T", "B")),
        row("another b", ("T", "B")),
        row("b and d", ("T", "B"), ("T", "D")),
        row("c", ("T", "C")),
    ]
    test = [
        row("a", ("T", "A")),
        row("b", ("T", "B")),
        row("c and d", ("T", "C"), ("T", "D")),
        row("x", ("T", "X")),
    ]
    return hide_labels(TextSet("four", train, test), seed=0)


def test_hidden_labels_come_last_and_training_does_not_know_them(split):
    assert split.catalog.taxonomy.names == ("T", "A", "C", "B", "D")
    assert split.seen.taxonomy.names == ("T", "A", "C")
    assert split.seen.known.columns.tolist() == [1, 2]
    assert split.known.columns.tolist() == [1, 2, 3, 4]
    assert split.known.parents.tolist() == [-1, 0, 0, 0, 0]


def test_rows_without_another_label_are_dropped_and_become_examples(split):
    assert [item["title"] for item in split.seen.items] == ["a", "a and b", "c"]
    assert split.seen.Y.toarray().tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert [sorted(texts) for texts in split.examples] == [
        ["another b", "b", "b and d"],
        ["b and d"],
    ]


def test_test_rows_are_told_apart_by_their_labels(split):
    assert split.unseen_rows.tolist() == [1, 2]
    assert split.seen_rows.tolist() == [0]  # neither the row with D nor that of an unknown label
    assert split.Y_unseen.shape == (4, 6)
    assert split.Y_unseen[[2]].indices.tolist() == [4]


def test_labels_are_added_with_no_more_examples_than_asked(split):
    assert [len(fact.examples) for fact in split.facts(2).values()] == [2, 1]
    assert split.facts(0)[3].name == "B"
    assert split.facts(0)[3].path == "T B"
    assert split.facts(0)[3].examples == ()


def test_rows_without_text_or_label_are_not_trained_on():
    train = [row("a", ("A",)), row(" ", ("A",)), row("b"), row("c", ("C",))]

    catalog = make_catalog(TextSet("gaps", train, [row("", ("C",))]))

    assert [item["title"] for item in catalog.items] == ["a", "c"]
    assert catalog.Y.shape == (2, 2)
    assert catalog.Y_test.toarray().tolist() == [[0, 1]]  # but every test row counts
