import gc
import time

import numpy as np
import pytest

from bench.recommend_requests import N_WARM, p50_and_p99, request_ms, spread
from tests.bench.recommend_cases import tiny_set


def test_first_requests_are_not_counted():
    asked = []

    def ask(seconds):
        asked.append(seconds)
        time.sleep(seconds)

    times = request_ms(ask, [0.0] * N_WARM + [0.02])

    assert len(asked) == 2 * N_WARM + 1
    assert len(times) == N_WARM + 1
    assert 20 <= times[-1] < 2000
    assert gc.get_freeze_count() == 0


def test_places_of_the_times():
    assert p50_and_p99(np.arange(101.0)) == pytest.approx((50, 99))


def test_requests_are_spread_over_the_queries():
    histories = spread(tiny_set(), 3)

    assert [history[0] for history in histories] == [0, 10, 0]
    assert len(spread(tiny_set(), 1000)) == 61
