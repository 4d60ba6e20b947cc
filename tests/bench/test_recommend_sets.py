import gzip

import numpy as np
import pytest

from bench import recommend_sets
from bench.recommend_rows import Rows, padded
from bench.recommend_sets import (
    EventSet,
    every_prefix,
    items_of,
    last_left_out,
    load_recommend_set,
    next_after_date,
)


def history(*items):
    return [(item, "") for item in items]


def test_every_event_but_the_first_of_a_test_session_is_asked():
    split = every_prefix([history(7, 8)], [history(1, 2, 1), history(5), history(3, 4)])

    assert list(map(items_of, split.queries)) == [[1], [1, 2], [3]]
    np.testing.assert_array_equal(split.targets, [2, 1, 4])
    np.testing.assert_array_equal(split.sessions, [0, 0, 2])
    assert list(map(items_of, split.train)) == [[7, 8]]


def test_last_event_is_asked_and_not_learned():
    split = last_left_out([history(1, 2, 3), history(4), history(5, 6)])

    assert list(map(items_of, split.train)) == [[1, 2], [], [5]]
    assert list(map(items_of, split.queries)) == [[1, 2], [5]]
    np.testing.assert_array_equal(split.targets, [3, 6])


def test_nothing_from_the_date_on_is_learned_and_its_first_event_is_asked(monkeypatch):
    monkeypatch.setattr(recommend_sets, "HISTORY", 2)
    monkeypatch.setattr(recommend_sets, "LATER_SHARE", 0.5)
    long = [(item, f"2017-01-0{item}") for item in (1, 2, 3, 5, 6)]  # the date is that of 5
    late, early = [(9, "2017-01-08"), (9, "2017-01-09")], [(4, "2017-01-04")]

    split = next_after_date([late, early, long])

    assert list(map(items_of, split.train)) == [[4], [1, 2, 3]]
    assert list(map(items_of, split.queries)) == [[2, 3]]
    np.testing.assert_array_equal(split.targets, [5])
    np.testing.assert_array_equal(split.sessions, [1])


def test_thinned_queries_are_spread_and_at_most_as_many_as_asked():
    split = every_prefix([], [history(*range(8))]).thinned(3)

    assert [len(query) for query in split.queries] == [1, 4, 7]
    np.testing.assert_array_equal(split.targets, [1, 4, 7])


def test_rows_count_an_item_as_often_as_it_comes():
    rows = Rows.of([[2, 0, 2], [], [1]])

    np.testing.assert_array_equal(rows.counts(3).toarray(), [[1, 0, 2], [0, 0, 0], [0, 1, 0]])
    assert [rows[row] for row in range(len(rows))] == [[2, 0, 2], [], [1]]
    np.testing.assert_array_equal(padded([[2], [0, 1]], 2), [[2, -1], [0, 1]])


@pytest.fixture
def data(monkeypatch, tmp_path):
    """Hold the sets in small, in the formats of their files."""
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))
    monkeypatch.setattr(recommend_sets, "WORK", tmp_path / "work")
    click, shop = tmp_path / "diginetica", tmp_path / "completejourney"
    click.mkdir()
    shop.mkdir()
    (click / "item_category.tsv").write_text("item_id\tcategory_id\n11\t1\n12\t1\n13\t2\n")
    pack(click / "train_sessions.txt.gz", "11 12\n" * 18 + "12 13\n13 11 12\n")
    pack(click / "test_sessions.txt.gz", "13 12 11\n")
    head = "product_id,department,brand,product_category,product_type,package_size\n"
    products = "71,GROCERY,National,FRZN ICE,ICE,22 LB\n72,MISCELLANEOUS,National,,,\n"
    pack(shop / "products.csv.gz", head + products)
    head = "household_id,product_id,transaction_timestamp\n"
    days = "".join(f"5,71,2017-01-{day:02d} 10:00:00\n" for day in range(1, 11))
    late = "5,99,2017-01-20 10:00:00\n"  # a product that the table lacks
    pack(shop / "transactions_sample.csv.gz", head + late + days)


def pack(path, text):
    path.write_bytes(gzip.compress(text.encode()))


def test_click_sessions_tune_on_the_latest_training_sessions(data):
    clicks = load_recommend_set("diginetica")

    assert clicks.item_ids == ("11", "12", "13")
    assert list(map(items_of, clicks.final.queries)) == [[2], [2, 1]]
    assert len(clicks.final.train) == 20
    assert len(clicks.tuning.train) == 19
    np.testing.assert_array_equal(clicks.tuning.targets, [0, 1])


def test_files_are_those_of_a_user_and_the_final_arrays_have_no_targets(data):
    folder = load_recommend_set("completejourney").folder()

    events = (folder / "events.csv").read_text().splitlines()
    items = (folder / "items.jsonl").read_text().splitlines()
    assert events[:2] == ["session_id,item_id,timestamp", "0,71,2017-01-01 10:00:00"]
    assert len(events) == 1 + 10
    assert items == [
        '{"id": "71", "title": "ICE 22 LB", "brand": "National", '
        '"paths": [["GROCERY", "FRZN ICE", "ICE"]]}',
        '{"id": "72", "title": "", "brand": "National", "paths": [["MISCELLANEOUS"]]}',
    ]
    with np.load(folder / "final.npz") as final, np.load(folder / "tuning.npz") as tuning:
        assert set(tuning) - set(final) == {"targets"}


def test_item_that_only_events_name_comes_after_those_of_the_catalog(data):
    shop = load_recommend_set("completejourney")

    assert shop.item_ids == ("71", "72", "99")
    np.testing.assert_array_equal(shop.final.targets, [2])


def test_events_without_times_have_no_column_of_them(data):
    lines = (load_recommend_set("diginetica").folder() / "queries.csv").read_text().splitlines()

    assert lines == ["session_id,item_id", "0,13", "1,13", "1,12"]


def test_digest_sees_the_catalog_and_the_events():
    split, other = last_left_out([history(0, 1)]), last_left_out([history(1, 0)])
    row, other_row = {"id": "a", "paths": [["A"]]}, {"id": "a", "paths": [["B"]]}
    sets = [
        EventSet("tiny", ("a", "b"), [of_item], of_events, of_events, True)
        for of_item, of_events in ((row, split), (row, split), (row, other), (other_row, split))
    ]

    digests = [event_set.digest for event_set in sets]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
