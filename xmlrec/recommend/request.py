"""What may be recommended: items within a category, available ones, all but some."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from xmlrec.errors import OptionError
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.reranking import Reranking
from xmlrec.recommend.scoring import BoolArray
from xmlrec.taxonomy import SEPARATOR, split_path

MIN_PROBABILITY = 0.5
"""An item is within a category if it is there with this probability, or its likeliest path is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a caller wants of recommendations; see `SessionRecommender.recommend`."""

    k: int = 20
    within: str | None = None
    exclude: Collection[str] = ()
    available: Collection[str] | None = None
    exclude_seen: bool | None = None
    reranking: Reranking | None = None
    explain: bool = False

    @property
    def narrows(self) -> bool:
        """Whether only some items are asked for."""
        return self.within is not None or self.available is not None

    def __post_init__(self) -> None:
        for name in ("exclude", "available"):
            if isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is a sequence of item ids, got one text")
        if self.k < 1:
            raise OptionError("-k", f"{self.k} is less than 1", "give 1 or more")


def allowed_items(parts: Parts, request: Request) -> BoolArray:
    """Return which items may be recommended, bool (n_items,).

    Raises
    ------
    OptionError
        If there is no category of the name in ``within``.
    """
    items = parts.items
    allowed: BoolArray = items.is_available.copy()
    if request.available is not None:
        allowed &= mask(items, request.available)
    if request.exclude:
        allowed &= ~mask(items, request.exclude)
    if request.within is not None:
        allowed &= is_within(items, find_category(items, request.within))
    return allowed


def mask(items: ItemTable, ids: Iterable[str]) -> BoolArray:
    """Return which items have one of the ids; ids of no item count for nothing."""
    chosen = np.zeros(len(items), dtype=np.bool_)
    chosen[items.columns_of(ids)[0]] = True
    return chosen


def find_category(items: ItemTable, text: str) -> int:
    """Return the column of a category that is given by its path or id."""
    taxonomy = items.taxonomy
    if text in taxonomy:
        return taxonomy.column(text)
    wanted = tuple(split_path(text))
    paths = {tuple(taxonomy.path(column)): column for column in range(len(taxonomy))}
    if wanted in paths:
        return paths[wanted]
    names = [SEPARATOR.join(path) for path in paths]
    near = get_close_matches(SEPARATOR.join(wanted), names, n=1, cutoff=0.5)
    step = f"did you mean {near[0]!r}?" if near else "give a path such as 'A > B', or an id"
    raise OptionError("--within", f"no item's path has the category {text!r}", step)


def is_within(items: ItemTable, category: int) -> BoolArray:
    """Return which items are in a category or below it."""
    probability = items.nodes()[:, [category]].toarray()[:, 0]
    likeliest = np.full(len(items), -1, dtype=np.int64)
    has_path = np.diff(items.P.indptr) > 0
    likeliest[has_path] = items.P.argmax(axis=1)[has_path]
    below = items.taxonomy.ancestor_matrix()[:, [category]].toarray()[:, 0] > 0
    within: BoolArray = (probability >= MIN_PROBABILITY) | (below[likeliest] & has_path)
    return within
