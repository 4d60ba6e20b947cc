import numpy as np
import pytest

from bench.recommend_cold import hide_items, random_hr, standard_error
from bench.recommend_sets import items_of
from tests.bench.recommend_cases import tiny_set


def test_hidden_items_are_not_learned_and_are_the_targets():
    cold = hide_items(tiny_set(), seed=0)

    hidden = {int(item.removeprefix("i")) for item in cold.hidden}
    assert len(hidden) == 2  # a tenth of 20
    assert not hidden & {item for history in cold.split.train for item in items_of(history)}
    assert set(cold.split.targets.tolist()) == hidden
    assert all(cold.split.train)
    assert random_hr(cold) == 100
    assert hide_items(tiny_set(), seed=1).hidden != cold.hidden


def test_error_of_a_mean_is_that_of_its_groups():
    values, groups = np.repeat([0.0, 1.0], 200), np.arange(400)

    alone = standard_error(values, groups)
    together = standard_error(np.repeat(values, 4), np.repeat(groups, 4))

    assert alone == pytest.approx(0.5 / np.sqrt(400), rel=0.1)
    assert together == pytest.approx(alone)
