"""Measure rankings of taxonomy nodes against the true nodes of every row."""

from xmlrec.metrics.bootstrap import bootstrap_interval, grouped_intervals
from xmlrec.metrics.by_row import metrics_by_row
from xmlrec.metrics.calibration import (
    auroc,
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability_bins,
)
from xmlrec.metrics.coverage import coverage_at_precision, coverage_curve
from xmlrec.metrics.distance import tree_distance
from xmlrec.metrics.evaluate import evaluate_ranking
from xmlrec.metrics.evaluation import Evaluation
from xmlrec.metrics.forecast import forecast_ece, ranked_forecast_ece
from xmlrec.metrics.hierarchy import hierarchical_scores
from xmlrec.metrics.item_lists import catalog_coverage, gini, list_novelty, list_popularity
from xmlrec.metrics.levels import level_scores
from xmlrec.metrics.next_item import NOT_RANKED, next_item_scores, target_ranks
from xmlrec.metrics.propensity import inverse_propensity, psndcg_at_k, psp_at_k
from xmlrec.metrics.ranking import ndcg_at_k, precision_at_k, recall_at_k

__all__ = [
    "NOT_RANKED",
    "Evaluation",
    "auroc",
    "bootstrap_interval",
    "brier_score",
    "catalog_coverage",
    "coverage_at_precision",
    "coverage_curve",
    "evaluate_ranking",
    "expected_calibration_error",
    "forecast_ece",
    "gini",
    "grouped_intervals",
    "hierarchical_scores",
    "inverse_propensity",
    "level_scores",
    "list_novelty",
    "list_popularity",
    "log_loss",
    "metrics_by_row",
    "ndcg_at_k",
    "next_item_scores",
    "precision_at_k",
    "psndcg_at_k",
    "psp_at_k",
    "ranked_forecast_ece",
    "recall_at_k",
    "reliability_bins",
    "target_ranks",
    "tree_distance",
]
