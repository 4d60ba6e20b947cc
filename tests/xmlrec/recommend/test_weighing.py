from dataclasses import replace

import numpy as np
import pytest

from tests.xmlrec.recommend.world import SHUFFLED, world_sessions
from xmlrec.recommend.evaluating import evaluate_parts
from xmlrec.recommend.held_out import hold_out
from xmlrec.recommend.scoring import CATEGORY_FLOORS, FLOORS, is_feature
from xmlrec.recommend.weighing import COLD, PRIOR, cold_draws, fit_all_weights, fit_cold, fitted

NAMES = ("neighbours", "rules", "text", "popular", "level 1", "level 2")


def made_features(rng, n=300, width=8):
    """Return features of which only "text" and "level 2" are above 0, and the targets' places."""
    features = np.zeros((n, width, len(NAMES)), dtype=np.float32)
    features[:, :, [2, 5]] = rng.normal(size=(n, width, 2))
    return features, np.tile(np.arange(width, dtype=np.int32), (n, 1))


def test_weights_are_those_that_the_targets_were_drawn_with():
    rng = np.random.default_rng(0)
    features, candidates = made_features(rng, n=4000)
    utility = features @ [0, 0, 1.5, 0, 0, 0.7] + rng.gumbel(size=candidates.shape)

    weights = fitted(features, candidates, utility.argmax(axis=1).astype(np.int32), NAMES)

    np.testing.assert_allclose(weights[[2, 5]], [1.5, 0.7], atol=0.1)
    silent = [PRIOR["neighbours"], PRIOR["rules"], 0.0, PRIOR["level"]]
    np.testing.assert_allclose(weights[[0, 1, 3, 4]], silent, atol=1e-6)


def test_what_is_meant_to_speak_for_an_item_never_counts_against_it():
    features, candidates = made_features(np.random.default_rng(0))
    features[:, :, 3] = features[:, :, 2]
    worst = features[:, :, 2].argmin(axis=1).astype(np.int32)

    weights = fitted(features, candidates, worst, NAMES)

    assert weights[2] == 0
    assert weights[3] < -1  # "popular" may count against it


def test_without_a_target_among_the_candidates_the_prior_stays():
    features, candidates = made_features(np.random.default_rng(0), n=5)

    for rows in (slice(None), slice(0)):
        missed = np.full(5, 99, dtype=np.int32)[rows]
        weights = fitted(features[rows], candidates[rows], missed, NAMES)
        np.testing.assert_allclose(weights, [0.6, 0.2, 0.5, 0.0, 0.4, 0.4])


@pytest.fixture(scope="module")
def held(world):
    held = hold_out(world_sessions(400, seed=0), 0)
    return held, world.parts.evidence(held.sessions)


def test_some_items_at_a_time_count_as_cold(world, held):
    draws = list(cold_draws(world.parts, *held))

    for features, candidates, targets in draws:
        assert candidates.shape == (len(targets), 6)  # a tenth of the 61 items with events
        assert features.shape[:2] == candidates.shape
        assert (candidates == candidates[0]).all()
        assert np.isin(targets, candidates[0]).all()
        assert (world.parts.facts.counts[candidates] > 0).all()
    assert len({tuple(candidates[0]) for _, candidates, _ in draws}) == len(draws)
    again = cold_draws(world.parts, *held)
    for one, other in zip(draws, again, strict=True):
        np.testing.assert_array_equal(one[1], other[1])


def test_items_without_events_are_weighed_by_what_they_can_have(world, held):
    weights = fit_cold(world.parts, *held, None)

    can_have = is_feature(world.parts.facts.feature_names, COLD)
    assert (weights[~can_have] == 0).all()
    assert (weights[can_have] > 0).all()


def test_a_cold_item_is_level_with_a_warm_one_of_which_nothing_is_known(world, held):
    weights = fit_all_weights(world.parts, *held, None)

    nothing = np.zeros(len(weights.warm))
    nothing[[0, 1, 6]] = np.log([FLOORS[0], FLOORS[1], CATEGORY_FLOORS[0]])
    assert world.parts.facts.feature_names[6] == "popular in category"
    assert weights.cold_offset == pytest.approx(nothing @ weights.warm)


def mrr(recommender, parts, sessions):
    figures = evaluate_parts(parts, sessions, recommender.item_paths, protocol="every-prefix")
    return figures["mrr@20"]


def without_levels(parts):
    keeps = ~is_feature(parts.facts.feature_names, ("level", "popular in category"))
    weights = replace(parts.weights, warm=parts.weights.warm * keeps)
    return replace(parts, weights=weights)


def test_categories_count_where_they_say_something_and_not_where_items_are_shuffled(
    world, shuffled_world
):
    gains, weights = [], []
    for recommender, order in ((world, None), (shuffled_world, SHUFFLED)):
        sessions, parts = world_sessions(150, seed=11, order=order), recommender.parts
        gains.append(
            mrr(recommender, parts, sessions) - mrr(recommender, without_levels(parts), sessions)
        )
        is_level = is_feature(parts.facts.feature_names, ("level",))
        weights.append(parts.weights.warm[is_level].sum())

    assert gains[0] > 4
    assert abs(gains[1]) < 2
    prior = PRIOR["level"] * is_level.sum()
    assert weights[0] > prior + 0.8
    assert weights[1] == pytest.approx(prior, abs=0.3)
