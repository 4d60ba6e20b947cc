"""Sessions like the current one: what came next in them, and why."""

from xmlrec.recommend.neighbours.explaining import NeighbourExplanation, NeighbourShare
from xmlrec.recommend.neighbours.fitting import FittedNeighbours, fit_settings
from xmlrec.recommend.neighbours.index import NeighbourIndex
from xmlrec.recommend.neighbours.settings import NeighbourSettings

__all__ = [
    "FittedNeighbours",
    "NeighbourExplanation",
    "NeighbourIndex",
    "NeighbourSettings",
    "NeighbourShare",
    "fit_settings",
]
