"""Training of token vectors: kernels and gradient against slow twins, bytes, what is learned."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tests.oracles.adaptation import (
    adam_reference,
    loss_reference,
    sum_tokens_reference,
    token_gradients_reference,
)
from xmlrec.encode import Tokens
from xmlrec.encode.adaptation import AdaptSettings, adapt
from xmlrec.encode.adaptation.adapt import TokenVectors, train_batch
from xmlrec.encode.adaptation.kernels import adam_step, add_gradients, sum_tokens

N_TOKENS = 9


def made_up_texts(rng, n_texts, n_tokens=N_TOKENS, max_length=4):
    """Return texts with repeated tokens, some of them empty."""
    indptr = np.concatenate([[0], np.cumsum(rng.integers(0, max_length + 1, size=n_texts))])
    tokens = rng.integers(0, n_tokens, size=indptr[-1])
    return Tokens(indptr.astype(np.int64), tokens.astype(np.int32))


def listed_texts(*texts):
    """Return texts given as lists of tokens."""
    indptr = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return Tokens(indptr, np.array([token for text in texts for token in text], dtype=np.int32))


def one_hot(labels, n_labels):
    ones = np.ones(len(labels), dtype=np.float32)
    return sp.csr_array((ones, (np.arange(len(labels)), labels)), shape=(len(labels), n_labels))


class TestKernels:
    @settings(deadline=None)
    @given(seed=st.integers(0, 10_000), n_rows=st.integers(0, 6), dim=st.integers(1, 9))
    def test_sums_match_the_reference(self, seed, n_rows, dim):
        rng = np.random.default_rng(seed)
        texts, rows = made_up_texts(rng, 5), rng.integers(0, 5, size=n_rows)
        vectors = rng.integers(-4, 5, size=(N_TOKENS, dim)).astype(np.float32)
        out = np.full((n_rows, dim), 7, dtype=np.float32)

        sum_tokens(*texts, rows, vectors, out)

        np.testing.assert_array_equal(out, sum_tokens_reference(texts, rows, vectors))

    @settings(deadline=None)
    @given(seed=st.integers(0, 10_000), n_rows=st.integers(0, 6), dim=st.integers(1, 9))
    def test_gradients_of_tokens_match_the_reference(self, seed, n_rows, dim):
        rng = np.random.default_rng(seed)
        gradients = np.zeros((N_TOKENS, dim), dtype=np.float32)
        is_touched, touched = np.zeros(N_TOKENS, dtype=bool), np.full(N_TOKENS, -1)
        expected, tokens, n_touched = np.zeros_like(gradients), set(), 0
        for _ in range(2):  # items, then labels
            texts, rows = made_up_texts(rng, 5), rng.integers(0, 5, size=n_rows)
            of_rows = rng.integers(-4, 5, size=(n_rows, dim)).astype(np.float32)
            n_touched = add_gradients(
                *texts, rows, of_rows, gradients, is_touched, touched, n_touched
            )
            expected += token_gradients_reference(texts, rows, of_rows, N_TOKENS)
            for row in rows:
                tokens.update(texts.tokens[texts.indptr[row] : texts.indptr[row + 1]].tolist())

        np.testing.assert_array_equal(gradients, expected)
        assert sorted(touched[:n_touched].tolist()) == sorted(tokens)
        assert np.flatnonzero(is_touched).tolist() == sorted(tokens)

    @settings(deadline=None, max_examples=30)
    @given(seed=st.integers(0, 10_000), n_steps=st.integers(1, 6), dim=st.integers(1, 5))
    def test_steps_are_those_of_adam_and_other_vectors_rest(self, seed, n_steps, dim):
        rng = np.random.default_rng(seed)
        start = rng.normal(size=(N_TOKENS, dim)).astype(np.float32)
        vectors, gradients = start.copy(), np.zeros_like(start)
        first, second = np.zeros_like(start), np.zeros_like(start)
        is_touched, steps = np.zeros(N_TOKENS, dtype=bool), []
        for step in range(1, n_steps + 1):
            touched = rng.permutation(N_TOKENS - 1)[: rng.integers(0, N_TOKENS)]
            gradients[touched] = rng.normal(size=(touched.size, dim))
            is_touched[touched] = True
            steps.append({token: gradients[token].astype(np.float64) for token in touched})

            adam_step(touched, step, 0.1, gradients, first, second, is_touched, vectors)

            assert not gradients.any()
            assert not is_touched.any()
        np.testing.assert_allclose(vectors, adam_reference(start, steps, 0.1), rtol=1e-4, atol=1e-5)
        assert vectors[-1].tobytes() == start[-1].tobytes()


class Recorder(TokenVectors):
    """Keeps the gradients of texts instead of moving vectors."""

    def step(self, parts, rate):
        self.parts = parts


BATCH = {
    "one label each": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]],
    "an item of two labels": [[1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 1]],
}


@pytest.mark.parametrize("name", BATCH)
def test_the_gradient_is_that_of_the_stated_loss(name):
    """Central differences in float64; rows and labels repeat, one item has no token."""
    Y, temperature, width = np.array(BATCH[name]), 0.5, 1e-6
    vectors = np.random.default_rng(0).normal(size=(N_TOKENS, 3)).astype(np.float32)
    items = listed_texts([0, 1], [2, 2, 3], [], [4, 5, 0], [1, 6]), np.array([4, 0, 1, 2, 3])
    labels = listed_texts([7], [8, 0], [3, 7, 7]), np.array([2, 0, 1, 2, 1])
    recorder = Recorder(vectors)

    train_batch(recorder, items, labels, sp.csr_array(Y), rate=0.0, temperature=temperature)

    gradient = sum(
        token_gradients_reference(texts, rows, of_rows, N_TOKENS)
        for texts, rows, of_rows in recorder.parts
    )
    expected = np.zeros(vectors.shape)
    for place in np.ndindex(vectors.shape):
        step = np.zeros(vectors.shape)
        step[place] = width
        high, low = (
            loss_reference(vectors + sign * step, items, labels, Y, temperature) for sign in (1, -1)
        )
        expected[place] = (high - low) / (2 * width)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-5)


def test_a_label_that_an_item_also_has_is_no_negative_of_it():
    """Where all items have all labels nothing is wrong, and nothing moves."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(8, 4)).astype(np.float32)
    items, labels = listed_texts([0], [1], [2]), listed_texts([3], [4])
    ours, wrong = sp.csr_array(np.ones((3, 2))), one_hot([0, 1, 0], 2)
    how = AdaptSettings(epochs=3, batch_size=8)

    still = adapt(vectors, items, labels, ours, settings=how)
    moved = adapt(vectors, items, labels, wrong, settings=how)

    start = vectors / np.linalg.norm(vectors, axis=1).mean()
    np.testing.assert_allclose(still, start, rtol=1e-6)
    assert np.abs(moved[:5] - start[:5]).min(axis=1).min() > 1e-3
    np.testing.assert_allclose(moved[5:], start[5:], rtol=1e-6)


