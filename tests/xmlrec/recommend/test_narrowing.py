import numpy as np
import pytest

from tests.xmlrec.recommend.world import world_sessions
from xmlrec.recommend import narrowing
from xmlrec.recommend.held_out import hold_out
from xmlrec.recommend.narrowing import fit_limits, hr_and_mrr
from xmlrec.recommend.ranking import rank_sessions
from xmlrec.recommend.scoring import Limits


@pytest.fixture(scope="module")
def held(world):
    held = hold_out(world_sessions(400, seed=12), 0)
    return held, world.parts.evidence(held.sessions)


def quality(world, held, evidence, **limits):
    wanted = Limits(leaves_seen_out=not held.repeats, **limits)
    found = rank_sessions(world.parts, held.sessions, evidence, k=20, limits=wanted)
    return hr_and_mrr(found[0], held.targets)


def test_the_narrowest_limits_that_keep_the_quality_are_taken(world, held, monkeypatch):
    monkeypatch.setattr(narrowing, "MIN_BUDGET", 1)
    monkeypatch.setattr(narrowing, "KEPT", 0.95)
    monkeypatch.setattr(narrowing, "SHARES", (0.2, 0.35, 0.5, 0.65, 0.8, 1.0))

    limits = fit_limits(world.parts, *held)

    wanted = narrowing.KEPT * quality(world, *held, budget=64, mass=1.0)
    tried = [(int(share * 64), mass) for share in narrowing.SHARES for mass in narrowing.MASSES]
    kept = [
        (quality(world, *held, budget=budget, mass=mass) >= wanted).all() for budget, mass in tried
    ]
    first = kept.index(True)
    assert (limits.budget, limits.mass) == tried[first]
    assert 0 < first < len(tried) - 3
    assert limits.leaves_seen_out is not held[0].repeats


def test_all_items_are_scored_if_no_limits_keep_the_quality(world, held, monkeypatch):
    monkeypatch.setattr(narrowing, "MIN_BUDGET", 1)
    monkeypatch.setattr(narrowing, "KEPT", 1.5)

    limits = fit_limits(world.parts, *held)

    assert (limits.budget, limits.mass) == (64, 1.0)


def test_few_items_are_scored_in_any_case(world, held):
    assert fit_limits(world.parts, *held).budget == 64


def test_hits_and_reciprocal_ranks_by_hand():
    items = np.array([[4, 2], [1, 3], [5, -1], [-1, -1]])

    found = hr_and_mrr(items, np.array([2, 1, 9, 0]))

    np.testing.assert_allclose(found, [2 / 4, (1 / 2 + 1) / 4])
