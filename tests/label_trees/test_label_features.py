import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.kernels.label_features import add_instance, drain, lowest_bit
from label_trees.label_features import pifa
from tests.oracles.label_trees import pifa_reference


def csr(rows):
    return sp.csr_array(np.array(rows, dtype=np.float32))


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(0, 8),
    n_features=st.integers(1, 6),
    n_labels=st.integers(1, 6),
    max_features=st.integers(1, 7),
)
def test_pifa_matches_reference(seed, n_rows, n_features, n_labels, max_features):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n_rows, n_features)).astype(np.float32)
    Y = (rng.integers(0, 3, size=(n_rows, n_labels)) / 2).astype(np.float32)

    Z = pifa(sp.csr_array(X), sp.csr_array(Y), max_features=max_features)

    np.testing.assert_allclose(Z.toarray(), pifa_reference(X, Y, max_features), atol=1e-6)
    assert Z.dtype == np.float32
    assert Z.has_canonical_format


def test_a_label_is_the_direction_of_its_rows_added_up():
    Z = pifa(csr([[3, 0, 0], [0, 4, 0], [0, 0, 9]]), csr([[1, 0], [1, 0], [0, 0]]))

    np.testing.assert_allclose(Z.toarray(), [[3 / 5, 4 / 5, 0], [0, 0, 0]], rtol=1e-6)


def test_a_soft_label_counts_with_its_value():
    Z = pifa(csr([[3, 0], [0, 8]]), csr([[1], [0.5]]))

    np.testing.assert_allclose(Z.toarray(), [[3 / 5, 4 / 5]], rtol=1e-6)


def test_a_label_keeps_its_largest_features_and_of_equals_the_first():
    Z = pifa(csr([[1, -4, 3, 0, 3, 2]]), csr([[1]]), max_features=2)

    np.testing.assert_allclose(Z.toarray(), [[0, -4 / 5, 3 / 5, 0, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_very_small_and_very_large_features_give_unit_rows(scale):
    Z = pifa(csr([[3 * scale, 4 * scale]]), csr([[1]]))

    np.testing.assert_allclose(Z.toarray(), [[3 / 5, 4 / 5]], rtol=1e-6)


def test_rows_that_cancel_out_give_zeros_not_nan():
    np.testing.assert_array_equal(pifa(csr([[1], [-1]]), csr([[1], [1]])).toarray(), [[0.0]])


def test_features_leave_in_rising_order_wherever_they_fall_in_the_bit_set():
    features = [0, 1, 63, 64, 127, 128, 4095, 4096, 4097, 8191, 8192, 9999]
    shuffled = np.random.default_rng(0).permutation(features)
    X = sp.csr_array((np.ones(12, np.float32), (np.arange(12), shuffled)), shape=(12, 10_000))

    Z = pifa(X, csr(np.ones((12, 1))))

    assert Z.indices.tolist() == features
    np.testing.assert_allclose(Z.data, np.full(12, 12**-0.5), rtol=1e-6)


@pytest.mark.parametrize("bit", range(64))
def test_the_lowest_bit_is_found_below_others(bit):
    assert lowest_bit(np.uint64(2**bit)) == bit
    assert lowest_bit(np.uint64(2**64 - 2**bit)) == bit


def test_what_was_drained_is_gone():
    features, values = np.array([3, 70, 5000], dtype=np.int32), np.ones(3, dtype=np.float32)
    sums = np.zeros(5001, dtype=np.float32)
    words, groups = np.zeros(79, dtype=np.uint64), np.zeros(2, dtype=np.uint64)
    out = np.empty(3, dtype=np.int32), np.empty(3, dtype=np.float32)
    add_instance(features, values, np.float32(2.0), sums, words, groups)

    assert drain(sums, words, groups, *out) == 3
    assert out[0].tolist() == [3, 70, 5000]
    assert out[1].tolist() == [2.0, 2.0, 2.0]
    assert not sums.any()
    assert not words.any()
    assert not groups.any()


def test_pifa_gives_the_same_bytes_for_any_number_of_threads_and_leaves_its_input_alone():
    rng = np.random.default_rng(1)
    X = sp.random_array((400, 90), density=0.1, rng=rng, dtype=np.float32, format="csr")
    Y = sp.random_array((400, 70), density=0.05, rng=rng, dtype=np.float32, format="csr")
    before = [array.copy() for S in (X, Y) for array in (S.indptr, S.indices, S.data)]

    runs = [pifa(X, Y, n_threads=n) for n in (1, 2, 5)]

    for run in runs[1:]:
        np.testing.assert_array_equal(run.indptr, runs[0].indptr)
        np.testing.assert_array_equal(run.indices, runs[0].indices)
        assert run.data.tobytes() == runs[0].data.tobytes()
    after = [array for S in (X, Y) for array in (S.indptr, S.indices, S.data)]
    for array, expected in zip(after, before, strict=True):
        np.testing.assert_array_equal(array, expected)
