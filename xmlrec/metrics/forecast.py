"""How far a forecast of the next category can be believed, at each level of the taxonomy."""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from xmlrec.metrics.calibration import BoolArray, expected_calibration_error
from xmlrec.metrics.relevance import IntArray, check_ranking, relevance

N_BINS = 15
N_NODES = 10
"""How many nodes of a level are measured one by one."""

ROUNDING = 1e-5
"""So far above 1 a sum of float32 probabilities counts as 1."""


def forecast_ece(
    P: npt.NDArray[np.floating], truth: sp.csr_array, depths: IntArray
) -> dict[str, float]:
    """Return the calibration error of each level's first node, and of its first 10, 0 to 1.

    The error is that of `xmlrec.metrics.expected_calibration_error` over 15 bins of equal mass. Of
    the first 10 nodes every pair of a query and a node counts as one. A node is right if the next
    item is in it, by any of its paths. Queries whose next item has no category at all are left
    out; one whose item ends above a level counts there, and every node is wrong.

    Parameters
    ----------
    P : float array, shape (n_queries, n_nodes)
        Forecast probability that the next item is in the node, or below it.
    truth : csr_array, shape (n_queries, n_nodes)
        A stored non-zero entry is a node that the next item is in, ancestors included.
    depths : int array, shape (n_nodes,)
        The level of each node, 1 for a root.

    Returns
    -------
    dict of str to float
        ``ece_level_1 ece_pairs_level_1 ece_level_2 ...``; none without any true node.

    Raises
    ------
    ValueError
        If the arrays do not fit together or a value is no probability.
    """
    if P.shape != truth.shape or depths.shape != P.shape[1:]:
        raise ValueError(
            f"P and truth must have one shape (n_queries, n_nodes) and depths one value a node, "
            f"got {P.shape}, {truth.shape} and {depths.shape}"
        )
    truth = sp.csr_array(truth, copy=True)
    truth.eliminate_zeros()
    is_known = np.diff(truth.indptr) > 0
    if not is_known.any():
        return {}
    P, truth = P[is_known], truth[is_known]
    errors: dict[str, float] = {}
    for level in range(1, int(depths.max()) + 1):
        nodes = np.flatnonzero(depths == level)
        of_level = P[:, nodes]
        labels = best_nodes(of_level, N_NODES)
        probabilities = np.take_along_axis(of_level, labels, axis=1)
        errors |= _errors(labels, probabilities, truth[:, nodes], f"level_{level}")
    return errors


def ranked_forecast_ece(
    labels: IntArray, probabilities: npt.NDArray[np.floating], truth: sp.csr_array
) -> tuple[float, float]:
    """Return the calibration errors of the first nodes, and of all, of a ranking of one level.

    Parameters
    ----------
    labels : int array, shape (n_queries, k)
        Nodes, the likeliest first, padded with -1.
    probabilities : float array, shape (n_queries, k)
    truth : csr_array, shape (n_queries, n_nodes)
        See `forecast_ece`; here every query counts.
    """
    labels, truth = check_ranking(labels, truth)
    is_right, is_node = relevance(labels, truth, labels.shape[1]), labels >= 0
    is_rounded = (probabilities > 1) & (probabilities <= 1 + ROUNDING)
    probabilities = np.where(is_rounded, 1.0, probabilities)

    def error(places: slice) -> float:
        kept: BoolArray = is_node[:, places]
        return expected_calibration_error(
            probabilities[:, places][kept], is_right[:, places][kept], N_BINS
        )

    return error(slice(1)), error(slice(None))


def best_nodes(probabilities: npt.NDArray[np.floating], k: int) -> IntArray:
    """Return the ``k`` columns of highest value of each row, fewer if there are not so many.

    Ties go to the lower column.
    """
    n_nodes = probabilities.shape[1]
    k = min(k, n_nodes)
    kth = np.partition(probabilities, n_nodes - k, axis=1)[:, [n_nodes - k]]
    is_kept = probabilities >= kth
    has_ties = is_kept.sum(axis=1) > k  # at the last place: of those equal the first ones stay
    of_ties = probabilities[has_ties]
    is_above, is_equal = of_ties > kth[has_ties], of_ties == kth[has_ties]
    n_places = k - is_above.sum(axis=1, keepdims=True)
    is_kept[has_ties] = is_above | (is_equal & (np.cumsum(is_equal, axis=1) <= n_places))
    columns = np.nonzero(is_kept)[1].reshape(len(probabilities), k)
    kept = np.take_along_axis(probabilities, columns, axis=1)
    order = np.argsort(-kept, axis=1, kind="stable")
    best: IntArray = np.take_along_axis(columns, order, axis=1)
    return best


def _errors(
    labels: IntArray, probabilities: npt.NDArray[np.floating], truth: sp.csr_array, name: str
) -> dict[str, float]:
    first, pairs = ranked_forecast_ece(labels, probabilities, truth)
    return {f"ece_{name}": first, f"ece_pairs_{name}": pairs}
