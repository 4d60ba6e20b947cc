import numpy as np
import pytest

from tests.xmlrec.recommend.world import (
    COLD,
    SEVERAL,
    copy_of,
    fit_items,
    ids_of,
    shelf_path,
    world_sessions,
)
from xmlrec.errors import OptionError
from xmlrec.recommend import Reranking, Sessions

SESSION = ["i0", "i5"]


def id_rows(recommender, sessions):
    return [
        [recommender.items_.ids[item] for item in sessions.row(row)] for row in range(len(sessions))
    ]


def test_the_next_shelf_comes_first(world):
    (answer,) = world.recommend([SESSION], k=3)

    assert ids_of(answer) == ["i10", "i11", "i12"]
    assert answer.reason is None
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("k", [1, 20, 64])
def test_there_are_as_many_items_as_are_asked_for_each_once(world, k):
    for answer in world.recommend([SESSION, [], ["bare"], ["blank"], [COLD]], k=k):
        assert len(set(ids_of(answer))) == k
        assert answer.reason is None


def test_more_items_than_there_are_give_the_reason(world):
    all_of_them, unseen = (
        world.recommend([SESSION], k=100, exclude_seen=exclude_seen)[0]
        for exclude_seen in (False, True)
    )

    assert sorted(ids_of(all_of_them)) == sorted(world.items_.ids)
    assert all_of_them.reason == "64 items are available"
    assert set(ids_of(unseen)) == set(world.items_.ids) - set(SESSION)
    assert unseen.reason == "62 items are available, not in the session"


def test_every_limit_is_kept_and_named(world):
    within = shelf_path(0)
    (answer,) = world.recommend(
        [SESSION], within=within, exclude=["i1"], available=["i0", "i1", "i3", COLD, "i50"],
        exclude_seen=True,
    )  # fmt: skip

    assert ids_of(answer) == ["i3", COLD]
    assert answer.reason == (
        f"2 items are available, within {within!r}, not excluded, not in the session"
    )


def test_nothing_left_is_an_empty_list_with_the_reason(world):
    for reranking in (None, Reranking(diversify=0.5)):
        (answer,) = world.recommend(
            [SESSION], available=[], exclude_seen=False, reranking=reranking, explain=True
        )

        assert answer.items == ()
        assert answer.reason == "0 items are available"


def test_unknown_items_are_passed_over_and_counted(world):
    known, mixed = world.recommend([SESSION, ["x", "i0", "y", "i5", "z"]])

    assert mixed.items == known.items
    assert (known.n_unknown, mixed.n_unknown) == (0, 3)


@pytest.mark.parametrize("stranger", [-1, 64, 10**6])
def test_columns_that_no_item_has_are_passed_over_and_counted(world, stranger):
    known, mixed = world.recommend(Sessions.of([[0, 5], [0, stranger, 5]]))

    assert mixed.items == known.items
    assert (known.n_unknown, mixed.n_unknown) == (0, 1)


def test_a_session_without_a_known_item_gets_what_is_popular(world):
    empty, unknown = world.recommend([[], ["x"]], k=12)

    assert empty.items == unknown.items
    places = [int(item[1:]) % 5 for item in ids_of(empty)]  # on their shelves: 0 is the best
    assert max(places) <= 1
    assert places[:5] == [0] * 5


def test_an_answer_is_the_same_alone_in_a_batch_and_with_any_threads(world):
    sessions = id_rows(world, world_sessions(150, seed=2))
    together = world.recommend(sessions, k=30)

    for row in (0, 1, 77, 127, 128, 149):
        (alone,) = world.recommend([sessions[row]], k=30)
        assert alone.items == together[row].items
    for n_threads in (1, 3):
        assert copy_of(world, n_threads=n_threads).recommend(sessions, k=30) == together


def test_sessions_keep_their_names(world):
    answers = world.recommend({"ann": SESSION, "é": []}, k=1)

    assert [answer.session_id for answer in answers] == ["ann", "é"]
    assert world.recommend([]) == world.recommend({}) == []


def test_a_session_of_ten_thousand_events_is_answered(world):
    events = np.arange(10_000) % 60
    (answer,) = world.recommend(Sessions.of([events]), k=5, explain=True)

    assert [item.item_id for item in answer.items][0] == "i40"  # after shelf 7
    (unseen,) = world.recommend(Sessions.of([events]), k=5, exclude_seen=True)
    assert sorted(ids_of(unseen)) == sorted(["bare", COLD, "cold elsewhere", "blank"])


def test_by_default_a_session_s_items_come_again_only_if_sessions_came_back_to_items():
    items = [{"id": str(item)} for item in range(6)]
    back = fit_items(items, [[0, 1, 0, 2, 0]] * 30)
    never = fit_items(items, [[0, 1, 2]] * 30)

    assert "0" in ids_of(back.recommend([["0", "1"]], k=6)[0])
    assert "0" not in ids_of(never.recommend([["0", "1"]], k=6)[0])
    assert "0" in ids_of(never.recommend([["0", "1"]], k=6, exclude_seen=False)[0])


def test_a_cap_lets_other_shelves_in_and_the_best_stays_first(world):
    plain, capped = (
        world.recommend([SESSION], k=10, reranking=reranking)[0]
        for reranking in (None, Reranking(cap=2, level=3))
    )

    assert ids_of(capped)[:2] == ids_of(plain)[:2] == ["i10", "i11"]
    shelves = [int(item[1:]) // 5 for item in ids_of(capped) if item not in (SEVERAL, "bare")]
    assert max(np.bincount(shelves)) == 2
    assert len(capped.items) == 10


def test_a_calibrated_list_has_the_shelves_of_the_session(world):
    (answer,) = world.recommend(
        [["i0", "i30"]], k=13, reranking=Reranking(calibrate=1.0, level=3)
    )  # of five times 13 items, that is of all

    own = {"cold", *[f"i{item}" for item in (0, 1, 2, 3, 4, 30, 31, 32, 33, 34)]}
    assert set(ids_of(answer)[:8]) <= own


def test_a_cap_that_leaves_too_few_is_the_reason(world):
    within = shelf_path(0)
    (answer,) = world.recommend([[]], k=5, within=within, reranking=Reranking(cap=1, level=3))

    assert len(answer.items) == 1
    assert (
        answer.reason == f"6 items are available, within {within!r}; of them 1 fit the re-ranking"
    )


def test_a_level_that_the_taxonomy_lacks_is_an_error(world):
    with pytest.raises(OptionError, match="level"):
        world.recommend([SESSION], reranking=Reranking(cap=1, level=9))
