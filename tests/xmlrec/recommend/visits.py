"""Sessions in the shop whose next items are known: the items of a category in a circle."""

from tests.xmlrec.models.shop import WORDS, shop_items
from xmlrec.recommend import ItemTable, SessionRecommender, list_events

N_ROUNDS = 4
N_IN_CATEGORY = 6


def item_ids(label_id):
    """Return the ids of the items of a category, in the order of the circle."""
    return [f"{label_id.zfill(3)}{number}" for number in range(N_IN_CATEGORY)]


def visits():
    """Return 144 sessions of three items; each item comes 12 times."""
    return [
        [ids[(start + step) % N_IN_CATEGORY] for step in range(3)]
        for _ in range(N_ROUNDS)
        for start in range(N_IN_CATEGORY)
        for ids in map(item_ids, WORDS)
    ]


def fit_visits():
    """Return a recommender of the shop."""
    log = list_events(visits(), items=ItemTable.from_items(shop_items()))
    return SessionRecommender(n_threads=1).fit(log.sessions, log.items)


def event_lines(sessions, start=0):
    """Return the lines of a file of events, with a header and without times."""
    rows = [
        f"s{number},{item}\n"
        for number, session in enumerate(sessions, start=start)
        for item in session
    ]
    return "".join(["session_id,item_id\n", *rows])
