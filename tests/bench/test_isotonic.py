import numpy as np
import pytest
import scipy.sparse as sp

from bench.isotonic import (
    RULES,
    answers_above,
    best_threshold,
    example_f1,
    isotonic_confidences,
    isotonic_probabilities,
)
from bench.trained import Ranked


def ranked(labels, scores, truth):
    Y = sp.csr_array(np.array(truth, dtype=np.float32))
    return Ranked(np.array(labels, dtype=np.int32), np.array(scores, dtype=np.float32), Y)


def many(shares, n=100):
    """Return ``n`` rows for each score 0, 1, ..., of which so large a share is right."""
    scores = np.repeat(np.arange(len(shares)), n)
    is_right = np.concatenate([np.arange(n) < share * n for share in shares])
    return ranked(
        np.zeros((scores.size, 1)), scores[:, np.newaxis], np.stack([is_right, ~is_right], axis=1)
    )


def test_probability_is_the_share_that_was_right_at_a_score():
    test = ranked([[0], [0], [-1]], [[0.0], [5.0], [-np.inf]], [[1, 0], [1, 0], [1, 0]])

    P = isotonic_probabilities(many((0.2, 0.1, 0.9)), test, 1)

    np.testing.assert_allclose(P[:, 0], [0.15, 0.9, 0.0])  # falling shares are pooled


@pytest.mark.parametrize(("rule", "threshold"), [("isotonic", 1), ("isotonic, our margin", 2)])
def test_sure_answers_score_what_held_out_ones_needed(rule, threshold):
    test = ranked([[0], [0], [0], [-1]], [[0.0], [1.0], [2.0], [-np.inf]], [[1, 0]] * 4)

    found = isotonic_confidences(many((0.2, 0.91, 1.0)), test, RULES[rule])

    assert found.is_sure[0.95].tolist() == [place >= threshold for place in range(3)] + [False]
    assert found.is_right.tolist() == [True, True, True, False]


def test_f1_counts_the_first_answers_of_each_row():
    of_rows = ranked([[0, 1], [1, -1], [2, 0]], [[2, 1], [2, -np.inf], [2, 1]], np.eye(3))

    f1 = example_f1(of_rows, np.array([2, 2, 1]))

    np.testing.assert_allclose(f1, [2 / 3, 1.0, 1.0])


def test_threshold_on_scores_has_the_best_f1_and_the_best_label_is_always_answered():
    of_rows = ranked(
        [[0, 1], [1, 0], [2, 0], [0, 1]],
        [[9.0, 8.0], [9.0, 1.0], [3.0, 2.0], [7.0, 6.0]],
        [[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]],  # the last has no label
    )

    threshold = best_threshold(of_rows)

    assert 2.0 < threshold <= 8.0
    assert answers_above(of_rows.scores, threshold)[:3].tolist() == [2, 1, 1]
