"""Probabilities: from fused scores to P(label | item), to P(node | item), and to decisions."""

from xmlrec.probabilities.calibrator import Calibrator
from xmlrec.probabilities.decisions import Decisions, decide
from xmlrec.probabilities.features import N_BEST, Best, LabelFrame, describe
from xmlrec.probabilities.fitting import Judged, ancestors_at, fit_calibrator, holds
from xmlrec.probabilities.thresholds import HeldOut, Thresholds, held_out_answers

__all__ = [
    "N_BEST",
    "Best",
    "Calibrator",
    "Decisions",
    "HeldOut",
    "Judged",
    "LabelFrame",
    "Thresholds",
    "ancestors_at",
    "decide",
    "describe",
    "fit_calibrator",
    "held_out_answers",
    "holds",
]
