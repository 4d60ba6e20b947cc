"""Checks and conversions of the arrays that callers hand in; below them nothing checks again."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from label_trees.kernels.checks import is_canonical

SMALLEST_VALUE = np.float32(1e-15)
"""Soft labels below count as this much: the solver divides by them in float32."""


@np.errstate(over="ignore")  # what overflows float32 is infinite, and refused as that
def check_csr(matrix: Any, *, name: str = "X", n_columns: int | None = None) -> sp.csr_array:
    """Return ``matrix`` as a canonical float32 ``csr_array`` with int32 indices.

    The caller's arrays are never written to; they are shared when they are canonical already.

    Raises
    ------
    ValueError
        If it is no matrix, its index arrays are broken, it has NaN or infinite values, not
        ``n_columns`` columns, or 2**31 or more columns.
    """
    if not sp.issparse(matrix):
        matrix = np.atleast_2d(np.asarray(matrix, dtype=np.float32))
    S = sp.csr_array(matrix if matrix.ndim != 1 else matrix.reshape(1, -1))
    try:
        S.check_format()  # kernels trust the indices
    except ValueError as error:
        raise ValueError(f"{name} is not a valid sparse matrix: {error}") from None
    if n_columns is not None and S.shape[1] != n_columns:
        raise ValueError(f"{name} has {S.shape[1]} columns, expected {n_columns}")
    if S.shape[1] >= 2**31:
        raise ValueError(f"{name} has {S.shape[1]} columns, the limit is {2**31 - 1}")
    data = S.data.astype(np.float32, copy=False)
    if not np.isfinite(data).all():
        row = int(np.searchsorted(S.indptr, np.flatnonzero(~np.isfinite(data))[0], side="right"))
        raise ValueError(f"{name} has a NaN or infinite value in row {row - 1}")
    checked = sp.csr_array(S.shape, dtype=np.float32)
    checked.data, checked.indices, checked.indptr = data, S.indices, S.indptr
    if not checked.has_canonical_format:
        checked = checked.copy()
        checked.sum_duplicates()
    checked.data = read_only(checked.data)
    checked.indices = read_only(checked.indices.astype(np.int32, copy=False))
    checked.indptr = read_only(checked.indptr.astype(np.int64, copy=False))
    return checked


class Rows(NamedTuple):
    """The arrays of a checked CSR matrix: int64 ``indptr``, int32 ``indices``, float32 ``data``."""

    indptr: np.ndarray[Any, np.dtype[np.int64]]
    indices: np.ndarray[Any, np.dtype[np.int32]]
    data: np.ndarray[Any, np.dtype[np.float32]]
    shape: tuple[int, int]


def check_rows(matrix: Any, *, n_columns: int) -> Rows:
    """Return what `check_csr` does as bare arrays, at once where ``matrix`` is canonical.

    One row is ranked in less time than scipy needs to make a matrix of it.

    Raises
    ------
    ValueError
        As `check_csr`.
    """
    if isinstance(matrix, sp.csr_array | sp.csr_matrix) and matrix.shape[1] == n_columns:
        data, indices = read_only(matrix.data), read_only(matrix.indices)
        indptr = read_only(matrix.indptr.astype(np.int64, copy=False))
        fits = data.dtype == np.float32 and indptr.size == matrix.shape[0] + 1
        if fits and is_canonical(indptr, indices, data, n_columns):
            return Rows(indptr, read_only(indices.astype(np.int32, copy=False)), data, matrix.shape)
    X = check_csr(matrix, n_columns=n_columns)
    return Rows(X.indptr, X.indices, X.data, X.shape)


def read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a read-only view: kernels compile once for these and for memory-mapped files."""
    view = np.asarray(array).view()
    view.setflags(write=False)
    return view


def check_pair(X: Any, Y: Any) -> tuple[sp.csr_array, sp.csr_array]:
    """Return features ``X`` and labels ``Y`` checked, with equal numbers of rows.

    Raises
    ------
    ValueError
        As `check_csr`; also when the row counts differ, there are no rows or labels, or a value
        of ``Y`` lies outside (0, 1].
    """
    X, Y = check_csr(X), check_csr(Y, name="Y")
    if X.shape[0] != Y.shape[0]:
        raise ValueError(f"X has {X.shape[0]} rows and Y has {Y.shape[0]}")
    if Y.nnz and (Y.data.min() < 0 or Y.data.max() > 1):
        raise ValueError(f"Y must lie in (0, 1], got {Y.data.min():g} to {Y.data.max():g}")
    if (Y.data == 0).any():
        Y = Y.copy()
        Y.eliminate_zeros()
    Y.data = read_only(np.maximum(Y.data, SMALLEST_VALUE))
    if Y.nnz == 0:
        raise ValueError("Y has no label in any row: there is nothing to train")
    return X, Y


def check_weights(sample_weight: Any, n_instances: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return positive finite instance weights (n_instances,), ones when None."""
    if sample_weight is None:
        return np.ones(n_instances, dtype=np.float32)
    weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.shape != (n_instances,):
        raise ValueError(f"sample_weight has shape {weights.shape}, expected ({n_instances},)")
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ValueError("sample_weight must be positive and finite")
    return weights
