from dataclasses import replace

import numpy as np
import pytest

from tests.xmlrec.recommend.cases import item_case
from xmlrec.metrics import NOT_RANKED
from xmlrec.recommend.evaluation import (
    Answers,
    Training,
    by_query,
    evaluate_ranking,
    intervals,
    paired_differences,
    slices,
)
from xmlrec.recommend.sessions import Sessions

# roots 0 and 1; nodes 2 and 3 below 0. Item 3 has two paths, item 4 was never seen, item 5 neither
# and has no path
PATHS = item_case(
    [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]],
    [-1, -1, 0, 0],
).paths
TRAINING = Training.of(Sessions.of([[0] * 6, [0, 1], [1, 2, 3, 1], []]), PATHS)
ANSWERS = Answers(
    items=np.array([[0, 1, -1], [1, 2, 3], [3, 4, -1], [-1, -1, -1]], dtype=np.int32),
    targets=np.array([1, 3, 4, -1], dtype=np.int32),
    sessions=np.array([7, 7, 8, 9]),
    lengths=np.array([1, 2, 3, 4]),
)


def test_training_counts_events_and_sessions():
    assert TRAINING.n_events.tolist() == [7, 3, 1, 1, 0, 0]
    assert TRAINING.n_sessions_with.tolist() == [2, 2, 1, 1, 0, 0]
    assert TRAINING.n_sessions == 4


