import numpy as np
import pytest

from tests.xmlrec.recommend.world import fit_items, fit_world, ids_of, world_sessions
from xmlrec.errors import TrainingError
from xmlrec.recommend.fitting import rule_matrix
from xmlrec.recommend.neighbours import NeighbourIndex
from xmlrec.recommend.sessions import Sessions


def test_all_sessions_are_put_in_after_fitting(world):
    sessions = world_sessions(400, seed=0)

    np.testing.assert_array_equal(
        world.parts.facts.counts, np.bincount(sessions.items, minlength=64)
    )
    assert world.parts.neighbours.n_sessions == 400
    asked = world.parts.evidence(Sessions.of([sessions.row(399)]))
    assert asked.neighbours.nnz > 0


def test_the_same_seed_gives_the_same_recommender(world):
    again = fit_world(n_threads=1).parts

    for name in ("warm", "cold", "cold_offset"):
        np.testing.assert_array_equal(
            getattr(again.weights, name), getattr(world.parts.weights, name)
        )
    np.testing.assert_array_equal(again.forecast.shares, world.parts.forecast.shares)
    assert again.limits == world.parts.limits
    assert again.neighbours.settings == world.parts.neighbours.settings


def test_events_that_are_left_out_are_not_learned_from():
    items = [{"id": str(item)} for item in range(4)]
    recommender = fit_items(items, [[0, 1, 2, 3], [0, 1, 3]] * 20, leave_out=1)

    assert recommender.parts.facts.counts.tolist() == [40, 40, 20, 0]


def test_rules_are_counted():
    index = NeighbourIndex.fit(Sessions.of([[0, 1], [0, 1], [0, 2], [2, 0]]), 4)

    found = rule_matrix(index, np.array([4.0, 2.0, 2.0, 0.0])).toarray()

    expected = np.zeros((4, 4))
    expected[0, 1], expected[0, 2] = 4 * 2 / 3, 4 / 3  # shares of what follows, by events
    expected[2, 0] = 2
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("items", "rows", "expected"),
    [
        ([{"id": "a", "paths": ["A"]}], [[0, 0, 0]] * 20, ["a"]),
        ([{"id": "a", "paths": ["A"]}, {"id": "b"}], [[0, 1]], ["b"]),
        ([{"id": "a"}, {"id": "b"}, {"id": "c"}], [[0, 1, 0, 1]] * 20, ["b", "a", "c"]),
        ([{"id": "a", "title": "x"}, {"id": "b", "title": "x"}], [[0, 0, 0]] * 9, ["a", "b"]),
    ],
    ids=["one item", "one session", "no paths", "one warm item"],
)
def test_little_is_enough(items, rows, expected):
    (answer,) = fit_items(items, rows).recommend([["a"]], explain=True)

    assert ids_of(answer) == expected


def test_sessions_of_one_event_are_one_clear_line():
    with pytest.raises(TrainingError, match="^0 of 3 sessions have two events or more: too few"):
        fit_items([{"id": "a"}], [[0], [0], []])
