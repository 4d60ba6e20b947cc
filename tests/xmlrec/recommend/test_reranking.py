import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.item_lists import (
    divergence_reference,
    profile_reference,
    rerank_reference,
    values_reference,
)
from tests.xmlrec.recommend.cases import item_case, random_items, random_lists
from xmlrec.errors import OptionError
from xmlrec.recommend.reranking import ALPHA, Reranking, list_divergence, rerank
from xmlrec.recommend.sessions import Sessions

# two roots with two children each; items 0 to 3 are in node 2, 4 and 5 in node 3, 6 and 7 in node 4
PARENTS = [-1, -1, 0, 0, 1, 1]
CASE = item_case(np.eye(6)[[2, 2, 2, 2, 3, 3, 4, 4]], PARENTS)
ITEMS = np.arange(8, dtype=np.int32)[None]
SCORES = np.linspace(1, 0.3, 8, dtype=np.float32)[None]


def order(k=8, *, profile=None, items=ITEMS, scores=SCORES, **values):
    profiles = None if profile is None else sp.csr_array(np.array([profile]))
    found, _ = rerank(
        items, scores, k, settings=Reranking(**values), paths=CASE.paths, profiles=profiles
    )
    return found[0].tolist()


def test_without_any_setting_the_best_candidates_stay():
    found, scores = rerank(ITEMS, SCORES, 3, settings=Reranking(), paths=CASE.paths)

    assert found.tolist() == [[0, 1, 2]]
    np.testing.assert_array_equal(scores, SCORES[:, :3])


def test_the_most_diverse_list_visits_every_category_before_it_comes_back():
    assert order(diversify=1.0, k=4)[:3] == [0, 6, 4]


def test_some_diversity_brings_another_category_forward():
    # relevance falls by 1 / 7 a place; item 0 is like 1 by 1, like 4 by 1 / 2 and like 6 by 0
    values = {1: 6 / 14 - 1 / 2, 4: 3 / 14 - 1 / 4, 6: 1 / 14}
    assert sorted(values, key=values.get) == [1, 4, 6]

    assert order(diversify=0.5, k=3) == [0, 6, 4]
    assert order(diversify=0.4, k=3) == [0, 1, 6]  # 0.6 * 6 / 7 - 0.4 is above 0.6 / 7


def test_a_calibrated_list_divides_as_the_session_does():
    # three quarters of the session are in node 4 and a quarter in node 2
    found = order(profile=[0, 0, 0.25, 0, 0.75, 0], calibrate=0.9, k=3)

    assert sorted(found) == [0, 6, 7]


def test_a_session_without_a_category_leaves_the_order():
    assert order(profile=[0] * 6, calibrate=0.9) == list(range(8))


def test_a_cap_passes_over_items_of_full_categories():
    assert order(cap=1) == [0, 4, 6, -1, -1, -1, -1, -1]
    assert order(cap=2, k=5) == [0, 1, 4, 5, 6]
    assert order(cap=2, level=1) == [0, 1, 6, 7, -1, -1, -1, -1]


