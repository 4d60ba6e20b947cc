"""Measure rankings of taxonomy nodes against the true nodes of every row."""

from xmlrec.metrics.bootstrap import bootstrap_interval
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
from xmlrec.metrics.hierarchy import hierarchical_scores
from xmlrec.metrics.levels import level_scores
from xmlrec.metrics.propensity import inverse_propensity, psndcg_at_k, psp_at_k
from xmlrec.metrics.ranking import ndcg_at_k, precision_at_k, recall_at_k

__all__ = [
    "Evaluation",
    "auroc",
    "bootstrap_interval",
    "brier_score",
    "coverage_at_precision",
    "coverage_curve",
    "evaluate_ranking",
    "expected_calibration_error",
    "hierarchical_scores",
    "inverse_propensity",
    "level_scores",
    "log_loss",
    "metrics_by_row",
    "ndcg_at_k",
    "precision_at_k",
    "psndcg_at_k",
    "psp_at_k",
    "recall_at_k",
    "reliability_bins",
    "tree_distance",
]
