"""Fusion: several scores of a candidate label become one."""

from xmlrec.fuse.listwise import fit_weights
from xmlrec.fuse.ordering import FusionWeights, fuse, hold_back, order_candidates
from xmlrec.fuse.scores import N_SCORES, Candidates, Examples, LabelRows, candidate_scores

__all__ = [
    "N_SCORES",
    "Candidates",
    "Examples",
    "FusionWeights",
    "LabelRows",
    "candidate_scores",
    "fit_weights",
    "fuse",
    "hold_back",
    "order_candidates",
]
