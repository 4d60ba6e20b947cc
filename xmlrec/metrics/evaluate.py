"""All figures of one ranking, under the names that the command line and the reports use."""

import scipy.sparse as sp

from xmlrec.metrics.distance import tree_distance
from xmlrec.metrics.hierarchy import hierarchical_scores
from xmlrec.metrics.levels import level_scores
from xmlrec.metrics.propensity import psndcg_at_k, psp_at_k
from xmlrec.metrics.ranking import ndcg_at_k, precision_at_k, recall_at_k
from xmlrec.metrics.relevance import FloatArray, IntArray


def evaluate_ranking(
    labels: IntArray,
    truth: sp.csr_array,
    *,
    ancestors: sp.csr_array,
    primary_parents: IntArray,
    depths: IntArray,
    inv_propensity: FloatArray,
) -> dict[str, float]:
    """Return every metric of a ranking, in a fixed order; all but counts and edges in percent.

    Every row counts. A label unknown to the model has a column of ``truth`` that no ranking
    holds, and so is a miss.

    Parameters
    ----------
    labels : int array, shape (n_instances, k)
        Ranked node numbers, best first, padded with -1. ``recall@10`` needs k of 10 or more:
        missing places count as wrong.
    truth : csr_array, shape (n_instances, n_nodes)
        A stored non-zero entry is a true label; a row may have none.
    ancestors : csr_array, shape (n_nodes, n_nodes)
        Row u holds u itself and its ancestors over all parents.
    primary_parents : int array, shape (n_nodes,)
        The primary parent of each node, -1 for a root.
    depths : int array, shape (n_nodes,)
        Depth along primary parents, 1 for a root.
    inv_propensity : float array, shape (n_nodes,)
        See `inverse_propensity`.

    Returns
    -------
    dict of str to float
        ``n``; ``p@1 p@3 p@5 recall@5 recall@10 ndcg@1 ndcg@3 ndcg@5``;
        ``psp@1 psp@3 psp@5 psndcg@1 psndcg@3 psndcg@5``; ``hp_micro`` to ``hf_macro``;
        ``tree_distance`` in edges; ``level_1_f1_micro`` to the deepest level's ``level_L_n``.

    Raises
    ------
    ValueError
        If there is no row, or the arrays do not fit together.
    """
    tree = {"primary_parents": primary_parents, "depths": depths}
    scores: dict[str, float] = {"n": len(labels)}
    scores |= {f"p@{k}": precision_at_k(labels, truth, k) for k in (1, 3, 5)}
    scores |= {f"recall@{k}": recall_at_k(labels, truth, k) for k in (5, 10)}
    scores |= {f"ndcg@{k}": ndcg_at_k(labels, truth, k) for k in (1, 3, 5)}
    scores |= {f"psp@{k}": psp_at_k(labels, truth, k, inv_propensity) for k in (1, 3, 5)}
    scores |= {f"psndcg@{k}": psndcg_at_k(labels, truth, k, inv_propensity) for k in (1, 3, 5)}
    scores |= hierarchical_scores(labels, truth, ancestors)
    scores["tree_distance"] = tree_distance(labels, truth, **tree)
    scores |= level_scores(labels, truth, **tree)
    return scores