def test_an_item_counts_once_in_a_category_and_one_without_a_category_is_never_capped():
    # item 0 is in both nodes below root 0; items 1 and 2 are in one of them; item 3 is nowhere
    P = np.array([[0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
    case = item_case(P, [-1, -1, 0, 0])
    items, scores = np.arange(5, dtype=np.int32)[None], np.arange(5, 0, -1, dtype=np.float32)[None]

    capped = [
        rerank(items, scores, 5, settings=Reranking(cap=cap, level=1), paths=case.paths)[0].tolist()
        for cap in (1, 2)
    ]

    assert capped == [[[0, 3, 4, -1, -1]], [[0, 1, 3, 4, -1]]]


def test_ties_go_to_the_higher_score_then_to_the_lower_item():
    items = np.array([[5, -1, 4, 2]], dtype=np.int32)
    same, two = np.float32([[1, 0, 1, 1]]), np.float32([[1, 0, 2, 1]])

    assert order(items=items, scores=same, k=4) == [2, 4, 5, -1]
    assert order(items=items, scores=two, k=4) == [4, 2, 5, -1]
    assert order(items=items, scores=two, k=1, diversify=1.0) == [4]


def test_scores_far_apart_keep_their_order():
    scores = np.float32([[1e-20, 2e-20, 1e20]])  # the first two are the same from 0 to 1

    assert order(items=ITEMS[:, :3], scores=scores, k=3) == [2, 1, 0]


def test_no_candidates_give_padding():
    none = np.full((2, 3), -1, dtype=np.int32)

    items, scores = rerank(
        none, np.zeros((2, 3), np.float32), 2, settings=Reranking(diversify=0.5), paths=CASE.paths
    )

    assert (items == -1).all()
    assert (scores == -np.inf).all()


def random_case(seed, level):
    """Return items, candidates with ties in their scores, and what sessions want."""
    rng = np.random.default_rng(seed)
    case = random_items(rng)
    items = random_lists(rng, 3, 10, len(case.items))
    scores = rng.choice([-1.0, 0, 0.25, 0.5, 2], size=items.shape).astype(np.float32)
    sessions = Sessions.of([rng.integers(0, len(case.items), size=n) for n in (0, 1, 4)])
    wanted = [
        profile_reference(
            sessions.row(s), [1] * len(sessions.row(s)), case.items, case.parents, level
        )
        for s in range(3)
    ]
    return case, items, scores, case.paths.profiles(sessions, level), wanted


def candidates_of(items, scores):
    return {
        item: score
        for item, score in zip(items.tolist(), scores.tolist(), strict=True)
        if item >= 0
    }


@given(
    seed=st.integers(0, 10_000),
    diversify=st.sampled_from([0, 0.25, 0.5, 1]),
    cap=st.sampled_from([None, 1, 2]),
    level=st.sampled_from([None, 1]),
    k=st.integers(1, 12),
)
@settings(deadline=None)
def test_diverse_and_capped_lists_match_reference(seed, diversify, cap, level, k):
    case, items, scores, _, _ = random_case(seed, level)
    values = Reranking(diversify=diversify, cap=cap, level=level)

    found, found_scores = rerank(items, scores, k, settings=values, paths=case.paths)

    for i, candidates in enumerate(map(candidates_of, items, scores)):
        expected = rerank_reference(
            candidates, k, case.items, case.parents, settings=values, wanted={}, alpha=ALPHA
        )
        assert [item for item in found[i].tolist() if item >= 0] == expected
        assert found_scores[i, : len(expected)].tolist() == [candidates[item] for item in expected]


@given(
    seed=st.integers(0, 10_000),
    calibrate=st.sampled_from([0.25, 0.5, 1]),
    diversify=st.sampled_from([0, 0.5]),
    level=st.sampled_from([None, 1]),
)
@settings(deadline=None)
def test_every_item_of_a_calibrated_list_is_the_best_that_is_left(
    seed, calibrate, diversify, level
):
    case, items, scores, profiles, wanted = random_case(seed, level)
    values = Reranking(diversify=min(diversify, 1 - calibrate), calibrate=calibrate, level=level)

    found, _ = rerank(items, scores, 9, settings=values, paths=case.paths, profiles=profiles)

    # sums in another order may part what is equal, so values are compared and not the lists
    for i, candidates in enumerate(map(candidates_of, items, scores)):
        chosen = [item for item in found[i].tolist() if item >= 0]
        assert sorted(chosen) == sorted(candidates)
        for place, item in enumerate(chosen):
            of_items = values_reference(
                candidates, chosen[:place], case.items, case.parents,
                settings=values, wanted=wanted[i], alpha=ALPHA,
            )  # fmt: skip
            assert of_items[item] == pytest.approx(max(of_items.values()), abs=1e-9)


@given(seed=st.integers(0, 10_000), level=st.sampled_from([None, 1]))
@settings(deadline=None)
def test_divergence_matches_reference(seed, level):
    case, items, _, profiles, wanted = random_case(seed, level)

    found = list_divergence(items, case.paths, profiles, level=level)

    expected = [
        divergence_reference(row, case.items, of_row, case.parents, level, ALPHA)
        for row, of_row in zip(items.tolist(), wanted, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_divergence_is_0_for_a_list_like_the_session_and_highest_for_one_that_shares_nothing():
    lists = np.array([[0, 6], [4, 5]], dtype=np.int32)
    profiles = CASE.paths.profiles(Sessions.of([[1, 7], [1, 7]]))

    assert list_divergence(lists, CASE.paths, profiles) == pytest.approx([0, -np.log(0.01)])


def test_a_row_does_not_depend_on_its_neighbours_or_on_threads():
    case, items, scores, profiles, _ = random_case(3, 1)
    rows = np.resize(np.arange(3), 3000)
    values = Reranking(diversify=0.3, calibrate=0.3, cap=2, level=1)

    def lists(rows, n_threads):
        return rerank(
            items[rows], scores[rows], 5, settings=values, paths=case.paths,
            profiles=profiles[rows], n_threads=n_threads,
        )[0]  # fmt: skip

    one = lists(rows, 1)

    np.testing.assert_array_equal(one, lists(rows, 2))
    np.testing.assert_array_equal(one[:3], np.vstack([lists([i], 1) for i in range(3)]))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"diversify": 1.5}, "diversify: 1.5 is not in 0..1"),
        ({"calibrate": -0.1}, "calibrate: -0.1 is not in 0..1"),
        ({"diversify": float("nan")}, "diversify: nan is not in 0..1"),
        ({"diversify": 0.7, "calibrate": 0.6}, "above 1 together; lower one of them"),
        ({"cap": 0}, "cap: 0 is below 1"),
        ({"level": 0}, "level: 0 is below 1"),
    ],
)
def test_settings_out_of_range_are_refused(values, problem):
    with pytest.raises(OptionError, match=problem):
        Reranking(**values)


@pytest.mark.parametrize(
    ("items", "scores", "settings", "problem"),
    [
        ([[0, 8]], [[1, 1]], Reranking(), r"items must be in -1..7, got 0..8"),
        ([[0, -2]], [[1, 1]], Reranking(), r"items must be in -1..7"),
        ([[0, 1]], [[1]], Reranking(), "one shape"),
        ([[0, 1]], [[1, np.nan]], Reranking(), "finite"),
        ([[0, 1]], [[1, 0]], Reranking(calibrate=0.5), "needs the profiles"),
    ],
)
def test_what_cannot_be_ranked_is_refused(items, scores, settings, problem):
    items, scores = np.array(items, dtype=np.int32), np.array(scores, dtype=np.float32)

    with pytest.raises(ValueError, match=problem):
        rerank(items, scores, 2, settings=settings, paths=CASE.paths)


def test_profiles_of_other_rows_are_refused():
    with pytest.raises(ValueError, match=r"profiles must have shape \(1, 6\), got \(2, 6\)"):
        list_divergence(ITEMS, CASE.paths, sp.csr_array((2, 6)))
