import numpy as np
import pytest
import scipy.sparse as sp

from label_trees.checks import check_csr, check_pair, check_weights

DENSE = np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, -3]], dtype=np.float32)


def unsorted_csr(dtype=np.int32):
    """Return DENSE with a row out of order and one entry in two parts."""
    data = np.array([1.5, -3, 0.5, 1.5], dtype=np.float32)
    indices, indptr = np.array([1, 2, 0, 0], dtype=dtype), np.array([0, 1, 1, 4], dtype=dtype)
    return sp.csr_array((data, indices, indptr), shape=(3, 3))


def wide_csr():
    """Return DENSE with 64-bit indices."""
    S = sp.csr_array(DENSE)
    S.indices, S.indptr = S.indices.astype(np.int64), S.indptr.astype(np.int64)
    return S


def read_only_csr():
    S = sp.csr_array(DENSE)
    for array in (S.data, S.indices, S.indptr):
        array.setflags(write=False)
    return S


@pytest.mark.parametrize(
    "matrix",
    [
        DENSE,
        DENSE.astype(np.float64),
        DENSE.tolist(),
        np.asfortranarray(DENSE),
        sp.csr_array(DENSE),
        sp.csr_array(DENSE.astype(np.float64)),
        sp.csr_matrix(DENSE.astype(int)) + sp.csr_matrix([[0, 0.5, 0], [0, 0, 0], [0, 0, 0]]),
        sp.csc_array(DENSE),
        sp.coo_array(DENSE),
        unsorted_csr(),
        unsorted_csr(np.int64),
        wide_csr(),
        read_only_csr(),
    ],
)
def test_any_matrix_becomes_a_canonical_csr_of_the_same_types(matrix):
    S = check_csr(matrix)

    np.testing.assert_array_equal(S.toarray(), DENSE)
    assert isinstance(S, sp.csr_array)
    assert (S.data.dtype, S.indices.dtype, S.indptr.dtype) == (np.float32, np.int32, np.int64)
    assert S.indices.tolist() == [1, 0, 2]
    assert S.indptr.tolist() == [0, 1, 1, 3]


def test_callers_arrays_are_never_written_to():
    S = unsorted_csr()
    before = [array.copy() for array in (S.data, S.indices, S.indptr)]
    Y = sp.csr_array(
        (np.array([0.0, 1e-40, 1.0]), np.array([0, 1, 1]), np.array([0, 1, 2, 3])), shape=(3, 2)
    )
    Y_before = Y.data.copy()

    check_pair(S, Y)

    for array, expected in zip((S.data, S.indices, S.indptr), before, strict=True):
        np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(Y.data, Y_before)


def test_a_canonical_matrix_is_shared_not_copied():
    S = sp.csr_array(DENSE)

    assert np.shares_memory(check_csr(S).data, S.data)


@pytest.mark.parametrize("row", [DENSE[2], DENSE[2].tolist(), sp.csr_array(DENSE)[2]])
def test_one_row_without_a_second_dimension_is_a_matrix_of_one_row(row):
    np.testing.assert_array_equal(check_csr(row).toarray(), DENSE[2:])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("make", [np.array, sp.csr_array])
def test_a_value_that_is_not_finite_is_refused_with_its_row(value, make):
    dense = np.zeros((4, 3))
    dense[0, 0], dense[2, 1] = 1.0, value

    with pytest.raises(ValueError, match="X has a NaN or infinite value in row 2"):
        check_csr(make(dense))


@pytest.mark.parametrize(
    ("part", "values"),
    [("indices", [500, 0, 2]), ("indices", [-1, 0, 2]), ("indptr", [0, 2, 1, 3])],
)
def test_broken_index_arrays_are_refused_before_a_kernel_trusts_them(part, values):
    S = sp.csr_array(DENSE)
    setattr(S, part, np.array(values, dtype=np.int32))

    with pytest.raises(ValueError, match="candidates is not a valid sparse matrix"):
        check_csr(S, name="candidates")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (DENSE, "X has 3 columns, expected 4"),
        (np.ones((1, 4, 2)), "3D|3-D"),
        ([[1, 2, 3, 4], [5]], "inhomogeneous"),
        ([["a", "b", "c", "d"]], "could not convert"),
    ],
)
def test_what_is_no_matrix_of_the_expected_width_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        check_csr(matrix, n_columns=4)


def test_more_columns_than_32_bits_count_are_refused():
    with pytest.raises(ValueError, match="the limit is 2147483647"):
        check_csr(sp.coo_array((1, 2**31)))


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        (np.ones((2, 1)), "X has 3 rows and Y has 2"),
        (np.array([[1.0], [1.5], [0]]), r"Y must lie in \(0, 1\], got 1 to 1.5"),
        (np.array([[1.0], [-0.5], [0]]), r"Y must lie in \(0, 1\], got -0.5 to 1"),
        (np.array([[1.0], [np.nan], [0]]), "Y has a NaN or infinite value in row 1"),
        (np.zeros((3, 2)), "no label in any row"),
        (np.zeros((3, 0)), "no label in any row"),
        (None, "Y has a NaN"),
    ],
)
def test_labels_that_do_not_go_with_the_rows_are_refused(Y, message):
    with pytest.raises(ValueError, match=message):
        check_pair(DENSE, Y)


def test_stored_zeros_are_no_labels():
    Y = sp.csr_array((np.array([0.0, 1.0]), np.array([0, 1]), np.array([0, 1, 1, 2])), shape=(3, 2))

    assert check_pair(DENSE, Y)[1].nnz == 1


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (2.0, r"shape \(\), expected \(3,\)"),
        ([1, 2], r"shape \(2,\), expected \(3,\)"),
        (np.ones((3, 1)), r"shape \(3, 1\), expected \(3,\)"),
        ([1, 0, 1], "positive and finite"),
        ([1, -1, 1], "positive and finite"),
        ([1, np.nan, 1], "positive and finite"),
        ([1, np.inf, 1], "positive and finite"),
        ("balanced", "could not convert"),
    ],
)
def test_sample_weights_of_another_shape_or_sign_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, 3)


def test_no_sample_weights_are_ones():
    np.testing.assert_array_equal(check_weights(None, 2), np.ones(2, dtype=np.float32))
