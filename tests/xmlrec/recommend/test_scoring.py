from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.recommend import best_reference, candidates_reference, features_reference
from tests.xmlrec.recommend.scoring_cases import random_case
from xmlrec.recommend.categories import CategoryForecast
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.kernels import candidates as candidates_kernel
from xmlrec.recommend.scoring import (
    MAX_LEVELS,
    N_POPULAR,
    ItemFacts,
    Limits,
    Weights,
    best_of,
    is_feature,
    popular_items,
)
from xmlrec.recommend.sessions import Sessions

SEEDS = st.integers(0, 100_000)


@settings(deadline=None, max_examples=200)
@given(
    seed=SEEDS,
    budget=st.integers(1, 12),
    mass=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    leaves_seen_out=st.booleans(),
    n_least=st.integers(0, 12),
    n_nodes=st.sampled_from([0, 1, 7]),
)
def test_candidates_match_the_reference(seed, budget, mass, leaves_seen_out, n_least, n_nodes):
    case = random_case(seed, n_nodes=n_nodes)
    allowed = np.random.default_rng(seed).random(len(case.table)) < 0.7
    limits = Limits(budget=budget, mass=mass, leaves_seen_out=leaves_seen_out)

    found = case.facts.candidates(
        case.sessions, case.evidence, allowed=allowed, limits=limits, n_least=n_least
    )

    expected = candidates_reference(
        case.table, case.counts, case.sessions, case.evidence, case.forecast,
        allowed=allowed, limits=limits, n_least=n_least,
    )  # fmt: skip
    for row, wanted in zip(found.tolist(), expected, strict=True):
        listed = [item for item in row if item >= 0]
        assert row[len(listed) :] == [-1] * (len(row) - len(listed))
        assert len(listed) == len(wanted)
        assert set(listed) == wanted


def test_a_budget_of_all_items_has_them_all_with_those_of_which_nothing_is_known():
    case = random_case(0, n_items=N_POPULAR + 50, n_nodes=1)
    limits = Limits(budget=N_POPULAR + 50, mass=1.0, leaves_seen_out=False)
    everything = np.ones(N_POPULAR + 50, dtype=np.bool_)

    found = case.facts.candidates(
        case.sessions, case.evidence, allowed=everything, limits=limits, n_least=1
    )

    np.testing.assert_array_equal(np.sort(found), np.tile(np.arange(N_POPULAR + 50), (4, 1)))


def test_of_a_long_session_the_last_events_may_come_again():
    case = random_case(0, n_items=80, n_nodes=0, n_sessions=1)
    nothing = sp.csr_array((1, 80), dtype=np.float32)
    evidence = case.evidence._replace(neighbours=nothing, rules=nothing, text=nothing)
    session, everything = Sessions.of([np.arange(70)]), np.ones(80, dtype=np.bool_)
    limits = Limits(budget=79, mass=1.0, leaves_seen_out=False)

    found = case.facts.candidates(session, evidence, allowed=everything, limits=limits, n_least=0)

    last = np.arange(70)[::-1][: candidates_kernel.N_EVENTS]
    np.testing.assert_array_equal(found[found >= 0], last)


@settings(deadline=None, max_examples=200)
@given(seed=SEEDS, n_nodes=st.sampled_from([0, 1, 7, 14]))
def test_features_match_the_reference(seed, n_nodes):
    case = random_case(seed, n_nodes=n_nodes)
    rng = np.random.default_rng(seed)
    chosen = np.array([rng.permutation(len(case.table)) for _ in range(4)], dtype=np.int32)
    for row in chosen:
        row[rng.integers(0, len(row) + 1) :] = -1

    found = case.facts.features(case.sessions, case.evidence, chosen)

    expected = features_reference(
        case.table, case.counts, case.sessions, case.evidence, case.forecast, chosen
    )
    assert found.shape[2] == len(case.facts.feature_names)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_session_model_adds_the_dot_of_its_vectors():
    case = random_case(1)
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(len(case.table), 5)).astype(np.float32)
    queries = rng.normal(size=(len(case.sessions), 5)).astype(np.float32)
    facts = replace(case.facts, vectors=vectors)
    chosen = np.array([[3, 0, -1], [1, 2, 8], [-1, -1, -1], [5, -1, -1]], dtype=np.int32)

    found = facts.features(case.sessions, case.evidence._replace(queries=queries), chosen)

    plain = case.facts.features(case.sessions, case.evidence, chosen)
    np.testing.assert_array_equal(found[:, :, :-1], plain)
    dots = np.where(chosen >= 0, np.einsum("rd,rcd->rc", queries, vectors[chosen]), 0)
    np.testing.assert_allclose(found[:, :, -1], dots, rtol=1e-5, atol=1e-6)
    assert facts.feature_names[-1] == "model"


