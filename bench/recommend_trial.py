"""A set cut down for trial runs."""

from collections import Counter

from bench.recommend_sets import EventSet, History, Split

MIN_EVENTS = 5


def common_items(event_set: EventSet) -> EventSet:
    """Return a set of the catalog's items that have `MIN_EVENTS` training events or more."""
    split = event_set.final
    counts = Counter(item for history in split.train for item, _ in history)
    kept = [item for item in range(len(event_set.catalog)) if counts[item] >= MIN_EVENTS]
    column = {item: number for number, item in enumerate(kept)}

    def cut(history: History) -> History:
        return [(column[item], at) for item, at in history if item in column]

    asked = [
        (session, cut(history), column[target])
        for session, history, target in zip(
            split.sessions.tolist(), split.queries, split.targets.tolist(), strict=True
        )
        if target in column and cut(history)
    ]
    small = Split.of([row for row in map(cut, split.train) if row], asked)
    return EventSet(
        event_set.name,
        tuple(event_set.item_ids[item] for item in kept),
        [event_set.catalog[item] for item in kept],
        small,
        small,
        event_set.may_repeat,
    )
