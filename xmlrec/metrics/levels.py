"""F1 of the top prediction at every level of the taxonomy."""

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics.paths import primary_paths
from xmlrec.metrics.relevance import IntArray, check_ranking, divide


def level_scores(
    labels: IntArray, truth: sp.csr_array, *, primary_parents: IntArray, depths: IntArray
) -> dict[str, float]:
    """Return F1 of the top label against the truth, both cut off at each level, in percent.

    At level L a label stands for its ancestor of depth L along primary parents. Rows whose true
    labels all end above L are left out; ``level_L_n`` counts the others. Levels go from 1 to the
    deepest with such a row. Where a row has several true nodes at L, the predicted one is taken
    if it is among them, else that of the lowest true label.

    - micro: the share of rows that are right, which is the F1 over all classes together. No
      prediction, or one that ends above L, is wrong;
    - macro: the mean over the nodes that occur as truth or as prediction (scikit-learn's
      default). "No node at this level" is not a class of the mean;
    - weighted: the mean over true nodes, weighted by their rows.

    Parameters
    ----------
    labels : int array, shape (n_instances, k)
        Ranked node numbers, best first, padded with -1; only the first column is used.
    truth : csr_array, shape (n_instances, n_nodes)
        True labels.
    primary_parents, depths : int array, shape (n_nodes,)
        See `xmlrec.metrics.paths.primary_paths`.

    Returns
    -------
    dict of str to float
        ``level_1_f1_micro level_1_f1_macro level_1_f1_weighted level_1_n level_2_f1_micro ...``
    """
    labels, truth = check_ranking(labels, truth)
    scores: dict[str, float] = {}
    paths = primary_paths(primary_parents, depths, n_nodes=truth.shape[1])
    for level, at_level in enumerate(paths, start=1):
        expected, predicted = level_classes(labels[:, 0], truth, at_level)
        if len(expected) == 0:
            break
        for average, f1 in _f1(expected, predicted).items():
            scores[f"level_{level}_f1_{average}"] = 100.0 * f1
        scores[f"level_{level}_n"] = len(expected)
    return scores


def level_classes(
    top: IntArray, truth: sp.csr_array, at_level: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the true and the predicted node of every row that has a true node at the level.

    Parameters
    ----------
    top : int array, shape (n_instances,)
        The answer of each row, -1 for none.
    truth : csr_array, shape (n_instances, n_nodes)
        Checked true labels.
    at_level : int array, shape (n_nodes + 1,)
        A row of `xmlrec.metrics.paths.primary_paths`.
    """
    rows = np.repeat(np.arange(len(top)), np.diff(truth.indptr))
    nodes = at_level[truth.indices]
    rows, nodes = rows[nodes >= 0], nodes[nodes >= 0]
    predicted = at_level[top]
    has_level, first = np.unique(rows, return_index=True)
    expected = np.full(len(top), -1)
    expected[has_level] = nodes[first]
    is_right = nodes == predicted[rows]
    expected[rows[is_right]] = nodes[is_right]
    return expected[has_level], predicted[has_level]


def _f1(expected: IntArray, predicted: IntArray) -> dict[str, float]:
    """Return the averages of ``F1 = 2 * n_right / (n_expected + n_predicted)`` over nodes."""
    n_nodes = max(expected.max(), predicted.max()) + 1
    n_right = np.bincount(expected[expected == predicted], minlength=n_nodes)
    n_expected = np.bincount(expected, minlength=n_nodes)
    n_predicted = np.bincount(predicted[predicted >= 0], minlength=n_nodes)
    f1 = divide(2 * n_right, n_expected + n_predicted)
    return {
        "micro": float(n_right.sum() / len(expected)),
        "macro": float(f1[n_expected + n_predicted > 0].mean()),
        "weighted": float(f1 @ n_expected / len(expected)),
    }