def made_up_catalog(n_labels=30, per_label=6, dim=24):
    """Return vectors, texts and labels: items and labels share no token and start unrelated.

    An item has two of the three words of its label, and one that is anywhere.
    """
    rng = np.random.default_rng(0)
    names = [[label] for label in range(n_labels)]
    items, of_items = [], []
    for label in range(n_labels):
        words = n_labels + 3 * label + np.arange(3)
        for number in range(per_label):
            noise = 4 * n_labels + rng.integers(5)
            items.append([*np.delete(words, number % 3).tolist(), noise])
            of_items.append(label)
    vectors = rng.normal(size=(4 * n_labels + 5, dim)).astype(np.float32)
    return vectors, listed_texts(*items), listed_texts(*names), one_hot(of_items, n_labels)


def nearest(vectors, items, labels):
    """Return the label of highest cosine of each item."""
    E, L = (
        sum_tokens_reference(texts, range(len(texts.indptr) - 1), vectors)
        for texts in (items, labels)
    )
    return (E @ (L / np.linalg.norm(L, axis=1, keepdims=True)).T).argmax(axis=1)


def test_made_up_words_come_near_their_labels():
    vectors, items, labels, Y = made_up_catalog()
    before = (nearest(vectors, items, labels) == Y.indices).mean()

    trained = adapt(vectors, items, labels, Y, settings=AdaptSettings(epochs=40, batch_size=64))

    assert before < 0.2
    assert nearest(trained, items, labels).tolist() == Y.indices.tolist()


