"""Sessions to the next item and its category: a network of ids, paths and texts; needs torch."""

from xmlrec.encode.sessions.content import ItemContent
from xmlrec.encode.sessions.model import SessionModel, SessionStates
from xmlrec.encode.sessions.settings import SessionQueries, SessionSettings
from xmlrec.encode.sessions.training import train_session_model

__all__ = [
    "ItemContent",
    "SessionModel",
    "SessionQueries",
    "SessionSettings",
    "SessionStates",
    "train_session_model",
]
