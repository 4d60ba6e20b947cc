from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

import label_trees.search
from label_trees import LabelForest, LabelTreeClassifier
from label_trees.train import SolverSettings, train_trees
from label_trees.weights import TrainedTree
from tests.label_trees.cases import (
    block_case,
    nested_tree,
    random_case,
    random_nested,
    ranking_bytes,
    small_weights,
    trained_tree,
)
from tests.oracles.label_trees import dense_weights, product_reference, rank_reference

EVERY_NODE = 1_000

LOSSES = ("squared_hinge", "logistic")
SCORE_POWERS = (2, 3)


def random_forest(rng, *, n_labels, n_features, n_trees, draw=small_weights):
    """Return ragged trees over the first labels; the last column is in none of them."""
    trees = []
    for _ in range(n_trees):
        nested = random_nested(rng, rng.permutation(n_labels))
        tree = nested_tree(nested, n_labels=n_labels + 1)
        trees.append(trained_tree(tree, draw(rng, tree, n_features)))
    return LabelForest(trees=tuple(trees), n_features=n_features, n_labels=n_labels + 1)


def any_weights(rng, tree, n_features):
    """Return weights of all sizes, half of them 0: no two margins are alike."""
    W = rng.normal(size=(tree.slot_node.size, n_features + 1)).astype(np.float32)
    return W * (rng.random(W.shape) < 0.5)


def small_rows(rng, n_rows, n_features):
    return rng.integers(-1, 2, size=(n_rows, n_features)).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(0, 5),
    n_labels=st.integers(1, 14),
    n_features=st.integers(0, 4),
    n_trees=st.integers(1, 2),
    k=st.integers(1, 17),
    beam=st.integers(1, 5),
    allowed_share=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
)
def test_ranking_with_ties_matches_the_naive_beam_search(
    seed, n_rows, n_labels, n_features, n_trees, k, beam, allowed_share
):
    rng = np.random.default_rng(seed)
    forest = random_forest(rng, n_labels=n_labels, n_features=n_features, n_trees=n_trees)
    X = small_rows(rng, n_rows, n_features)
    allowed = rng.random(n_labels + 1) < allowed_share

    labels, scores = forest.rank(sp.csr_array(X), k, beam=beam, allowed=allowed, n_threads=1)

    expected = rank_reference(forest.trees, X, k, beam=beam, allowed=allowed)
    np.testing.assert_array_equal(labels, expected[0])
    np.testing.assert_allclose(scores, expected[1], rtol=1e-6)
    assert (labels.dtype, scores.dtype) == (np.int32, np.float32)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 24),
    n_features=st.integers(1, 12),
    n_trees=st.integers(1, 2),
    k=st.integers(1, 9),
    beam=st.integers(1, 5),
    loss=st.sampled_from(LOSSES),
    score_power=st.sampled_from(SCORE_POWERS),
    is_quantized=st.booleans(),
)
@example(
    seed=21,
    n_labels=5,
    n_features=5,
    n_trees=1,
    k=2,
    beam=2,
    loss="squared_hinge",
    score_power=3,
    is_quantized=True,
)  # a score of 1e-36 lost digits in a sum of float32
def test_every_score_and_weights_of_8_bits_match_the_naive_beam_search(
    seed, n_labels, n_features, n_trees, k, beam, loss, score_power, is_quantized
):
    rng = np.random.default_rng(seed)
    forest = random_forest(
        rng, n_labels=n_labels, n_features=n_features, n_trees=n_trees, draw=any_weights
    )
    forest = replace(
        forest.quantized() if is_quantized else forest, loss=loss, score_power=score_power
    )
    X = rng.normal(size=(4, n_features)).astype(np.float32)
    everything = np.ones(n_labels + 1, dtype=bool)

    labels, scores = forest.rank(sp.csr_array(X), k, beam=beam, n_threads=1)

    expected = rank_reference(forest.trees, X, k, beam=beam, allowed=everything, power=forest.power)
    assert {trained.weights.value.dtype for trained in forest.trees} == {
        np.dtype(np.int8 if is_quantized else np.float32)
    }
    np.testing.assert_allclose(scores, expected[1], rtol=2e-5)
    every = rank_reference(
        forest.trees, X, n_labels, beam=beam, allowed=everything, power=forest.power
    )
    for row in range(len(X)):  # labels change places only where rounding decides
        score_of = dict(zip(every[0][row].tolist(), every[1][row].tolist(), strict=True))
        own = [score_of[label] for label in labels[row].tolist() if label >= 0]
        np.testing.assert_allclose(scores[row][: len(own)], own, rtol=2e-5)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 30),
    n_features=st.integers(0, 6),
    k=st.integers(1, 12),
    beam=st.integers(1, 8),
    loss=st.sampled_from(LOSSES),
    draw=st.sampled_from([small_weights, any_weights]),
    allowed_share=st.sampled_from([0.5, 1.0]),
)
def test_nodes_that_one_tree_skips_hold_no_better_label(
    seed, n_labels, n_features, k, beam, loss, draw, allowed_share
):
    rng = np.random.default_rng(seed)
    forest = random_forest(rng, n_labels=n_labels, n_features=n_features, n_trees=1, draw=draw)
    once = replace(forest, loss=loss)
    twice = replace(once, trees=once.trees * 2)  # whatever is reached is kept
    X = sp.csr_array(small_rows(rng, 20, n_features))
    allowed = rng.random(n_labels + 1) < allowed_share

    pruned = once.rank(X, k, beam=beam, allowed=allowed)

    whole = twice.rank(X, k, beam=beam, allowed=allowed)
    assert ranking_bytes(pruned) == ranking_bytes(whole)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("k", [1, 5])
