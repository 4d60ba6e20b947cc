"""Precision of rankings against a truth matrix."""

import numpy as np
import scipy.sparse as sp


def precision_at(labels: np.ndarray, Y: sp.csr_array, *, k: int) -> float:
    """Return P@k in percent: the share of the first ``k`` answers that are true.

    Parameters
    ----------
    labels : array of int, shape (n_instances, at least k)
        Ranked label columns, padded with -1, which is never true.
    Y : csr_array, shape (n_instances, n_labels)
        Truth. It may have columns that no ranking can name: a label without a training row is
        a miss, and a row that has only such labels still counts.
    """
    asked = labels[:, :k]
    rows, slots = np.nonzero(asked >= 0)
    n_labels = Y.shape[1]
    true_pairs = np.repeat(np.arange(Y.shape[0]), np.diff(Y.indptr)) * n_labels + Y.indices
    asked_pairs = rows * n_labels + asked[rows, slots]
    return 100.0 * float(np.isin(asked_pairs, true_pairs).sum()) / (k * Y.shape[0])
