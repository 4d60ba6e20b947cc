import numpy as np
import pytest

from tests.xmlrec.models.shop import WORDS
from tests.xmlrec.recommend.world import copy_of, fit_items, ids_of, shelf_path, world_sessions
from xmlrec.errors import InputError, OptionError, TrainingError
from xmlrec.recommend import SessionRecommender, Sessions
from xmlrec.recommend.recommender import without_last


def test_a_recommender_is_fitted_before_it_is_asked():
    for ask in ("recommend", "evaluate"):
        with pytest.raises(TrainingError, match="not fitted: call fit, or load one"):
            getattr(SessionRecommender(), ask)(Sessions.of([[0, 1]]))


def test_settings_are_checked_when_a_recommender_is_made():
    with pytest.raises(OptionError, match="there is no preset 'fastest'"):
        SessionRecommender(preset="fastest")


def test_items_that_sessions_have_must_be_in_the_table():
    with pytest.raises(ValueError, match=r"items must be in 0 .. 0, got 0 .. 1"):
        fit_items([{"id": "a"}], [[0, 1], [0, 1]])


@pytest.mark.parametrize("added", [shelf_path(1), shelf_path(1) + " > a new category"])
def test_a_new_item_is_recommended_at_once_and_above_unrelated_ones(world, added):
    recommender = copy_of(world).add_items(
        [
            {"id": "far", "title": "new kind7", "paths": [shelf_path(7)]},
            {"id": "near", "title": "new kind1", "paths": [added]},
            {"id": "placeless", "title": "stranger"},
        ]
    )

    (within,) = recommender.recommend([["i0"]], k=20, within=added)
    (overall,) = recommender.recommend([["i0"]], k=67)

    assert "near" in ids_of(within)
    order = ids_of(overall)
    assert order.index("near") < min(order.index("far"), order.index("placeless"))
    assert order.index("near") < order.index("cold elsewhere")
    assert len(world.items_) == 64


def test_a_new_category_counts_as_the_one_above(world):
    same = {"title": "new kind1"}
    recommender = copy_of(world).add_items(
        [
            {"id": "new", "paths": [shelf_path(1) + " > new"], **same},
            {"id": "old", "paths": [shelf_path(1)], **same},
        ]
    )

    (answer,) = recommender.recommend([["i0"]], k=66)

    scores = {item.item_id: item.score for item in answer.items}
    assert scores["new"] == scores["old"]


def test_items_may_be_added_again_and_then_come_in_sessions(world):
    recommender = copy_of(world)
    for name in ("one", "two"):
        recommender.add_items([{"id": name, "title": "new kind6", "paths": [shelf_path(6)]}])

    (answer,) = recommender.recommend([["two", "x"]], k=66, exclude_seen=True)

    assert answer.n_unknown == 1
    assert "two" not in ids_of(answer)
    assert ids_of(answer)[:2] == ["i35", "i36"]  # the next shelf


def test_an_item_cannot_be_added_twice(world):
    with pytest.raises(InputError, match="the id 'i0' is in the table already"):
        copy_of(world).add_items([{"id": "i0"}])


def test_a_classifier_places_new_items(classifier):
    shelves = [("k", WORDS["6"], "Kitchen > Kettles"), ("h", WORDS["10"], "Garden > Hoses")]
    items = [
        {"id": f"{letter}{number}", "title": words, "paths": [path]}
        for letter, words, path in shelves
        for number in range(3)
    ]
    recommender = fit_items(items, [[0, 1, 2, 0], [3, 4, 5, 3]] * 20)

    recommender.add_items([{"id": "new", "title": "cordless kettle boil"}], classifier)

    assert recommender.items_.is_predicted.tolist() == [False] * 6 + [True]
    (answer,) = recommender.recommend([["k0"]], within="Kitchen > Kettles")
    assert "new" in ids_of(answer)


def test_paths_of_items_are_those_of_the_table_in_use(world):
    recommender = copy_of(world)
    before = recommender.item_paths
    recommender.add_items([{"id": "new", "paths": [shelf_path(0)]}])

    assert recommender.item_paths.n_items == before.n_items + 1 == 65


def test_the_last_events_are_left_out():
    sessions = world_sessions(5, seed=0)

    learned = without_last(sessions, 2)

    assert without_last(sessions, 0) is sessions
    np.testing.assert_array_equal(learned.lengths(), np.maximum(sessions.lengths() - 2, 1))