def test_figures_are_those_of_the_parts():
    figures = evaluate_ranking(ANSWERS, TRAINING)

    assert figures["n_queries"] == 4
    assert figures["n_without_answer"] == 1
    assert figures["n_unknown_targets"] == 1
    assert figures["hr@5"] == figures["hr@20"] == pytest.approx(100 * 3 / 4)
    assert figures["mrr@20"] == pytest.approx(100 * (1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert figures["coverage@20"] == pytest.approx(100 * 5 / 6)
    # in sessions: 2 and 2 of 4; 2, 1 and 1 of 4; 1 of 4 and, never seen, 1 of 5
    novelty = [1, (1 + 2 + 2) / 3, (2 + np.log2(5)) / 2]
    assert figures["novelty@20"] == pytest.approx(np.mean(novelty))
    assert figures["popularity_share@20"] == pytest.approx(np.mean([1 / 2, 1 / 3, 1 / 8]))
    # 0 and 1 part below a root; of 1, 2 and 3 only 2 and 3 share a path, 1 and 3 a root by another
    diversity = [1 - 2 / 4, (1 + (1 - 2 / 4) + 0) / 3, 0]
    assert figures["diversity@20"] == pytest.approx(np.mean(diversity))


def test_slices_are_told_apart():
    found = {name: rows.tolist() for name, rows in slices(ANSWERS, TRAINING).items()}

    assert found == {
        "short": [True, True, False, False],
        "rare": [True, True, False, False],
        "cold": [False, False, True, False],
        "several_paths": [False, True, False, False],
    }


def test_a_slice_is_measured_on_its_queries():
    figures = evaluate_ranking(ANSWERS, TRAINING)

    assert (figures["n_short"], figures["n_cold"], figures["n_several_paths"]) == (2, 1, 1)
    assert figures["short_mrr@20"] == pytest.approx(100 * (1 / 2 + 1 / 3) / 2)
    assert figures["several_paths_mrr@20"] == pytest.approx(100 / 3)
    assert figures["cold_hr@20"] == 100


def test_a_slice_without_queries_has_no_figures():
    figures = evaluate_ranking(replace(ANSWERS, lengths=np.full(4, 9)), TRAINING)

    assert figures["n_short"] == 0
    assert "short_hr@20" not in figures
    assert all(np.isfinite(value) for value in figures.values())


def test_ranks_among_all_items_go_before_those_in_the_list():
    ranks = np.array([19, 20, NOT_RANKED, 0])

    figures = evaluate_ranking(replace(ANSWERS, ranks=ranks), TRAINING)

    assert figures["hr@20"] == pytest.approx(100 * 2 / 4)
    assert figures["mrr@20"] == pytest.approx(100 * (1 / 20 + 1) / 4)


def test_candidates_have_a_share_of_the_catalog_and_a_recall():
    answers = replace(
        ANSWERS,
        n_candidates=np.array([3, 0, 6, 3]),
        has_target=np.array([True, False, True, True]),
    )

    figures = evaluate_ranking(answers, TRAINING)

    assert figures["candidate_share"] == pytest.approx((3 + 0 + 6 + 3) / 4 / 6)
    assert figures["candidate_recall"] == pytest.approx(100 * 3 / 4)
    assert "candidate_share" not in evaluate_ranking(ANSWERS, TRAINING)


def test_places_after_the_twentieth_do_not_count():
    items = np.full((1, 25), -1, dtype=np.int32)
    items[0, [0, 20]] = 0, 1
    answers = Answers(
        items=items, targets=np.int32([1]), sessions=np.array([0]), lengths=np.array([1])
    )

    figures = evaluate_ranking(answers, TRAINING)

    assert figures["hr@20"] == 0
    assert figures["coverage@20"] == pytest.approx(100 / 6)
    assert "diversity@20" not in figures


def test_calibration_is_measured_where_sessions_have_categories():
    profiles = PATHS.profiles(Sessions.of([[0, 1], [2], [5], [0]]), level=1)

    figures = evaluate_ranking(ANSWERS, TRAINING, profiles=profiles, level=1)
    of_queries = by_query(ANSWERS, TRAINING, profiles=profiles, level=1)["calibration_kl@20"]

    # root 1 is all of the second session, and half of the second list: 2 is in it, 3 by half
    assert of_queries[:2] == pytest.approx([0, -np.log(0.99 * (1 + 0.5) / 3 + 0.01)])
    assert np.isnan(of_queries[2:]).all()
    assert figures["calibration_kl@20"] == pytest.approx(of_queries[:2].mean())


def test_intervals_hold_the_figures_and_draw_whole_sessions():
    values = by_query(ANSWERS, TRAINING)

    found = intervals(values, ANSWERS.sessions)

    # a resample of three sessions may hold only the first, 2 hits of 2, or only the last, a miss
    assert found["hr@20"] == (0, 100)
    # the slice of several paths is one query: whatever has it has the same figure
    assert found["several_paths_mrr@20"] == pytest.approx((100 / 3, 100 / 3))


def test_a_recommender_does_not_differ_from_itself():
    values = by_query(ANSWERS, TRAINING)

    differences = paired_differences(values, values, ANSWERS.sessions)

    assert set(differences) == set(intervals(values, ANSWERS.sessions))
    assert {tuple(of) for of in differences.values()} == {(0, 0, 0)}


def test_a_steady_difference_is_sure_though_figures_are_not():
    rng = np.random.default_rng(0)
    hits = rng.integers(0, 2, size=300) * 100.0
    sessions = np.repeat(np.arange(100), 3)

    found = paired_differences({"a": hits + 1, "b": hits}, {"a": hits}, sessions)

    assert found == {"a": (pytest.approx(1), pytest.approx(1), pytest.approx(1))}
    low, high = intervals({"a": hits}, sessions)["a"]
    assert high - low > 5


def test_no_queries_are_refused():
    none = np.zeros(0, dtype=np.int32)

    with pytest.raises(ValueError, match="items must be"):
        Answers(items=np.zeros((0, 20), np.int32), targets=none, sessions=none, lengths=none)


@pytest.mark.parametrize("name", ["targets", "sessions", "lengths", "ranks", "has_target"])
def test_arrays_of_other_queries_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must have one value a query, 4"):
        replace(ANSWERS, **{name: np.zeros(3, dtype=np.int32)})
