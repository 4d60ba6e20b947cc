"""Metrics of every single row: those of `evaluate_ranking` that are means over rows."""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.hierarchy import row_scores
from xmlrec.metrics.relevance import (
    FloatArray,
    IntArray,
    check_ranking,
    discounts,
    divide,
    ideal_discounts,
    relevance,
)


def metrics_by_row(
    labels: IntArray, truth: sp.csr_array, ancestors: sp.csr_array
) -> dict[str, FloatArray]:
    """Return the metrics of each row in percent; their means are what `evaluate_ranking` says.

    Parameters
    ----------
    labels : int array, shape (n_instances, k)
        Ranked node numbers, best first, padded with -1.
    truth : csr_array, shape (n_instances, n_nodes)
        True labels.
    ancestors : csr_array, shape (n_nodes, n_nodes)
        Row u holds u itself and its ancestors.

    Returns
    -------
    dict of str to float array, shape (n_instances,)
        ``p@1 p@3 p@5 recall@5 recall@10 ndcg@1 ndcg@3 ndcg@5 hp_macro hr_macro hf_macro``.
    """
    scores = row_scores(labels, truth, ancestors)
    labels, truth = check_ranking(labels, truth)
    found = relevance(labels, truth, 10)
    n_true = np.diff(truth.indptr)
    by_row = {f"p@{k}": found[:, :k].mean(axis=1) for k in (1, 3, 5)}
    by_row |= {f"recall@{k}": divide(found[:, :k].sum(axis=1), n_true) for k in (5, 10)}
    by_row |= {
        f"ndcg@{k}": divide(found[:, :k] @ discounts(k), ideal_discounts(truth, k))
        for k in (1, 3, 5)
    }
    return {name: 100.0 * values for name, values in (by_row | scores).items()}
