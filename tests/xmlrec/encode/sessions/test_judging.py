import math

import numpy as np
import pytest

from xmlrec.encode.sessions.judging import CHUNK, figures_of, target_ranks
from xmlrec.encode.sessions.settings import SessionQueries


def test_ties_go_to_the_lower_item():
    vectors = np.array([[1.0], [2.0], [2.0], [3.0]], np.float32)
    valid = SessionQueries(
        indptr=np.array([0, 0, 0, 0]), items=np.array([]), targets=np.array([1, 2, 0])
    )

    ranks = target_ranks(np.ones((3, 1), np.float32), vectors, valid)

    np.testing.assert_array_equal(ranks, [1, 2, 3])


@pytest.mark.parametrize(("exclude_seen", "expected"), [(False, 2), (True, 0)])
def test_items_that_were_seen_can_be_no_answers(exclude_seen, expected):
    n = CHUNK + 5
    vectors = np.array([[1.0], [2.0], [3.0]], np.float32)
    valid = SessionQueries(
        indptr=2 * np.arange(n + 1),
        items=np.tile([1, 2], n),
        targets=np.zeros(n, np.int64),
        exclude_seen=exclude_seen,
    )

    ranks = target_ranks(np.ones((n, 1), np.float32), vectors, valid)

    np.testing.assert_array_equal(ranks, expected)


def test_figures_count_the_first_twenty():
    figures = figures_of(np.array([0, 3, 19, 20]))

    assert figures["HR@20"] == 3 / 4
    assert figures["MRR@20"] == pytest.approx((1 + 1 / 4 + 1 / 20) / 4)
    assert figures["NDCG@20"] == pytest.approx((1 + 1 / math.log2(5) + 1 / math.log2(21)) / 4)
