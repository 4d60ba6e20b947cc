"""Measure rankings of taxonomy nodes against the true nodes of every row."""

from xmlrec.metrics.distance import tree_distance
from xmlrec.metrics.evaluate import evaluate_ranking
from xmlrec.metrics.hierarchy import hierarchical_scores
from xmlrec.metrics.levels import level_scores
from xmlrec.metrics.propensity import inverse_propensity, psndcg_at_k, psp_at_k
from xmlrec.metrics.ranking import ndcg_at_k, precision_at_k, recall_at_k

__all__ = [
    "evaluate_ranking",
    "hierarchical_scores",
    "inverse_propensity",
    "level_scores",
    "ndcg_at_k",
    "precision_at_k",
    "psndcg_at_k",
    "psp_at_k",
    "recall_at_k",
    "tree_distance",
]
