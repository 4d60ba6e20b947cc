"""What speaks for a label: the terms of all margins, compared with dense weights."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees import LabelTreeClassifier
from label_trees.explain import explain_label, path_score
from tests.label_trees.cases import block_case
from tests.label_trees.test_search import LOSSES, SCORE_POWERS, any_weights, random_forest
from tests.oracles.label_trees import dense_weights, labels_below, path_to, slot_log_score


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 24),
    n_features=st.integers(0, 40),
    n_trees=st.integers(1, 3),
    loss=st.sampled_from(LOSSES),
    score_power=st.sampled_from(SCORE_POWERS),
    is_quantized=st.booleans(),
)
def test_terms_add_up_to_margins_and_levels_multiply_to_the_score_of_the_pair(
    seed, n_labels, n_features, n_trees, loss, score_power, is_quantized
):
    rng = np.random.default_rng(seed)
    forest = random_forest(
        rng, n_labels=n_labels, n_features=n_features, n_trees=n_trees, draw=any_weights
    )
    forest = replace(
        forest.quantized() if is_quantized else forest, loss=loss, score_power=score_power
    )
    x = (rng.normal(size=n_features) * (rng.random(n_features) < 0.6)).astype(np.float32)
    X, every = sp.csr_array(x[np.newaxis]), sp.csr_array(np.ones((1, n_labels + 1)))
    scores = forest.score_pairs(X, every).toarray()[0]
    weights = [dense_weights(trained, n_features) for trained in forest.trees]

    for label in range(n_labels):
        explained = explain_label(forest, X, label)

        assert len(explained) == n_trees
        for trained, W, steps in zip(forest.trees, weights, explained, strict=True):
            assert [step.slot for step in steps] == path_to(trained.tree, label)
            for step in steps:
                terms = W[step.slot, :-1] * x
                used = np.flatnonzero((W[step.slot, :-1] != 0) & (x != 0))
                assert step.features.tolist() == used.tolist()
                np.testing.assert_allclose(step.products, terms[used], rtol=1e-12)
                assert step.bias == W[step.slot, -1]
                size = np.abs(terms).sum() + abs(step.bias)
                assert abs(step.products.sum() + step.bias - step.margin) <= 1e-12 * size
                expected = slot_log_score(W, x, step.slot, forest.power)
                np.testing.assert_allclose(step.log_score, expected, rtol=1e-9, atol=1e-12)
                assert set(step.labels.tolist()) == labels_below(trained.tree, step.slot)
        np.testing.assert_allclose(np.mean(list(map(path_score, explained))), scores[label], 2e-5)


def small_forest(**settings):
    X, Y = block_case(0, n_labels=6)
    return LabelTreeClassifier(random_state=0, **settings).fit(X, Y).forest_, X


@pytest.mark.parametrize("tree", ["flat", "balanced"])
def test_what_only_rows_of_a_label_have_speaks_for_it_at_every_level(tree):
    more = {"max_leaf": 2, "max_flat": 0, "arity": 2} if tree == "balanced" else {}
    forest, X = small_forest(tree=tree, **more)

    (steps,) = explain_label(forest, X[[8]], 2)

    assert (len(steps) > 1) == (tree == "balanced")
    for step in steps:
        assert step.features.tolist() == [6, 7, 8]
        assert (step.products > 0).all()
        assert 2 in step.labels
    assert steps[-1].labels.tolist() == [2]


def test_a_label_outside_the_trees_has_no_steps():
    rng = np.random.default_rng(0)
    forest = random_forest(rng, n_labels=3, n_features=2, n_trees=2)

    assert explain_label(forest, sp.csr_array((1, 2), dtype=np.float32), 3) == ((), ())


def test_an_empty_row_leaves_the_bias_alone():
    forest, X = small_forest(tree="flat")

    ((step,),) = explain_label(forest, X[[0]] * 0, 1)

    assert step.features.size == 0
    assert step.margin == step.bias


def test_more_rows_than_one_and_labels_out_of_range_are_refused():
    forest, X = small_forest(tree="flat")

    with pytest.raises(ValueError, match="X has 2 rows, expected 1"):
        explain_label(forest, X[:2], 0)
    with pytest.raises(ValueError, match=r"label must be in 0 .. 5, got 6"):
        explain_label(forest, X[:1], 6)
