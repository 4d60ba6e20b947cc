import numpy as np
import pytest

from label_trees.kernels.vectors import LANES, add_products, add_to_rows

WIDTHS = [LANES * n for n in (1, 2, 3, 5, 7, 8, 9, 16, 17)]  # every mix of 64, 32, 16 and 8


def random_row(width):
    """Return ``indices, data, W, x``, where a feature occurs twice and neighbours are left out."""
    rng = np.random.default_rng(width)
    indices = np.array([9, 3, 0, 11, 3, 7], dtype=np.int32)
    data = rng.standard_normal(6).astype(np.float32)
    W = rng.standard_normal((12, width)).astype(np.float32)
    return indices, data, W, rng.standard_normal(width).astype(np.float32)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_products_of_a_row_are_those_of_numpy(width):
    indices, data, W, x = random_row(width)
    expected = x + data[1:5].astype(np.float64) @ W[indices[1:5]]

    add_products(1, 5, indices, data, W, x)

    np.testing.assert_allclose(x, expected, atol=1e-5)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_is_added_to_the_weights_of_its_features_only(width):
    indices, data, W, x = random_row(width)
    expected = W.astype(np.float64)
    np.add.at(expected, indices[1:5], np.outer(data[1:5], x))

    add_to_rows(1, 5, indices, data, W, x)

    np.testing.assert_allclose(W, expected, atol=1e-5)


def test_a_row_without_features_changes_nothing():
    indices, data, W, x = random_row(24)
    before = W.copy(), x.copy()

    add_products(2, 2, indices, data, W, x)
    add_to_rows(2, 2, indices, data, W, x)

    np.testing.assert_array_equal(W, before[0])
    np.testing.assert_array_equal(x, before[1])