def test_nodes_that_one_trained_tree_skips_hold_no_better_label(k, loss):
    X, Y = random_case(11, n_rows=400, n_labels=100)
    fitted = LabelTreeClassifier(loss=loss, max_flat=0, max_leaf=5, arity=4).fit(X, Y)
    once = fitted.forest_
    twice = replace(once, trees=once.trees * 2)

    assert ranking_bytes(once.rank(X, k, beam=6)) == ranking_bytes(twice.rank(X, k, beam=6))


@pytest.mark.parametrize("n_trees", [1, 2])
def test_scores_too_small_to_tell_apart_tie_at_the_floor(n_trees):
    tree = nested_tree([[3, 1], 2, 0, 4], n_labels=5)
    margins = {-1: 1.0, 0: -8.4, 1: -9.0, 2: -1e15, 3: -30.0, 4: -8.0}
    W = np.array([[margins[int(label)]] for label in tree.slot_label])
    trained = trained_tree(tree, W)
    forest = LabelForest(trees=(trained,) * n_trees, n_features=0, n_labels=5, score_power=2)

    labels, scores = forest.rank(sp.csr_array((1, 0)), 5)

    floor = np.exp(np.float32(-87.0))
    assert labels.tolist() == [[4, 0, 1, 2, 3]]
    np.testing.assert_allclose(scores[0], [np.exp(-81.0)] + [floor] * 4, rtol=1e-5)
    assert (scores[0, 1:] == scores[0, 1]).all()


