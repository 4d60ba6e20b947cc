import numpy as np
import pytest

from bench.worker import flatten, ranking


def test_answers_are_sorted_by_score_then_label_and_padded():
    answers = [[(3, 0.5), (1, 0.5), (2, 0.9)], [], [(4, 0.1)]]

    best = ranking(flatten(answers), n_rows=3, k=2)

    np.testing.assert_array_equal(best["labels"], [[2, 1], [-1, -1], [4, -1]])
    assert best["scores"][0] == pytest.approx([0.9, 0.5])
    assert best["scores"][2] == pytest.approx([0.1, -np.inf])
