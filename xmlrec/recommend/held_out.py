"""Events that a recommender is weighed by, and sessions without them."""

from typing import NamedTuple

import numpy as np

from xmlrec.errors import TrainingError
from xmlrec.recommend.sessions import IntArray, LongArray, Sessions
from xmlrec.recommend.splits import Queries, leave_out, queries, tail

TAIL_SHARE = 0.08
"""Of the sessions, the last ones, that the others are weighed by."""

N_QUERIES = 4000
MAX_EVENTS = 200
"""Of a query that are looked at, the last ones."""

MAX_REPEATS = 0.01
"""If fewer of the next items were in the session before, such items are left out."""


class HeldOut(NamedTuple):
    """What is learned from, and what it is weighed by.

    Attributes
    ----------
    train : Sessions
    sessions : Sessions
        What came before each target.
    targets : int32 array, shape (n_queries,)
    repeats : bool
        Whether sessions come back to their items.
    """

    train: Sessions
    sessions: Sessions
    targets: IntArray
    repeats: bool


def hold_out(sessions: Sessions, n_left_out: int) -> HeldOut:
    """Hold events out: the last sessions, or the last event of each session.

    The latter if more of each will come, or if the last sessions ask for nothing, or those before
    them teach nothing.

    Parameters
    ----------
    n_left_out : int
        How many events each session lost already: above 0, sessions will go on.

    Raises
    ------
    TrainingError
        If there are no two events in a session.
    """
    train, late = tail(sessions, TAIL_SHARE)
    asked = queries(late)
    if n_left_out or not len(asked) or not len(train.items):
        train, asked = leave_out(sessions, 1, protocol="last")
    if not len(asked) or not len(train.items):
        n_long = int((sessions.lengths() > 1).sum())
        problem = f"{n_long:,} of {len(sessions):,} sessions have two events or more"
        raise TrainingError(f"{problem}: too few to learn what comes next")
    asked = some(asked)
    prefixes = asked.prefixes(max_length=MAX_EVENTS)
    share = repeat_share(prefixes, asked.targets)
    return HeldOut(train, prefixes, asked.targets, share > MAX_REPEATS)


def some(asked: Queries) -> Queries:
    """Return `N_QUERIES` of the queries, evenly spread."""
    return asked.take(spread(len(asked), N_QUERIES))


def spread(n: int, n_wanted: int) -> LongArray:
    """Return ``n_wanted`` of the numbers below ``n``, evenly spread; all if there are fewer."""
    return np.unique(np.linspace(0, n - 1, min(n_wanted, n)).astype(np.int64))


def repeat_share(sessions: Sessions, targets: IntArray) -> float:
    """Return the share of targets that are among their session's items."""
    rows = np.repeat(np.arange(len(sessions)), sessions.lengths())
    is_target = sessions.items == targets[rows]
    return float(np.bincount(rows[is_target], minlength=len(sessions)).astype(bool).mean())
