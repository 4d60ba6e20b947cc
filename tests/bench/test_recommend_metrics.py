import math

import numpy as np
import pytest

from bench.recommend_metrics import (
    coverage,
    diversity,
    gains,
    interval,
    novelty,
    path_distance,
)
from bench.recommend_sets import EventSet, last_left_out


def test_gains_are_those_of_the_place_of_the_one_right_item():
    lists = np.full((4, 20), -1)
    lists[0, 0] = lists[1, 6] = lists[2, 19] = 3
    lists[3, 0] = 4

    found = gains(lists, np.array([3, 3, 3, 3]))

    assert found["HR@5"].tolist() == [100, 0, 0, 0]
    assert found["HR@10"].tolist() == [100, 100, 0, 0]
    assert found["HR@20"].tolist() == [100, 100, 100, 0]
    assert found["MRR@20"].tolist() == [100, pytest.approx(100 / 7), 5, 0]
    assert found["NDCG@10"].tolist() == [100, pytest.approx(100 / 3), 0, 0]


def test_padding_is_never_the_target():
    assert gains(np.full((1, 20), -1), np.array([0]))["HR@20"].tolist() == [0]


def test_interval_is_wider_where_the_same_values_come_from_few_sessions():
    values = np.repeat([0.0, 1.0], 200)

    low, high = interval(values, np.arange(400))
    few_low, few_high = interval(values, np.repeat(np.arange(40), 10))

    error = 1.96 * math.sqrt(0.25 / 400)  # of a mean of 400 coins
    assert (low, high) == pytest.approx((0.5 - error, 0.5 + error), abs=0.01)
    assert few_high - few_low == pytest.approx(math.sqrt(10) * (high - low), rel=0.1)


def test_interval_of_equal_values_is_a_point():
    assert interval(np.full(5, 2.0), np.arange(5)) == (2.0, 2.0)


def test_coverage_counts_each_item_once_and_no_padding():
    assert coverage(np.array([[0, 1], [1, -1]]), 8) == 100 * 2 / 8


def test_novelty_is_bits_and_an_unseen_item_counts_as_seen_in_one_session():
    train = [[(0, ""), (0, "")], [(0, ""), (1, "")], [(0, "")], [(0, "")]]

    assert novelty(np.array([[0, 1], [2, -1]]), train) == (0 + 2 + 2) / 3


@pytest.mark.parametrize(
    ("path", "other", "distance"),
    [
        (("A", "B"), ("A", "B"), 0.0),
        (("A", "B"), ("A", "C"), 1 - 2 * 1 / 4),
        (("A",), ("A", "C", "D"), 1 - 2 * 1 / 4),
        (("A", "B"), ("C", "B"), 1.0),
    ],
)
def test_distance_grows_as_paths_part(path, other, distance):
    assert path_distance(path, other) == distance


def test_diversity_takes_the_nearest_paths_and_an_item_without_one_is_far():
    paths = [[["A", "B"]], [["C"], ["A", "D"]], []]
    catalog = [{"id": str(item), "paths": of_item} for item, of_item in enumerate(paths)]
    split = last_left_out([[(0, ""), (1, "")]])
    event_set = EventSet("tiny", ("0", "1", "2", "3"), catalog, split, split, True)

    assert diversity(np.array([[0, 1, -1]]), event_set) == 0.5
    assert diversity(np.array([[0, 1, 2]]), event_set) == pytest.approx((0.5 + 1 + 1) / 3)
    assert diversity(np.array([[3, 0]]), event_set) == 1.0
