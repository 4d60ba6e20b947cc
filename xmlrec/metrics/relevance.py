"""Which places of a ranking hold a true label: what every other metric starts from."""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

IntArray = npt.NDArray[np.integer]
FloatArray = npt.NDArray[np.float64]


def check_ranking(labels: IntArray, truth: sp.csr_array) -> tuple[IntArray, sp.csr_array]:
    """Return ``labels`` and ``truth`` checked; the copy of ``truth`` has sorted, distinct columns.

    Parameters
    ----------
    labels : int array, shape (n_instances, k)
        Ranked node numbers, best first, padded with -1.
    truth : csr_array, shape (n_instances, n_nodes)
        A stored non-zero entry is a true label.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no row, or a label is out of range or ranked twice.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.shape[1] == 0 or labels.dtype.kind != "i":
        raise ValueError(
            f"labels must be integers of shape (n_instances, k), got {labels.dtype} {labels.shape}"
        )
    truth = sp.csr_array(truth, copy=True)
    truth.eliminate_zeros()
    truth.sum_duplicates()
    if len(labels) == 0 or len(labels) != truth.shape[0]:
        raise ValueError(
            f"labels and truth must have the same number of rows, at least 1, "
            f"got {len(labels)} and {truth.shape[0]}"
        )
    if labels.min() < -1 or labels.max() >= truth.shape[1]:
        raise ValueError(
            f"labels must be in -1..{truth.shape[1] - 1}, the columns of truth, "
            f"got {labels.min()}..{labels.max()}"
        )
    ordered = np.sort(labels, axis=1)
    is_repeat = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if is_repeat.any():
        row, place = np.argwhere(is_repeat)[0]
        raise ValueError(f"row {row} ranks label {ordered[row, place]} more than once")
    return labels, truth


def relevance(labels: IntArray, truth: sp.csr_array, k: int) -> npt.NDArray[np.bool_]:
    """Return (n_instances, k), True where a checked ranking holds a true label.

    Places that the ranking does not have are False.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    n_instances, n_nodes = truth.shape
    labels = labels[:, :k]
    row_starts = np.arange(n_instances, dtype=np.int64) * n_nodes
    true_keys = np.repeat(row_starts, np.diff(truth.indptr)) + truth.indices
    relevant = np.zeros((n_instances, k), dtype=np.bool_)
    relevant[:, : labels.shape[1]] = np.isin(row_starts[:, None] + labels, true_keys)
    relevant[:, : labels.shape[1]] &= labels >= 0
    return relevant


def discounts(k: int) -> FloatArray:
    """Return ``1 / log2(rank + 1)`` for the ranks 1 to ``k``."""
    by_rank: FloatArray = 1.0 / np.log2(np.arange(2, k + 2))
    return by_rank


def ideal_discounts(truth: sp.csr_array, k: int) -> FloatArray:
    """Return (n_instances,), the discounts of min(k, number of true labels) places, summed."""
    sums = np.concatenate([[0.0], np.cumsum(discounts(k))])
    by_row: FloatArray = sums[np.minimum(np.diff(truth.indptr), k)]
    return by_row


def divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> FloatArray:
    """Return the quotients, 0 where the denominator is 0."""
    denominator = np.asarray(denominator)
    quotients = np.zeros(denominator.shape)
    np.divide(numerator, denominator, out=quotients, where=denominator != 0)
    return quotients
