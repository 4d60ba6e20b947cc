import numpy as np
import pytest
import scipy.sparse as sp

from bench.metrics import precision_at, psp_at


def test_precision_counts_hits_among_the_first_k_of_every_row():
    truth = sp.csr_array(np.array([[1, 0, 1], [0, 1, 0]], dtype=np.float32))
    labels = np.array([[2, 1, 0], [0, 1, 2]])

    assert precision_at(labels, truth, k=1) == pytest.approx(100 * (1 + 0) / 2)
    assert precision_at(labels, truth, k=3) == pytest.approx(100 * (2 + 1) / 6)


def test_unknown_label_is_a_miss_and_padding_is_no_hit():
    truth = sp.csr_array(np.array([[0, 0, 1], [0, 1, 0]], dtype=np.float32))  # column 2 is unknown
    labels = np.array([[0, -1], [1, -1]])

    assert precision_at(labels, truth, k=2) == pytest.approx(100 * 1 / 4)


def test_propensity_scored_precision_weighs_by_training_rows_of_known_labels():
    Y = sp.csr_array(np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32))
    truth = sp.csr_array(np.array([[1, 1, 0], [0, 1, 1]], dtype=np.float32))  # column 2 is unknown
    labels = np.array([[0, 1], [1, 0]])
    scale = (np.log(4) - 1) * 2.5**0.55
    common, rare, unknown = (1 + scale * (n + 1.5) ** -0.55 for n in (3, 1, 0))

    found, best = common + rare, rare + unknown

    assert psp_at(labels, Y, truth, k=1) == pytest.approx(100 * found / best)
