"""A made-up shop and its sessions, whose structure is known.

Sessions walk through categories in a fixed order, so that the next category is predictable; within
one, the first items are the popular ones.
"""

import numpy as np

from xmlrec.recommend import ItemTable, SessionRecommender, Sessions

N_DEPARTMENTS, N_GROUPS, N_SHELVES, N_ON_SHELF = 3, 2, 2, 5
N_ENDS = N_DEPARTMENTS * N_GROUPS * N_SHELVES
N_WARM = N_ENDS * N_ON_SHELF

COLD = "cold"
"""An item of the first shelf that no session has."""

SEVERAL = "i2"
"""An item with three paths, of three depths."""

WITHOUT_PATH = ("bare", "blank")
"""Items without a path; sessions have the first."""

SHUFFLED = np.append(np.random.default_rng(3).permutation(N_WARM), N_WARM)
"""Items in the places of others: where they stand says nothing of where a session goes."""


def shelf_path(shelf):
    group, department = shelf // N_SHELVES, shelf // (N_SHELVES * N_GROUPS)
    return f"department {department} > group {group} > shelf {shelf}"


def world_items():
    """Return 64 items, five a shelf, and a few that are unusual."""
    items = [
        {
            "id": f"i{column}",
            "title": f"thing{column} of kind{column // N_ON_SHELF} for people",
            "paths": [shelf_path(column // N_ON_SHELF)],
        }
        for column in range(N_WARM)
    ]
    items[2]["paths"] += ["department 1", "department 2 > group 4"]
    items += [
        {"id": "bare", "title": "thing without a place"},
        {"id": COLD, "title": "new kind0 for people", "paths": [shelf_path(0)]},
        {"id": "cold elsewhere", "title": "new kind9", "paths": [shelf_path(9)]},
        {"id": "blank"},
    ]
    return items


def world_sessions(n_sessions, seed, *, n_longest=7, order=None):
    """Return sessions that go on to the next shelf at four events out of five.

    Parameters
    ----------
    order : int array, shape (61,), optional
        The item that stands in the place of each.
    """
    rng = np.random.default_rng(seed)
    popularity = np.array([8, 4, 2, 1, 1]) / 16
    rows = []
    for _ in range(n_sessions):
        shelf, row = int(rng.integers(N_ENDS)), []
        for _ in range(rng.integers(2, n_longest + 1)):
            row.append(shelf * N_ON_SHELF + int(rng.choice(N_ON_SHELF, p=popularity)))
            shelf = (shelf + 1) % N_ENDS if rng.random() < 0.8 else int(rng.integers(N_ENDS))
        if rng.random() < 0.05:
            row.append(N_WARM)  # "bare"
        rows.append(row if order is None else np.asarray(order)[row])
    return Sessions.of(rows)


def fit_world(*, sessions=None, **settings):
    """Return a recommender of the world, or of other sessions with its items."""
    sessions = world_sessions(400, seed=0) if sessions is None else sessions
    return SessionRecommender(**settings).fit(sessions, ItemTable.from_items(world_items()))


def fit_items(items, rows, **settings):
    """Return a recommender of a few items and sessions."""
    return SessionRecommender(**settings).fit(Sessions.of(rows), ItemTable.from_items(items))


def ids_of(answer):
    """Return the ids of the items of an answer, the best first."""
    return [item.item_id for item in answer.items]


def copy_of(recommender, **settings):
    """Return another recommender of the same parts, for a test that changes it."""
    other = SessionRecommender(**settings)
    other._adopt(recommender.parts)
    return other
