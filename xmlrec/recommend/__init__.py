"""Recommend the next item of a session, with the category paths of items."""

from xmlrec.recommend.answers import Explanation, Recommendations, RecommendedItem
from xmlrec.recommend.events import Events, frame_events, list_events, read_events
from xmlrec.recommend.item_catalog import read_item_catalog
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.recommender import SessionRecommender
from xmlrec.recommend.reranking import Reranking
from xmlrec.recommend.sessions import Sessions

__all__ = [
    "Events",
    "Explanation",
    "ItemTable",
    "RecommendedItem",
    "Recommendations",
    "Reranking",
    "SessionRecommender",
    "Sessions",
    "frame_events",
    "list_events",
    "read_events",
    "read_item_catalog",
]