def test_an_item_of_two_labels_comes_near_both():
    vectors, items, labels, Y = made_up_catalog()
    second = (Y.indices + 7) % Y.shape[1]
    both = Y + one_hot(second, Y.shape[1])

    trained = adapt(vectors, items, labels, both, settings=AdaptSettings(epochs=60, batch_size=64))

    E, L = (
        sum_tokens_reference(texts, range(len(texts.indptr) - 1), trained)
        for texts in (items, labels)
    )
    best = np.argsort(-E @ (L / np.linalg.norm(L, axis=1, keepdims=True)).T, axis=1)[:, :2]
    expected = np.sort(np.stack([Y.indices, second], axis=1), axis=1)
    np.testing.assert_array_equal(np.sort(best, axis=1), expected)


SHORT = AdaptSettings(epochs=2, batch_size=32)


def test_training_again_gives_the_same_bytes_on_any_number_of_threads():
    case = made_up_catalog()
    trained = adapt(*case, settings=SHORT)

    for n_threads in (1, 4):
        with threadpool_limits(n_threads):
            assert adapt(*case, settings=SHORT).tobytes() == trained.tobytes()
    other = adapt(*case, settings=AdaptSettings(epochs=2, batch_size=32, seed=1))
    assert other.tobytes() != trained.tobytes()


def test_the_vectors_that_are_handed_in_stay_as_they_are():
    vectors, *rest = made_up_catalog()
    before = vectors.tobytes()
    vectors.flags.writeable = False

    trained = adapt(vectors, *rest, settings=SHORT)

    assert vectors.tobytes() == before
    assert (trained.dtype, trained.shape) == (np.float32, vectors.shape)


def test_the_length_of_the_vectors_at_the_start_does_not_matter():
    vectors, *rest = made_up_catalog()

    trained = adapt(vectors, *rest, settings=SHORT)

    assert adapt(vectors * 4, *rest, settings=SHORT).tobytes() == trained.tobytes()


def test_texts_without_a_token_say_nothing_and_break_nothing():
    vectors, items, labels, Y = made_up_catalog()
    items = Tokens(np.append(items.indptr, [items.indptr[-1]] * 2), items.tokens)
    labels = Tokens(np.append(labels.indptr, labels.indptr[-1]), labels.tokens)
    Y = one_hot([*Y.indices, 0, labels.indptr.size - 2], labels.indptr.size - 1)

    trained = adapt(vectors, items, labels, Y, settings=SHORT)

    assert np.isfinite(trained).all()
    nothing = adapt(np.zeros_like(vectors), items, labels, Y, settings=SHORT)
    assert not nothing.any()


@pytest.mark.parametrize("n_items", [2, 3, 7])
def test_a_catalog_smaller_than_the_smallest_batch_is_learned(n_items):
    vectors = np.random.default_rng(0).normal(size=(2 * n_items, 16)).astype(np.float32)
    items = listed_texts(*[[token] for token in range(n_items)])
    labels = listed_texts(*[[n_items + token] for token in range(n_items)])
    Y = one_hot(list(range(n_items)), n_items)

    trained = adapt(vectors, items, labels, Y, settings=AdaptSettings(epochs=200))

    assert nearest(trained, items, labels).tolist() == list(range(n_items))


def test_one_item_teaches_nothing():
    vectors = np.eye(2, dtype=np.float32)

    trained = adapt(vectors, listed_texts([0]), listed_texts([1]), one_hot([0], 1), settings=SHORT)

    assert trained.tolist() == vectors.tolist()


class TestWhatDoesNotFit:
    """Kernels trust numbers, so that they are checked before."""

    vectors = np.eye(4, dtype=np.float32)
    texts = {"items": ([0], [1, 2]), "labels": ([3], [3])}

    def train(self, Y=((1, 0), (0, 1)), **texts):
        texts = {name: listed_texts(*of_name) for name, of_name in (self.texts | texts).items()}
        return adapt(self.vectors, **texts, Y=sp.csr_array(np.array(Y)), settings=SHORT)

    def test_what_fits_is_trained(self):
        assert self.train().shape == (4, 4)

    @pytest.mark.parametrize("name", ["items", "labels"])
    @pytest.mark.parametrize("texts", [[[0]], [[0], [4]], [[0], [-1]], [[0], [1], [2]]])
    def test_texts_of_another_number_and_unknown_tokens_are_refused(self, name, texts):
        with pytest.raises(ValueError, match=r"but Y is \(2, 2\)|tokens must be between 0 and 3"):
            self.train(**{name: texts})

    def test_an_item_without_label_is_refused(self):
        with pytest.raises(ValueError, match="an item has no label"):
            self.train(Y=((1, 0), (0, 0)))
