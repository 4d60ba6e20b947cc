from bench import recommend_trial
from bench.recommend_sets import EventSet, Split, items_of
from bench.recommend_trial import common_items


def history(*items):
    return [(item, "") for item in items]


def test_only_items_with_events_enough_are_left_under_new_columns(monkeypatch):
    monkeypatch.setattr(recommend_trial, "MIN_EVENTS", 2)
    train = [history(1, 3, 0), history(3, 1, 4, 4), history(2)]
    asked = [(0, history(1, 0, 3), 3), (1, history(1), 2), (2, history(2), 1)]
    split = Split.of(train, asked)
    rows = [{"id": name, "paths": []} for name in "abcd"]
    shop = EventSet("shop", ("a", "b", "c", "d", "only sold"), rows, split, split, True)

    small = common_items(shop)

    assert small.item_ids == ("b", "d")
    assert [row["id"] for row in small.catalog] == ["b", "d"]
    assert list(map(items_of, small.final.train)) == [[0, 1], [1, 0]]
    assert list(map(items_of, small.final.queries)) == [[0, 1]]
    assert (small.final.targets.tolist(), small.final.sessions.tolist()) == ([1], [0])
