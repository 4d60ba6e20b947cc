import math
from dataclasses import replace

import numpy as np
import pytest

from tests.xmlrec.recommend.world import copy_of, fit_items, ids_of, world_sessions
from xmlrec.errors import InputError
from xmlrec.recommend import Sessions
from xmlrec.recommend.evaluating import known_only


def prefixes(sessions, protocol):
    """Yield the events before each one that is asked for, and that one."""
    for row in range(len(sessions)):
        events = sessions.row(row).tolist()
        asked = {"every-prefix": range(1, len(events)), "next": [1], "last": [len(events) - 1]}
        for place in asked[protocol]:
            yield events[:place], events[place]


@pytest.mark.parametrize("protocol", ["every-prefix", "next", "last"])
@pytest.mark.parametrize("exclude_seen", [None, True])
def test_figures_are_those_of_the_lists_that_are_recommended(world, protocol, exclude_seen):
    sessions = world_sessions(60, seed=13)
    figures = world.evaluate(sessions, protocol=protocol, exclude_seen=exclude_seen)

    asked = list(prefixes(sessions, protocol))
    ids = world.items_.ids
    answers = world.recommend(
        [[ids[item] for item in before] for before, _ in asked], exclude_seen=exclude_seen
    )
    ranks = [
        ids_of(answer).index(ids[target]) + 1 if ids[target] in ids_of(answer) else math.inf
        for answer, (_, target) in zip(answers, asked, strict=True)
    ]
    ranks = np.array(ranks)
    assert figures["n_queries"] == len(ranks)
    for k in (5, 10, 20):
        assert figures[f"hr@{k}"] == pytest.approx(100 * (ranks <= k).mean())
    assert figures["mrr@20"] == pytest.approx(100 * (1 / ranks).mean())
    gains = np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0)
    assert figures["ndcg@10"] == pytest.approx(100 * gains.mean())
    recommended = {item for answer in answers for item in ids_of(answer)}
    assert figures["coverage@20"] == pytest.approx(100 * len(recommended) / 64)
    assert figures["n_several_paths"] == sum(target == 2 for _, target in asked)


def test_figures_are_the_same_for_any_number_of_threads(world):
    sessions = world_sessions(120, seed=14)

    assert copy_of(world, n_threads=1).evaluate(sessions) == world.evaluate(sessions)


def test_with_all_items_each_target_is_a_candidate(world):
    figures = world.evaluate(world_sessions(20, seed=15), exclude_seen=False, all_items=True)

    assert figures["candidate_share"] == 1.0
    assert figures["candidate_recall"] == 100.0


def test_the_forecast_is_judged_at_every_level(world):
    figures = world.evaluate(world_sessions(100, seed=16))

    for level in (1, 2, 3):
        assert 0 < figures[f"ece_level_{level}"] < 0.35
        assert figures[f"ece_pairs_level_{level}"] < 0.07


def test_items_that_are_unknown_are_passed_over_or_missed(world):
    known = world.evaluate(Sessions.of([[0, 5], [0, 5]]), protocol="last")
    figures = world.evaluate(Sessions.of([[0, 99, 5], [0, 99]]), protocol="last")

    assert figures["n_unknown_targets"] == 1
    assert figures["hr@20"] == known["hr@20"] / 2 == 50.0
    assert figures["mrr@20"] == known["mrr@20"] / 2


def test_an_item_that_is_not_available_is_missed():
    items = [{"id": "a"}, {"id": "b", "available": "no"}, {"id": "c"}]
    recommender = fit_items(items, [[0, 1, 2]] * 20)

    figures = recommender.evaluate(Sessions.of([[0, 1], [1, 2]]))

    assert figures["hr@20"] == 50.0
    assert figures["coverage@20"] == pytest.approx(200 / 3)


def test_sessions_of_one_event_cannot_be_evaluated(world):
    with pytest.raises(InputError, match="events: none of its 2 sessions has two events"):
        world.evaluate(Sessions.of([[0], [1]]))


def test_known_events_keep_their_weights_and_times():
    sessions = replace(
        Sessions.of([[0, 9], [9], [-1, 1, 0]], ids=["a", "b", "c"]),
        weights=np.arange(1, 7, dtype=np.float32),
        times=np.arange(6) * 10.0,
    )

    known = known_only(sessions, 9)

    assert known.ids == ("a", "b", "c")
    assert [known.row(row).tolist() for row in range(3)] == [[0], [], [1, 0]]
    assert known.weights.tolist() == [1, 5, 6]
    assert known.times.tolist() == [0, 40, 50]
    assert known_only(known, 2) is known
