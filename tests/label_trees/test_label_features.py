import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.label_features import pifa
from tests.oracles.label_trees import pifa_reference


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(0, 8),
    n_features=st.integers(1, 6),
    n_labels=st.integers(1, 6),
)
def test_pifa_matches_reference(seed, n_rows, n_features, n_labels):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n_rows, n_features)).astype(np.float32)
    Y = (rng.integers(0, 3, size=(n_rows, n_labels)) / 2).astype(np.float32)

    Z = pifa(sp.csr_array(X), sp.csr_array(Y))

    np.testing.assert_allclose(Z.toarray(), pifa_reference(X, Y), atol=1e-6)
    assert Z.dtype == np.float32
    assert Z.has_sorted_indices


def test_a_label_is_the_direction_of_its_rows_added_up():
    X = sp.csr_array(np.array([[3, 0, 0], [0, 4, 0], [0, 0, 9]], dtype=np.float32))
    Y = sp.csr_array(np.array([[1, 0], [1, 0], [0, 0]], dtype=np.float32))

    Z = pifa(X, Y)

    np.testing.assert_allclose(Z.toarray(), [[3 / 5, 4 / 5, 0], [0, 0, 0]], rtol=1e-6)


def test_a_soft_label_counts_with_its_value():
    X = sp.csr_array(np.array([[3, 0], [0, 8]], dtype=np.float32))
    Y = sp.csr_array(np.array([[1], [0.5]], dtype=np.float32))

    np.testing.assert_allclose(pifa(X, Y).toarray(), [[3 / 5, 4 / 5]], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_very_small_and_very_large_features_give_unit_rows(scale):
    X = sp.csr_array(np.array([[3, 4]], dtype=np.float32) * np.float32(scale))
    Y = sp.csr_array(np.ones((1, 1), dtype=np.float32))

    np.testing.assert_allclose(pifa(X, Y).toarray(), [[3 / 5, 4 / 5]], rtol=1e-6)


def test_rows_that_cancel_out_give_zeros_not_nan():
    X = sp.csr_array(np.array([[1.0], [-1.0]], dtype=np.float32))
    Y = sp.csr_array(np.ones((2, 1), dtype=np.float32))

    np.testing.assert_array_equal(pifa(X, Y).toarray(), [[0.0]])