@pytest.mark.parametrize("n_trees", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("score_power", SCORE_POWERS)
@pytest.mark.parametrize("beam", [1, 2, EVERY_NODE])
def test_ranking_with_trained_weights_matches_the_naive_beam_search(
    n_trees, beam, score_power, loss
):
    X, Y = random_case(0)
    fitted = LabelTreeClassifier(
        loss=loss, n_trees=n_trees, max_flat=0, max_leaf=4, arity=2, beam=beam,
        score_power=score_power,
    ).fit(X, Y)  # fmt: skip

    labels, scores = fitted.predict(X[:20], k=8)

    everything = np.ones(30, dtype=bool)
    trees, power = fitted.forest_.trees, fitted.forest_.power
    expected = rank_reference(
        trees, X[:20].toarray(), 8, beam=beam, allowed=everything, power=power
    )
    np.testing.assert_array_equal(labels, expected[0])
    np.testing.assert_allclose(scores, expected[1], rtol=1e-4)


def test_a_wide_beam_gives_every_label_the_product_over_its_path():
    rng = np.random.default_rng(3)
    forest = random_forest(rng, n_labels=12, n_features=4, n_trees=1)
    X = small_rows(rng, 6, 4)

    labels, scores = forest.rank(X, 12, beam=EVERY_NODE)

    W = dense_weights(forest.trees[0], 4)
    for row in range(6):
        products = product_reference(forest.trees[0].tree, W, X[row])
        assert len(products) == 12
        for label, score in zip(labels[row], scores[row], strict=True):
            assert score == pytest.approx(products[int(label)], rel=1e-6)


@pytest.mark.parametrize("beam", [2, EVERY_NODE])
def test_a_ragged_tree_with_labels_on_inner_nodes_is_trained_ranked_and_scored(beam):
    X, Y = block_case(0, n_labels=9)
    X_new, Y_new = block_case(1, n_labels=9)
    tree = nested_tree([8, [0, [1, 2, [3]]], [4, [5, 6]], [7]], n_labels=9)
    ones = np.ones(X.shape[0], dtype=np.float32)
    (weights,) = train_trees([tree], X, Y, ones, settings=SolverSettings(), seeds=[0], n_threads=2)
    trained = TrainedTree(tree, weights)
    forest = LabelForest(trees=(trained,), n_features=27, n_labels=9)

    labels, scores = forest.rank(X_new, 3, beam=beam)
    pairs = forest.score_pairs(X_new, np.ones((36, 9)))

    np.testing.assert_array_equal(labels[:, 0], Y_new.indices)
    np.testing.assert_array_equal(np.take_along_axis(pairs.toarray(), labels, axis=1), scores)
    W = dense_weights(trained, 27)
    for row, x in enumerate(X_new.toarray()):
        products = product_reference(tree, W, x)
        expected = [products[label] for label in range(9)]
        np.testing.assert_allclose(pairs.toarray()[row], expected, rtol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("beam", [1, 2, EVERY_NODE])
def test_pairs_get_the_scores_of_the_ranking_that_reached_them(beam, loss):
    X, Y = random_case(1)
    fitted = LabelTreeClassifier(loss=loss, max_flat=0, max_leaf=4, arity=2, beam=beam).fit(X, Y)
    labels, scores = fitted.predict(X, k=30)
    rows, columns = np.nonzero(labels >= 0)
    found = sp.csr_array((np.ones(rows.size), (rows, labels[rows, columns])), shape=Y.shape)

    pairs = fitted.score_pairs(X, found)

    assert pairs.nnz == rows.size
    assert pairs.dtype == np.float32
    np.testing.assert_array_equal(
        pairs.toarray()[rows, labels[rows, columns]], scores[rows, columns]
    )


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(0, 5),
    n_labels=st.integers(1, 12),
    n_features=st.integers(0, 4),
    n_trees=st.integers(1, 3),
    loss=st.sampled_from(LOSSES),
    score_power=st.sampled_from(SCORE_POWERS),
    is_quantized=st.booleans(),
)
def test_pair_scores_match_reference_and_leave_out_labels_of_no_tree(
    seed, n_rows, n_labels, n_features, n_trees, loss, score_power, is_quantized
):
    rng = np.random.default_rng(seed)
    forest = random_forest(rng, n_labels=n_labels, n_features=n_features, n_trees=n_trees)
    forest = replace(
        forest.quantized() if is_quantized else forest, loss=loss, score_power=score_power
    )
    X = small_rows(rng, n_rows, n_features)
    candidates = rng.random((n_rows, n_labels + 1)) < 0.5

    pairs = forest.score_pairs(sp.csr_array(X), sp.csr_array(candidates), n_threads=1)

    Ws = [dense_weights(trained, n_features) for trained in forest.trees]
    expected = np.zeros(candidates.shape)
    for row in range(n_rows):
        for trained, W in zip(forest.trees, Ws, strict=True):
            products = product_reference(trained.tree, W, X[row], forest.power)
            for label in np.flatnonzero(candidates[row, :-1]):
                expected[row, label] += products[label] / n_trees
    np.testing.assert_allclose(pairs.toarray(), expected, rtol=2e-5)
    assert pairs.nnz == candidates[:, :-1].sum()


def test_a_label_outside_one_trees_beam_counts_zero_there():
    X, Y = random_case(2)
    fitted = LabelTreeClassifier(n_trees=2, max_flat=0, max_leaf=2, arity=2, beam=1).fit(X, Y)
    alone = [
        LabelForest(trees=(trained,), n_features=40, n_labels=30)
        for trained in fitted.forest_.trees
    ]

    labels, scores = fitted.predict(X, k=30)

    reached = [dict(), dict()]
    for number, forest in enumerate(alone):
        of_tree = forest.rank(X, 30, beam=1)
        for row in range(X.shape[0]):
            for label, score in zip(*(column[row] for column in of_tree), strict=True):
                if label >= 0:
                    reached[number][row, int(label)] = score
    in_one_only = 0
    for row, label in zip(*np.nonzero(labels >= 0), strict=True):
        pair = row, int(labels[row, label])
        parts = [of_tree.get(pair, 0.0) for of_tree in reached]
        in_one_only += min(parts) == 0.0
        assert scores[row, label] == pytest.approx(sum(parts) / 2, rel=1e-6)
    assert in_one_only > 0


def test_equal_scores_go_to_the_lower_label():
    tree = nested_tree([[4, 1], [3, 0], 2], n_labels=5)
    trained = trained_tree(tree, np.full((7, 1), 2.0))
    forest = LabelForest(trees=(trained,), n_features=0, n_labels=5)

    labels, scores = forest.rank(sp.csr_array((1, 0)), 5)

    assert labels.tolist() == [[0, 1, 2, 3, 4]]
    assert scores.tolist() == [[1.0] * 5]


def test_labels_trained_on_the_same_rows_tie_and_the_lower_one_wins():
    X, Y = random_case(3, n_labels=6)
    Y = Y.toarray()
    Y[:, 4] = Y[:, 1]
    labels, scores = LabelTreeClassifier().fit(X, Y).predict(X, k=6)

    for row in range(X.shape[0]):
        ranked = labels[row].tolist()
        at = ranked.index(1)
        assert ranked[at + 1] == 4
        assert scores[row, at] == scores[row, at + 1]


def test_an_excluded_label_gives_its_place_in_the_beam_to_others():
    X, Y = random_case(4)
    fitted = LabelTreeClassifier(max_flat=0, max_leaf=4, arity=2, beam=1).fit(X, Y)
    best = fitted.predict(X, k=1)[0][:, 0]

    for row in range(10):
        node = fitted.forest_.trees[0].tree
        owner = node.owner[node.label_slot[best[row]]]
        siblings = node.slot_label[node.slot_indptr[owner] : node.slot_indptr[owner + 1]]
        allowed = np.ones(30, dtype=bool)
        allowed[siblings] = False

        labels, _ = fitted.predict(X[row : row + 1], k=30, allowed=allowed)

        found = labels[labels >= 0]
        assert found.size >= 2
        assert not np.isin(found, siblings).any()


def test_one_allowed_label_is_the_whole_ranking_and_none_is_padding():
    X, Y = random_case(5)
    fitted = LabelTreeClassifier(max_flat=0, max_leaf=4, arity=2, beam=1).fit(X, Y)
    only = np.arange(30) == 17

    labels, scores = fitted.predict(X, k=3, allowed=only)
    none, padding = fitted.predict(X, k=3, allowed=np.zeros(30, dtype=bool))

    assert (labels == [17, -1, -1]).all()
    assert np.isfinite(scores[:, 0]).all()
    assert (scores[:, 1:] == -np.inf).all()
    assert (none == -1).all()
    assert (padding == -np.inf).all()


def test_everything_allowed_is_the_same_as_no_mask():
    X, Y = random_case(6)
    fitted = LabelTreeClassifier(max_flat=0, max_leaf=4, arity=2, beam=2).fit(X, Y)

    masked = fitted.predict(X, k=7, allowed=np.ones(30, dtype=bool))

    assert ranking_bytes(masked) == ranking_bytes(fitted.predict(X, k=7))


@pytest.mark.parametrize("n_trees", [1, 2])
@pytest.mark.parametrize("k", [1, 2, 5, 29, 30, 40])
def test_a_ranking_is_the_beginning_of_a_longer_one(k, n_trees):
    X, Y = random_case(7)
    fitted = LabelTreeClassifier(n_trees=n_trees, max_flat=0, max_leaf=4, arity=2, beam=3).fit(X, Y)

    shorter, longer = fitted.predict(X, k=k), fitted.predict(X, k=k + 1)

    np.testing.assert_array_equal(shorter[0], longer[0][:, :k])
    np.testing.assert_array_equal(shorter[1], longer[1][:, :k])


@pytest.mark.parametrize("n_trees", [1, 2])
@pytest.mark.parametrize("is_quantized", [False, True])
def test_a_row_ranks_alike_alone_among_others_in_any_order_and_by_any_threads(
    n_trees, is_quantized, monkeypatch
):
    X, Y = random_case(8, n_labels=90)
    fitted = LabelTreeClassifier(n_trees=n_trees, max_flat=0, max_leaf=2, arity=4).fit(X, Y)
    forest = fitted.forest_.quantized() if is_quantized else fitted.forest_
    assert forest.trees[0].tree.n_nodes > 40  # a row alone has a beam for fewer than one in eight

    def rank(rows, **settings):
        return forest.rank(rows, 6, beam=3, **settings)

    labels, scores = rank(X, n_threads=1)
    order = np.random.default_rng(0).permutation(X.shape[0])

    for n_threads in (1, 2, 3):
        assert ranking_bytes(rank(X, n_threads=n_threads)) == ranking_bytes((labels, scores))
        permuted = rank(X[order], n_threads=n_threads)
        assert ranking_bytes(permuted) == ranking_bytes((labels[order], scores[order]))
    for row in range(40):
        alone = rank(X[row : row + 1])
        assert ranking_bytes(alone) == ranking_bytes((labels[row], scores[row]))
    monkeypatch.setattr(label_trees.search, "ROWS_PER_BLOCK", 7)
    assert ranking_bytes(rank(X)) == ranking_bytes((labels, scores))
    monkeypatch.setattr(label_trees.search, "KEPT_PER_BLOCK", 1)
    assert ranking_bytes(rank(X)) == ranking_bytes((labels, scores))


def test_more_rows_than_a_block_holds_rank_as_each_does_alone():
    X, Y = random_case(12, n_rows=60)
    fitted = LabelTreeClassifier(max_flat=0, max_leaf=4, arity=4).fit(X, Y)
    n_times = label_trees.search.ROWS_PER_BLOCK // 60 + 2

    labels, scores = fitted.predict(sp.vstack([X] * n_times))

    once = fitted.predict(X)
    np.testing.assert_array_equal(labels, np.tile(once[0], (n_times, 1)))
    np.testing.assert_array_equal(scores, np.tile(once[1], (n_times, 1)))


def test_pair_scores_do_not_depend_on_blocks_or_threads(monkeypatch):
    X, Y = random_case(9)
    fitted = LabelTreeClassifier(n_trees=2, max_flat=0, max_leaf=4, arity=4).fit(X, Y)
    expected = fitted.forest_.score_pairs(X, Y, n_threads=1).data.tobytes()

    monkeypatch.setattr(label_trees.search, "ROWS_PER_BLOCK", 7)

    for n_threads in (1, 2, 3):
        pairs = fitted.forest_.score_pairs(X, Y, n_threads=n_threads)
        assert pairs.data.tobytes() == expected


def test_a_beam_far_wider_than_the_tree_needs_no_more_memory():
    X, Y = random_case(10)
    fitted = LabelTreeClassifier(max_flat=0, max_leaf=4, arity=2).fit(X, Y)

    huge = fitted.forest_.rank(X, 5, beam=10**12)

    assert ranking_bytes(huge) == ranking_bytes(fitted.forest_.rank(X, 5, beam=30))


def test_a_path_of_two_thousand_steps_is_scored():
    nested = [1999]
    for label in range(1999):
        nested = [label, nested]
    tree = nested_tree(nested, n_labels=2000)
    trained = trained_tree(tree, np.tile([0.0, 0.9], (tree.slot_node.size, 1)))
    forest = LabelForest(trees=(trained,), n_features=1, n_labels=2000)
    X = np.zeros((1, 1), dtype=np.float32)

    labels, scores = forest.rank(X, 2000, beam=1)
    pairs = forest.score_pairs(X, np.ones((1, 2000)))

    np.testing.assert_allclose(pairs.toarray()[0, 1999], np.exp(-0.001 * 2000), rtol=1e-3)
    np.testing.assert_array_equal(pairs.toarray()[0, labels[0]], scores[0])
