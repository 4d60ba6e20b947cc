"""Precision of rankings against a truth matrix."""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics import inverse_propensity, psp_at_k


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


def psp_at(labels: np.ndarray, Y: sp.csr_array, Y_test: sp.csr_array, *, k: int) -> float:
    """Return the propensity-scored precision (PSP@k) in percent, with the constants of most sets.

    Parameters
    ----------
    labels : array of int, shape (n_instances, at least k)
        As in `precision_at`.
    Y : csr_array, shape (n_training_instances, n_labels)
        Training labels; they say how rare a label is.
    Y_test : csr_array, shape (n_instances, at least n_labels)
        Truth, as in `precision_at`; its further labels have no training row.
    """
    counts = np.bincount(Y.indices, minlength=Y_test.shape[1])
    return psp_at_k(labels, Y_test, k, inverse_propensity(counts, Y.shape[0], a=0.55, b=1.5))