@settings(deadline=None, max_examples=200)
@given(seed=SEEDS, width=st.integers(0, 9), k=st.integers(1, 12), n_values=st.integers(1, 9))
def test_the_best_match_the_reference(seed, width, k, n_values):
    rng = np.random.default_rng(seed)
    chosen = np.array([rng.permutation(9)[:width] for _ in range(5)], dtype=np.int32)
    for row in chosen:
        row[rng.integers(0, width + 1) :] = -1
    scores = rng.normal(size=n_values)[rng.integers(0, n_values, size=chosen.shape)]

    items, best = best_of(chosen, scores, k)

    expected_items, expected_best = best_reference(chosen, scores, k)
    np.testing.assert_array_equal(items, expected_items)
    np.testing.assert_array_equal(best, expected_best)


def test_equal_scores_that_single_precision_rounds_stay_in_the_order_of_items():
    scores = np.full((1, 3), -7.501044093243572)

    items, _ = best_of(np.array([[0, 1, 2]], dtype=np.int32), scores, 3)

    assert items.tolist() == [[0, 1, 2]]


def test_categories_below_the_last_level_do_not_raise_an_item():
    deep = ["a", "b", "c", "d", "e", "f", "g", "h"]
    items = [{"id": "deep", "paths": [deep]}, {"id": "level", "paths": [deep[:MAX_LEVELS]]}]
    table, counts = ItemTable.from_items(items), np.ones(2)
    forecast = CategoryForecast.of(table, sp.csr_array((2, 2)), counts)
    facts = ItemFacts.of(table, forecast, counts)
    case = random_case(0, n_items=2, n_sessions=1)
    nodes = np.ones((1, len(table.taxonomy)), dtype=np.float32)

    features = facts.features(
        case.sessions, case.evidence._replace(nodes=nodes), np.array([[0, 1]], dtype=np.int32)
    )

    assert facts.n_levels == MAX_LEVELS
    np.testing.assert_allclose(features[0, :, -MAX_LEVELS:], 0, atol=1e-6)  # P is 1 at each


def test_terms_add_up_to_the_score_of_warm_and_of_cold_items():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3, 4, 7)).astype(np.float32)
    is_cold = rng.random((3, 4)) < 0.5
    is_empty = np.array([False, False, True])
    weights = Weights(warm=rng.normal(size=7), cold=rng.normal(size=7), cold_offset=-2.0)

    scores = weights.score(features, is_cold, is_empty)

    for row in range(3):
        terms = weights.terms(features[row], is_cold[row], is_empty=bool(is_empty[row]))
        offset = 0.0 if is_empty[row] else weights.cold_offset
        expected = terms.sum(axis=1) + offset * is_cold[row]
        np.testing.assert_allclose(scores[row], expected, rtol=1e-5)
    np.testing.assert_allclose(scores[2], features[2, :, 5])
    known = weights.terms(features[0], is_cold[0])[is_cold[0]]
    np.testing.assert_allclose(known, features[0][is_cold[0]] * weights.cold)


def test_a_category_has_its_most_popular_items_and_not_too_many():
    masses = sp.csr_array(np.tile([[0.5, 0.0]], (N_POPULAR + 50, 1)).astype(np.float32))
    best = np.random.default_rng(0).permutation(N_POPULAR + 50).astype(np.int32)

    indptr, items = popular_items(masses, best)

    assert indptr.tolist() == [0, N_POPULAR, N_POPULAR]
    np.testing.assert_array_equal(items, best[:N_POPULAR])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(("text", "level"), [0, 1, 0, 1, 1]), (("popular",), [0, 0, 1, 0, 0])],
)
def test_features_are_named(wanted, expected):
    names = ("rules", "text", "popular", "level 1", "level 12")

    assert is_feature(names, wanted).tolist() == expected
