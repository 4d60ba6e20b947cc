"""Made-up sessions: visitors who look at one kind of thing, then at what goes with it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from xmlrec.demo.product import Product

STAYS, TO_SIBLING, TO_COMPLEMENT = 0.6, 0.2, 0.15
"""What the next item is: of the same category, of one beside it, of the one that goes with it; else
anything."""

GOES_ON = 0.78
MOST_EVENTS = 15
NEW_SHARE = 0.05
"""Of the items, that come into the shop with the last sessions only."""

LAST_SHARE = 0.1
"""Of the sessions, the last ones."""

_START, _DAYS = datetime(2026, 1, 1, tzinfo=UTC), 60
_ZIPF_EXPONENT = 0.8

Path = tuple[str, ...]


class Event(NamedTuple):
    """Someone came to an item; ``timestamp`` is as in ISO 8601."""

    session_id: str
    item_id: str
    timestamp: str


class Shop:
    """What there is to look at, and how people get from one category to the next."""

    def __init__(self, products: Sequence[Product], rng: Random) -> None:
        self._rng = rng
        self._items: dict[Path, list[str]] = defaultdict(list)
        self.add(products)

    def add(self, products: Sequence[Product]) -> None:
        """Take products in; people look at them more than at those that are there."""
        for product in products:
            self._items[tuple(product["paths"][0])].insert(0, product["id"])
        paths = self._categories = list(self._items)
        self._sizes = [len(self._items[path]) for path in paths]
        self._siblings = {
            path: [other for other in paths if other[:-1] == path[:-1] and other != path] or [path]
            for path in paths
        }
        self._complements = {
            path: Random(" > ".join(path)).choice(
                [other for other in paths if other[0] == path[0] and other[:2] != path[:2]]
                or [path]
            )
            for path in paths
        }

    def session(self) -> list[str]:
        """Return the items of one session, at least two, in the order of time."""
        path = self._anywhere()
        items = [self._item(path, ())]
        while len(items) < 2 or (len(items) < MOST_EVENTS and self._rng.random() < GOES_ON):
            path = self._next(path)
            items.append(self._item(path, items))
        return items

    def _next(self, path: Path) -> Path:
        draw = self._rng.random() - STAYS
        if draw < 0:
            return path
        if draw < TO_SIBLING:
            return self._rng.choice(self._siblings[path])
        return self._complements[path] if draw < TO_SIBLING + TO_COMPLEMENT else self._anywhere()

    def _anywhere(self) -> Path:
        return self._rng.choices(self._categories, self._sizes)[0]

    def _item(self, path: Path, seen: Collection[str]) -> str:
        """Draw an item that is new to the visitor, of a category or if it has none of one near it.

        The first ones of a category come more often: Zipf's law.
        """
        near = (path, *self._siblings[path], self._complements[path])
        new = ([item for item in self._items[way] if item not in seen] for way in near)
        items = next(filter(None, new), self._items[path])
        weights = [(rank + 1) ** -_ZIPF_EXPONENT for rank in range(len(items))]
        return self._rng.choices(items, weights)[0]


def make_sessions(
    products: Sequence[Product], n: int = 3000, seed: int = 0
) -> tuple[list[Event], list[Event]]:
    """Make ``n`` sessions over the products, the same for the same seed.

    Returns
    -------
    tuple of two lists of Event
        Those to learn from, and the last tenth, in which 5 % of the products come up for the first
        time. Sessions follow one another, the earliest first.
    """
    rng = Random(seed)
    is_new = [rng.random() < NEW_SHARE for _ in products]
    known = [product for product, new in zip(products, is_new, strict=True) if not new]
    shop, n_last = Shop(known, rng), round(LAST_SHARE * n)
    first = _events(shop, range(n - n_last), n, rng)
    shop.add([product for product, new in zip(products, is_new, strict=True) if new])
    return first, _events(shop, range(n - n_last, n), n, rng)


def _events(shop: Shop, sessions: range, n: int, rng: Random) -> list[Event]:
    """Return the events of some sessions, of ``n`` that are spread over the days."""
    events = []
    for number in sessions:
        moment = _START + number * timedelta(days=_DAYS) / n
        for item_id in shop.session():
            events.append(Event(f"s{number:05d}", item_id, moment.isoformat(timespec="seconds")))
            moment += timedelta(seconds=rng.randrange(5, 180))
    return events
