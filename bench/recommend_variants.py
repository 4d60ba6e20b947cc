"""Catalogs with other paths or without texts, and recommenders that are fitted to them.

Paths are one list an item: of the tuples of names from the top down.
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np

from bench.peers import THREADS
from bench.recommend_peers import K
from bench.recommend_rows import padded
from bench.recommend_sets import EventSet, History, items_of
from xmlrec.recommend import ItemTable, SessionRecommender, Sessions
from xmlrec.recommend.neighbours import NeighbourSettings

Path = tuple[str, ...]
Paths = Sequence[Sequence[Path]]

ALL, NONE, LEAF, SHUFFLED = "all levels", "none", "leaf only", "shuffled"
MIN_DEEPER = 0.01  # of the paths go on below a level at which they are cut


def paths_of(event_set: EventSet) -> Paths:
    """Return the true paths of the catalog."""
    return [[tuple(path) for path in row["paths"]] for row in event_set.catalog]


def path_variants(paths: Paths, *, seed: int = 0) -> dict[str, Paths]:
    """Return paths cut at each level, whole, as leaves without a tree, and of other items."""
    lengths = np.array([len(path) for of_item in paths for path in of_item])
    levels = range(1, lengths.max(initial=1))
    cuts = {
        f"level 1 to {level}": cut(paths, level)
        for level in levels
        if (lengths > level).mean() >= MIN_DEEPER
    }
    leaves = {LEAF: flat(paths)} if cuts else {}  # else the paths are leaves
    return {
        NONE: [[]] * len(paths),
        **cuts,
        ALL: paths,
        **leaves,
        SHUFFLED: shuffled(paths, seed=seed),
    }


def cut(paths: Paths, level: int) -> Paths:
    """Return paths without what is below ``level``, each once."""
    return [list(dict.fromkeys(path[:level] for path in of_item)) for of_item in paths]


def flat(paths: Paths) -> Paths:
    """Return paths of one level: each end of a path is a category by itself."""
    ends = sorted({path for of_item in paths for path in of_item})
    numbers = {path: str(number) for number, path in enumerate(ends)}
    return [[(numbers[path],) for path in of_item] for of_item in paths]


def shuffled(paths: Paths, *, seed: int) -> Paths:
    """Return the paths in random order of the items."""
    order = np.random.default_rng(seed).permutation(len(paths))
    return [paths[item] for item in order.tolist()]


def has_texts(event_set: EventSet) -> bool:
    return any(row.get("title") for row in event_set.catalog)


def item_table(event_set: EventSet, paths: Paths, *, with_texts: bool) -> ItemTable:
    """Return the items of a set with such paths; those that only events name come last."""
    rows = [
        {"id": row["id"], "paths": [list(path) for path in of_item]}
        | ({name: row[name] for name in ("title", "brand") if name in row} if with_texts else {})
        for row, of_item in zip(event_set.catalog, paths, strict=True)
    ]
    return ItemTable.from_items(rows).with_ids(event_set.item_ids[len(rows) :])


def sessions_of(histories: Sequence[History]) -> Sessions:
    return Sessions.of(list(map(items_of, histories)))


def fitted(
    train: Sessions,
    items: ItemTable,
    *,
    preset: str = "fast",
    neighbours: NeighbourSettings | None = None,
) -> SessionRecommender:
    recommender = SessionRecommender(preset=preset, n_threads=THREADS)
    return recommender.fit(train, items, neighbours=neighbours)


def lists_of(
    recommender: SessionRecommender,
    queries: Sessions,
    *,
    may_repeat: bool,
    available: Sequence[str] | None = None,
) -> np.ndarray:
    """Return the columns of `K` recommended items a query, padded with -1."""
    answers = recommender.recommend(queries, K, available=available, exclude_seen=not may_repeat)
    columns: Mapping[str, int] = recommender.items_.columns
    return padded([[columns[item.item_id] for item in answer.items] for answer in answers], K)


def tell(event_set: EventSet, what: str) -> None:
    """Say on stderr what is measured now."""
    print(f"{event_set.name}: {what}", file=sys.stderr, flush=True)
