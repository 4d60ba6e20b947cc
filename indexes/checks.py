"""Checks and conversions of the arrays that callers hand in; below them nothing checks again."""

import numpy as np
import numpy.typing as npt

from indexes.contract import Ids, Vectors

LENGTH_TOLERANCE = 1e-3
"""Vectors kept in float16 are off by this much."""


def check_ids(ids: npt.ArrayLike, *, name: str = "ids") -> Ids:
    """Return ``ids`` as int64, shape (n,): from 0 up, each once.

    Raises
    ------
    ValueError
        If they are not one row, or one is negative, above int64, or repeated.
    TypeError
        If they are no integers.
    """
    array = np.asarray(ids)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one row, got shape {array.shape}")
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got {array.dtype}")
    if array.min() < 0 or array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be from 0 to 2**63 - 1, got {array.min()} to {array.max()}")
    values, counts = np.unique(array, return_counts=True)
    if values.size < array.size:
        raise ValueError(f"{name} has {values[counts > 1][0]} more than once")
    return array.astype(np.int64)


def check_allowed(allowed: npt.ArrayLike) -> Ids:
    """Return the ids that a list of ids or a mask over ids allows.

    Raises
    ------
    ValueError
        If it is not one row.
    TypeError
        If it holds neither integers nor booleans.
    """
    array = np.asarray(allowed)
    if array.ndim != 1:
        raise ValueError(f"allowed must be one row, got shape {array.shape}")
    if array.dtype.kind == "b":
        return np.flatnonzero(array).astype(np.int64)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"allowed must be ids or a mask of booleans, got {array.dtype}")
    return array.astype(np.int64)


@np.errstate(over="ignore")  # what overflows float32 is infinite, and refused as that
def check_vectors(
    vectors: npt.ArrayLike, *, dim: int, name: str = "vectors", zeros: bool = False
) -> Vectors:
    """Return ``vectors`` as C-contiguous float32, shape (n, dim), of unit length.

    Parameters
    ----------
    zeros : bool
        Whether rows of zeros are let through.

    Raises
    ------
    ValueError
        If the shape does not fit, or a row has a NaN or infinite value or another length.
    TypeError
        If they are no real numbers.
    """
    array = np.asarray(vectors)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be real numbers, got {array.dtype}")
    if array.ndim != 2 or array.shape[1] != dim:
        raise ValueError(f"{name} must have shape (n, {dim}), got {array.shape}")
    array = np.ascontiguousarray(array, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", array, array))
    if not np.isfinite(lengths).all():
        row = int(np.flatnonzero(~np.isfinite(lengths))[0])
        raise ValueError(f"{name} has a NaN or infinite value in row {row}")
    fits = np.abs(lengths - 1) <= LENGTH_TOLERANCE
    if zeros:
        fits |= ~array.any(axis=1)
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        raise ValueError(
            f"{name} has length {lengths[row]:g} in row {row}, expected 1: "
            "divide every row by its norm"
        )
    return array
