import sqlite3
from contextlib import closing

import pytest

from tests.xmlrec.batch.formats.files import abstained, answered, read_table, write_output
from xmlrec.catalog.results import SCHEMA


def test_tables_hold_items_in_order_and_their_paths(tmp_path):
    out = tmp_path / "out.sqlite"
    row = {**answered("b"), "input": {"Brand": "Acme", "row": "5"}}
    write_output(out, [row], [], [abstained("00123"), answered("a")], carried=("Brand", "row"))
    assert read_table(out, "SELECT * FROM results ORDER BY row") == [
        {"row": 1, "id": "b", "Brand": "Acme", "input_row": "5",
         "status": "ok", "reason": None, "error": None},
        {"row": 2, "id": "00123", "Brand": None, "input_row": None,
         "status": "abstain", "reason": "excluded", "error": None},
        {"row": 3, "id": "a", "Brand": None, "input_row": None,
         "status": "ok", "reason": None, "error": None},
    ]  # fmt: skip
    paths = read_table(out, "SELECT * FROM paths ORDER BY row, place")
    assert paths[1] == {
        "row": 1,
        "place": 2,
        "is_alternative": 1,
        "category_id": "00329",
        "path_text": "Electronics > Tablets",
        "score": -1.5,
        "confidence": 0.125,
        "level_confidence": "[0.9, 0.125]",
    }
    assert [(path["row"], path["place"], path["is_alternative"]) for path in paths] == [
        (1, 1, 0), (1, 2, 1), (2, 1, 1), (3, 1, 0), (3, 2, 1)
    ]  # fmt: skip
    assert read_table(out, "SELECT * FROM run") == [{"taxonomy": "google", "model": "fast"}]
    assert read_table(out, "PRAGMA user_version") == [{"user_version": SCHEMA}]
    assert read_table(out, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert read_table(out, "PRAGMA foreign_key_check") == []


def test_flat_form_is_one_table_with_the_best_path(tmp_path):
    out = tmp_path / "out.db"
    row = {**answered("1"), "input": {"confidence": "low"}}
    write_output(out, [row, abstained("2")], flat=True, carried=("confidence",))
    first, second = read_table(out, "SELECT * FROM results ORDER BY row")
    assert list(first.values()) == [
        1, "1", "low", "ok", None, "328", "Electronics > Laptops", 0.75
    ]  # fmt: skip
    assert list(first)[2:4] == ["input_confidence", "status"]
    assert (second["reason"], second["category_id"]) == ("excluded", None)
    tables = read_table(out, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    assert tables == [{"name": "results"}]


@pytest.mark.parametrize(
    ("flat", "query"),
    [
        (False, "SELECT * FROM results WHERE id = '1'"),
        (True, "SELECT * FROM results WHERE id = '1'"),
        (False, "SELECT * FROM paths WHERE category_id = '328'"),
        (True, "SELECT * FROM results WHERE category_id = '328'"),
        (False, "SELECT * FROM paths WHERE row = 1"),
    ],
)
def test_items_and_categories_are_found_without_reading_everything(tmp_path, flat, query):
    write_output(tmp_path / "out.sqlite", [answered("1")], flat=flat)
    (plan,) = read_table(tmp_path / "out.sqlite", f"EXPLAIN QUERY PLAN {query}")
    assert plan["detail"].startswith("SEARCH")


def test_columns_take_nothing_but_their_type(tmp_path):
    write_output(tmp_path / "out.sqlite", [answered("1")])
    with (
        closing(sqlite3.connect(tmp_path / "out.sqlite")) as database,
        pytest.raises(sqlite3.IntegrityError, match="cannot store BLOB value in TEXT column"),
    ):
        database.execute("UPDATE results SET id = x'00'")


def test_carried_columns_may_have_any_name(tmp_path):
    names = ('a"b', "select", "", "a b; DROP TABLE results", "é", "ID")
    row = {**answered("1"), "input": {name: name for name in names}}
    write_output(tmp_path / "out.sqlite", [row], carried=names)
    (back,) = read_table(tmp_path / "out.sqlite", "SELECT * FROM results")
    assert list(back.values())[2:8] == list(names)
    assert list(back)[2:8] == [*names[:-1], "input_ID"]
