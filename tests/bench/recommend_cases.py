"""A small set for tests of the benchmarks of recommendations."""

from bench.recommend_sets import EventSet, last_left_out


def tiny_set(n_items=20):
    """Return histories that go on from each item to the next, of items with texts and paths."""
    rows = [
        {"id": f"i{item}", "title": f"word{item % 3}", "brand": "", "paths": [["A", f"{item % 3}"]]}
        for item in range(n_items)
    ]
    histories = [[((start + step) % n_items, "") for step in range(4)] for start in range(60)]
    ids = (*(row["id"] for row in rows), "only sold")
    split = last_left_out([*histories, [(0, ""), (n_items, ""), (1, "")]])
    return EventSet("tiny", ids, rows, split, split, may_repeat=False)
