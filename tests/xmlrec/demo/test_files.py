import csv
import json

import pytest

from tests.xmlrec.demo.test_vocabulary import leaf_paths
from xmlrec.demo import make_catalog, write_demo
from xmlrec.demo.files import BROKEN_LINES, DUMP_COLUMNS, split

SIZES = {"n": 1000, "n_dump": 400, "n_sessions": 100}
NAMES = ["taxonomy.csv", "train.jsonl", "test.jsonl", "dump.csv",
         "items.csv", "sessions.csv", "last_sessions.csv"]  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, write_demo(folder, **SIZES)


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_same_seed_writes_the_same_bytes(demo, tmp_path):
    folder, _ = demo
    write_demo(tmp_path / "again", **SIZES)
    for name in NAMES:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_counts_are_the_lines_of_the_files(demo):
    folder, counts = demo
    assert list(counts) == NAMES
    assert counts["train.jsonl"] + counts["test.jsonl"] == 1000
    for name, n_rows in counts.items():
        n_headers = 1 if name.endswith(".csv") else 0
        assert (folder / name).read_bytes().count(b"\n") == n_rows + n_headers


def test_train_and_test_share_no_row_and_make_up_the_catalog(demo):
    folder, _ = demo
    both = rows(folder / "train.jsonl") + rows(folder / "test.jsonl")

    assert sorted(both, key=lambda row: row["id"]) == make_catalog(1000)


def test_every_leaf_is_trained_on_and_tested(catalog):
    train, test = split(catalog, seed=0)
    for part in (train, test):
        assert leaf_paths() <= {tuple(product["paths"][0]) for product in part}
    assert 0.19 < len(test) / 6000 < 0.21


def test_dump_holds_other_products_whole_and_without_labels(demo):
    folder, _ = demo
    lines = (folder / "dump.csv").read_bytes().splitlines(keepends=True)
    good = [line for line in lines if line not in BROKEN_LINES]
    records = list(csv.reader(line.decode() for line in good))

    assert records[0] == list(DUMP_COLUMNS)
    others = make_catalog(400, seed=1)
    expected = [[str(row.get(name, "")) for name in DUMP_COLUMNS] for row in others]
    assert records[1:] == expected
    known = {product["id"] for product in make_catalog(1000)}
    assert known.isdisjoint(record[0] for record in records)


def test_every_broken_line_stands_in_the_dump_between_good_ones(demo):
    folder, _ = demo
    lines = (folder / "dump.csv").read_bytes().splitlines(keepends=True)
    places = [lines.index(broken) for broken in BROKEN_LINES]

    assert places == sorted(places)
    assert places[0] > 50
    assert places[-1] < len(lines) - 50


def test_broken_lines_are_broken_in_six_ways():
    extra, missing, no_text, latin_1, open_quote, nul = BROKEN_LINES

    assert extra.count(b",") == 5
    assert missing.count(b",") == 1
    assert no_text.strip().endswith(b",,,,")
    with pytest.raises(UnicodeDecodeError):
        latin_1.decode()
    assert open_quote.count(b'"') == 1
    assert b"\x00" in nul


def table(path):
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_items_of_the_sessions_are_the_test_rows_without_their_paths(demo):
    folder, _ = demo
    items, test = table(folder / "items.csv"), rows(folder / "test.jsonl")

    assert [item["id"] for item in items] == [row["id"] for row in test]
    assert list(items[0]) == ["id", "title", "brand", "description"]
    events = table(folder / "sessions.csv") + table(folder / "last_sessions.csv")
    assert list(events[0]) == ["session_id", "item_id", "timestamp"]
    assert len({event["session_id"] for event in events}) == SIZES["n_sessions"]
    assert {event["item_id"] for event in events} <= {item["id"] for item in items}
