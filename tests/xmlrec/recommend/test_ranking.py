import numpy as np

from tests.xmlrec.recommend.world import world_sessions
from xmlrec.recommend import ranking
from xmlrec.recommend.ranking import rank_sessions, score_sessions
from xmlrec.recommend.scoring import Limits


def test_all_items_are_ranked_by_their_scores(world):
    sessions, parts = world_sessions(5, seed=4), world.parts
    evidence = parts.evidence(sessions)
    limits = Limits(budget=64, mass=1.0, leaves_seen_out=True)

    items, scores = rank_sessions(parts, sessions, evidence, k=70, limits=limits)

    for row in range(5):
        n = 64 - len(set(sessions.row(row).tolist()))
        assert set(items[row, :n]) == set(range(64)) - set(sessions.row(row))
        assert (items[row, n:] == -1).all()
        assert np.isneginf(scores[row, n:]).all()
        assert (np.diff(scores[row, :n]) <= 0).all()


def test_lists_are_the_same_a_few_sessions_at_a_time(world, monkeypatch):
    sessions, parts = world_sessions(9, seed=4), world.parts
    evidence = parts.evidence(sessions)

    whole = rank_sessions(parts, sessions, evidence, k=20, limits=parts.limits)
    monkeypatch.setattr(ranking, "ROOM", 2 * 64 * len(parts.facts.feature_names))
    pieces = rank_sessions(parts, sessions, evidence, k=20, limits=parts.limits)

    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)


def test_items_without_events_are_scored_by_the_weights_of_cold_ones(world):
    sessions, parts = world_sessions(3, seed=4), world.parts
    everything = np.ones(64, dtype=np.bool_)

    scored = score_sessions(
        parts, sessions, parts.evidence(sessions), allowed=everything, limits=parts.limits,
        n_least=64,
    )  # fmt: skip

    for row, place in np.ndindex(3, 64):
        item, features = scored.candidates[row, place], scored.features[row, place]
        expected = features @ parts.weights.warm
        if item in (61, 62, 63):
            expected = features @ parts.weights.cold + parts.weights.cold_offset
        np.testing.assert_allclose(scored.scores[row, place], expected, rtol=1e-6)
