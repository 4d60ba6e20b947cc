"""Precision, recall and nDCG of the first k places, averaged over all rows, in percent.

``labels`` is an int array (n_instances, k_ranked) of node numbers, best first, padded with -1;
``truth`` a csr_array (n_instances, n_nodes) whose non-zero entries are the true labels.

Every row counts: a row without a true label scores 0. A place that the ranking does not have
(``k`` above ``k_ranked``, or padding) counts as wrong, and so does a true label that the model
does not know, because no ranking holds it. All functions raise ``ValueError`` for arrays that do
not fit together, for no rows at all, and for ``k`` below 1.
"""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.relevance import (
    IntArray,
    check_ranking,
    discounts,
    divide,
    ideal_discounts,
    relevance,
)


def precision_at_k(labels: IntArray, truth: sp.csr_array, k: int) -> float:
    """Return the percentage of the first ``k`` places that hold a true label."""
    labels, truth = check_ranking(labels, truth)
    return 100.0 * float(relevance(labels, truth, k).mean())


def recall_at_k(labels: IntArray, truth: sp.csr_array, k: int) -> float:
    """Return the percentage of a row's true labels within the first ``k`` places."""
    labels, truth = check_ranking(labels, truth)
    n_found = relevance(labels, truth, k).sum(axis=1)
    return 100.0 * float(divide(n_found, np.diff(truth.indptr)).mean())


def ndcg_at_k(labels: IntArray, truth: sp.csr_array, k: int) -> float:
    """Return the discounted gain of the first ``k`` places as a percentage of the best possible.

    The best possible ranking of a row holds its true labels in its first places:
    ``sum(1 / log2(rank + 1))`` over min(k, number of true labels) ranks.
    """
    labels, truth = check_ranking(labels, truth)
    gain = relevance(labels, truth, k) @ discounts(k)
    return 100.0 * float(divide(gain, ideal_discounts(truth, k)).mean())
