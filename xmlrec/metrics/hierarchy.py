"""Hierarchical precision, recall and F1: a prediction near the truth is partly right.

Silla and Freitas, "A survey of hierarchical classification across different application domains",
2011, section 5: the predicted and the true labels of a row are each extended by all their
ancestors, and the two sets of nodes are compared.
"""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.relevance import FloatArray, IntArray, check_ranking, divide


def hierarchical_scores(
    labels: IntArray, truth: sp.csr_array, ancestors: sp.csr_array
) -> dict[str, float]:
    """Compare the top label with all true labels, each with its ancestors, in percent.

    Micro sums the sizes of the sets over all rows and then divides; macro divides in every row
    and takes the mean over all rows. A row without a prediction has an empty predicted set and
    a row without a true label an empty true set; a quotient with an empty set below is 0.

    Parameters
    ----------
    labels : int array, shape (n_instances, k)
        Ranked node numbers, best first, padded with -1; only the first column is used.
    truth : csr_array, shape (n_instances, n_nodes)
        True labels; the ancestors of several true labels are united.
    ancestors : csr_array, shape (n_nodes, n_nodes)
        Row u holds u itself and its ancestors over all parents. There is no artificial root to
        leave out: top-level nodes are categories and count.

    Returns
    -------
    dict of str to float
        ``hp_micro hr_micro hf_micro hp_macro hr_macro hf_macro``.
    """
    sizes = _set_sizes(labels, truth, ancestors)
    n_shared, n_predicted, n_expected = sizes
    return {
        "hp_micro": 100.0 * float(divide(n_shared.sum(), n_predicted.sum())),
        "hr_micro": 100.0 * float(divide(n_shared.sum(), n_expected.sum())),
        "hf_micro": 100.0 * float(divide(2 * n_shared.sum(), (n_predicted + n_expected).sum())),
        **{name: 100.0 * float(values.mean()) for name, values in _quotients(*sizes).items()},
    }


def row_scores(
    labels: IntArray, truth: sp.csr_array, ancestors: sp.csr_array
) -> dict[str, FloatArray]:
    """Return ``hp_macro hr_macro hf_macro`` of each row, 0 to 1, shape (n_instances,)."""
    return _quotients(*_set_sizes(labels, truth, ancestors))


def _quotients(
    n_shared: IntArray, n_predicted: IntArray, n_expected: IntArray
) -> dict[str, FloatArray]:
    return {
        "hp_macro": divide(n_shared, n_predicted),
        "hr_macro": divide(n_shared, n_expected),
        "hf_macro": divide(2 * n_shared, n_predicted + n_expected),
    }


def _set_sizes(
    labels: IntArray, truth: sp.csr_array, ancestors: sp.csr_array
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the nodes of each row that are shared, predicted and expected."""
    labels, truth = check_ranking(labels, truth)
    if ancestors.shape != (truth.shape[1], truth.shape[1]) or not ancestors.diagonal().all():
        raise ValueError(
            f"ancestors must be {truth.shape[1]} x {truth.shape[1]}, each node with itself, "
            f"got shape {ancestors.shape}"
        )
    predicted = _as_sets(_top_labels(labels, truth.shape[1]) @ ancestors)
    expected = _as_sets(_as_sets(truth) @ ancestors)
    n_shared = predicted.multiply(expected).sum(axis=1)
    return n_shared, predicted.sum(axis=1), expected.sum(axis=1)


def _as_sets(matrix: sp.csr_array) -> sp.csr_array:
    """Return the non-zero entries of ``matrix`` as ones that can be counted."""
    return matrix.astype(np.bool_).astype(np.int64)


def _top_labels(labels: IntArray, n_nodes: int) -> sp.csr_array:
    """Return (n_instances, n_nodes) with a one at each row's first label."""
    rows = np.flatnonzero(labels[:, 0] >= 0)
    ones = np.ones(len(rows), dtype=np.int64)
    return sp.csr_array((ones, (rows, labels[rows, 0])), shape=(len(labels), n_nodes))
