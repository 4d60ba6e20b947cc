"""The dense side: labels near an item, items that stand for a label, vectors of labels."""

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.toy import TOPICS, one_hot, toy_encoder
from xmlrec.encode.label_texts import training_text
from xmlrec.fuse import Examples
from xmlrec.models.dense import (
    MAX_EXAMPLES,
    N_SIMILAR,
    DenseSide,
    check_examples,
    choose_examples,
    fact_vectors,
    joined_text,
    no_examples,
    no_vectors,
)
from xmlrec.models.example_texts import ExampleTexts
from xmlrec.models.ranker_training import LabelFacts


def unit_rows(n, dim=8, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class TestSimilarLabels:
    vectors = unit_rows(50, toy_encoder().dim)

    def dense(self, *without):
        vectors = self.vectors.copy()
        vectors[list(without)] = 0
        return DenseSide(toy_encoder(), vectors, ExampleTexts.of([]))

    def test_the_nearest_are_found_best_first(self):
        E = unit_rows(30, self.vectors.shape[1], seed=1)

        found = self.dense().similar_labels(E, None)

        assert (found.shape, found.dtype) == ((30, N_SIMILAR), np.int32)
        np.testing.assert_array_equal(found, np.argsort(-E @ self.vectors.T)[:, :N_SIMILAR])

    def test_a_label_without_vector_is_never_found(self):
        found = self.dense(*range(45)).similar_labels(self.vectors, None)

        assert set(found[:, :5].ravel().tolist()) == {45, 46, 47, 48, 49}
        assert (found[:, 5:] == -1).all()

    def test_only_allowed_labels_are_found(self):
        allowed = np.arange(50) % 10 == 3

        found = self.dense(13).similar_labels(self.vectors, allowed)

        assert set(found.ravel().tolist()) == {-1, 3, 23, 33, 43}

    def test_an_item_that_says_nothing_finds_nothing(self):
        nothing = np.zeros((2, self.vectors.shape[1]), dtype=np.float32)

        assert (self.dense().similar_labels(nothing, None) == -1).all()

    def test_without_any_label_nothing_is_found(self):
        assert (self.dense(*range(50)).similar_labels(self.vectors, None) == -1).all()


def examples_of(examples, label):
    """Return the vectors of a label's examples as a set of bytes."""
    rows = examples.rows[examples.indptr[label] : examples.indptr[label + 1]]
    return [examples.vectors[row].tobytes() for row in rows.tolist()]


class TestChooseExamples:
    def test_a_label_of_few_items_keeps_all_of_them(self):
        E = unit_rows(7)
        Y = sp.csr_array(np.array([[1, 0, 1, 0]] * 3 + [[0, 0, 1, 0]] * 3 + [[0, 0, 0, 1]]))

        examples, kept = choose_examples(E, Y, seed=0)

        for label, items in enumerate([[0, 1, 2], [], [0, 1, 2, 3, 4, 5], [6]]):
            found = examples_of(examples, label)
            assert sorted(found) == sorted(E[item].tobytes() for item in items)
        assert len(examples.vectors) == 7  # an item of two labels is kept once
        assert kept.tolist() == list(range(7))
        assert [array.dtype for array in examples] == [np.float32, np.int64, np.int32]

    def test_a_label_of_many_items_keeps_some_of_its_own_each_once(self):
        E, labels = unit_rows(400), np.arange(400) % 4
        labels[labels == 3] = 0  # 200, 100, 100

        examples, kept = choose_examples(E, one_hot(labels, 4), seed=0)

        np.testing.assert_array_equal(examples.vectors, E[kept])
        for label, n_kept in enumerate([MAX_EXAMPLES, MAX_EXAMPLES, MAX_EXAMPLES, 0]):
            found = examples_of(examples, label)
            assert len(found) == len(set(found)) == n_kept
            assert set(found) <= {E[item].tobytes() for item in np.flatnonzero(labels == label)}
        assert len(examples.vectors) == 3 * MAX_EXAMPLES  # no other vector is kept

    def test_examples_are_drawn_from_all_items_by_the_seed(self):
        E, Y = unit_rows(400), one_hot(np.zeros(400, dtype=int), 1)
        one, again, other = (choose_examples(E, Y, seed=seed)[0] for seed in (0, 0, 1))

        assert [a.tobytes() for a in one] == [a.tobytes() for a in again]
        assert set(examples_of(one, 0)) != set(examples_of(other, 0))
        late = {vector.tobytes() for vector in E[MAX_EXAMPLES:]}
        assert len(late & set(examples_of(one, 0))) > MAX_EXAMPLES / 2

    def test_no_item_has_no_examples(self):
        examples, _ = choose_examples(unit_rows(0), sp.csr_array((0, 3), dtype=np.float32), seed=0)

        assert [array.shape for array in examples] == [(0, 8), (4,), (0,)]


DAMAGED = {
    "a row beyond the vectors": {"rows": [0, 1, 3]},
    "a row below 0": {"rows": [0, -1, 2]},
    "falling starts": {"indptr": [0, 2, 1, 3]},
    "starts that end too soon": {"indptr": [0, 1, 1, 2]},
    "starts that end too late": {"indptr": [0, 1, 1, 4]},
    "a first start that is not 0": {"indptr": [1, 1, 1, 3]},
    "no starts": {"indptr": []},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_examples_that_do_not_fit_together_are_refused(damage):
    whole = {"indptr": [0, 1, 1, 3], "rows": [2, 0, 0]}
    examples = Examples(unit_rows(3), **{k: np.array(v) for k, v in whole.items()})
    damaged = {k: np.array(v, dtype=np.int64) for k, v in (whole | DAMAGED[damage]).items()}

    assert check_examples(examples) is examples
    with pytest.raises(ValueError, match="examples of labels are damaged"):
        check_examples(Examples(unit_rows(3), **damaged))


def test_examples_of_no_label_are_whole():
    assert check_examples(no_examples(3)).indptr.tolist() == [0, 0, 0, 0]
    assert no_vectors(3).shape == (3, 0)


def test_an_item_is_read_as_its_fields_in_their_order():
    assert joined_text("Red <b>Boot") == joined_text({"title": "Red <b>Boot"}) == "red  boot"
    assert joined_text({"b": "two", "a": "one"}) == "two. one"


class TestFactVectors:
    encoder = toy_encoder()
    name = TOPICS[0][0]

    def vector(self, **facts):
        return fact_vectors(self.encoder, [LabelFacts(self.name, f"shop {self.name}", **facts)])[0]

    def encode(self, *texts):
        return self.encoder.encode(texts).astype(np.float64)

    def test_a_label_of_no_more_than_a_name_has_the_vector_of_its_training_text(self):
        expected = self.encode(training_text(self.name, f"shop {self.name}"))[0]

        np.testing.assert_allclose(self.vector(), expected, atol=1e-6)

    def test_definition_and_aliases_count_half_and_examples_against_kappa(self):
        definition, aliases, examples = TOPICS[1][0], tuple(TOPICS[2][:2]), tuple(TOPICS[3])
        text = self.encode(training_text(self.name, f"shop {self.name}"))[0]
        of_aliases = self.encode(*aliases).mean(axis=0)
        text += 0.5 * self.encode(definition)[0] + 0.5 * of_aliases / np.linalg.norm(of_aliases)
        expected = 2 * text / np.linalg.norm(text) + self.encode(*examples).sum(axis=0)
        expected /= np.linalg.norm(expected)

        vector = self.vector(definition=definition, aliases=aliases, examples=examples)

        np.testing.assert_allclose(vector, expected, atol=1e-5)

    def test_examples_alone_make_a_vector_and_nothing_makes_none(self):
        facts = [LabelFacts("?", "?", examples=(self.name,)), LabelFacts("?", "?")]

        alone, nothing = fact_vectors(self.encoder, facts)

        np.testing.assert_allclose(alone, self.encode(self.name)[0], atol=1e-6)
        assert not nothing.any()

    def test_a_label_does_not_depend_on_the_others(self):
        facts = [
            LabelFacts(TOPICS[n][0], "", examples=tuple(TOPICS[n][1 : n + 1])) for n in range(4)
        ]

        together = fact_vectors(self.encoder, facts)

        for number, fact in enumerate(facts):
            alone = fact_vectors(self.encoder, [fact])[0]
            np.testing.assert_allclose(alone, together[number], atol=1e-6)
