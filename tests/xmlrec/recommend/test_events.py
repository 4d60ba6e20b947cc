import gzip
import json
from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from xmlrec.catalog import CatalogSettings
from xmlrec.errors import ColumnError, InputError
from xmlrec.recommend.events import frame_events, list_events, read_events
from xmlrec.recommend.items import ItemTable

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

HEADER = "session_id,item_id,timestamp\n"
CATALOG = [{"id": "tea", "paths": ["Kitchen > Tea"]}, {"id": "cup", "title": "A cup"}]


def read(tmp_path, content, name="events.csv", **how):
    """Return the events of a file, and the rejects: line, code and message of each."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rejects = []
    events = read_events(str(path), rejects.append, **how)
    return events, [(reject.line, str(reject.code), reject.message) for reject in rejects]


def refuse(reject):
    raise AssertionError(reject)


def by_id(events):
    """Return the item ids of each session, by its id, in the order of the sessions."""
    sessions = events.sessions
    return {
        name: [events.items.ids[column] for column in sessions.row(row)]
        for row, name in enumerate(sessions.ids)
    }


def test_events_of_a_session_may_be_spread_and_without_times_keep_the_order_of_the_file(tmp_path):
    events, rejects = read(tmp_path, "session_id,item_id\nb,tea\na,cup\nb,cup\na,pan\nb,tea\n")

    assert by_id(events) == {"b": ["tea", "cup", "tea"], "a": ["cup", "pan"]}
    assert events.items.ids == ("tea", "cup", "pan")
    assert events.sessions.times is None
    assert (events.n_events, events.n_new_items, events.n_duplicates) == (5, 3, 0)
    assert rejects == []


def test_events_out_of_order_are_put_in_order_and_sessions_by_their_last_event(tmp_path):
    lines = "late,tea,30\nearly,tea,20\nlate,cup,10\nearly,pan,5\nmid,pan,25\n"
    events, _ = read(tmp_path, HEADER + lines)

    assert by_id(events) == {"early": ["pan", "tea"], "mid": ["pan"], "late": ["cup", "tea"]}
    assert events.sessions.times.tolist() == [5, 20, 25, 10, 30]


def test_ties_in_time_keep_the_order_of_the_file(tmp_path):
    events, _ = read(tmp_path, HEADER + "b,z,5\nb,a,5\na,m,5\nb,k,5\n")

    assert by_id(events) == {"b": ["z", "a", "k"], "a": ["m"]}


def test_equal_events_with_a_time_count_once(tmp_path):
    header = "session_id,item_id,timestamp,weight\n"
    lines = "a,tea,1,\na,cup,1,\na,tea,1,1\na,tea,2,\na,tea,2,3\nb,tea,1,\na,tea,1.0,1\n"
    events, rejects = read(tmp_path, header + lines)

    assert by_id(events) == {"b": ["tea"], "a": ["tea", "cup", "tea", "tea"]}
    assert events.n_duplicates == 2
    assert rejects == []


def test_equal_events_without_a_time_are_each_one_more(tmp_path):
    events, _ = read(tmp_path, "session_id,item_id\na,tea\na,tea\na,tea\n")

    assert by_id(events) == {"a": ["tea", "tea", "tea"]}
    assert events.n_duplicates == 0


def test_events_without_a_time_are_rejected_where_others_have_one(tmp_path):
    events, rejects = read(tmp_path, HEADER + "a,x,\na,tea,7\nb,y,\nb,cup,3\n")

    assert by_id(events) == {"b": ["cup"], "a": ["tea"]}
    assert events.items.ids == ("tea", "cup")
    message = "the event has no time, which others have; give one to all events, or to none"
    assert rejects == [(2, "BAD_TIME", message), (4, "BAD_TIME", message)]
    assert events.rejected == {"BAD_TIME": 2}


def test_a_column_of_times_without_any_is_no_time(tmp_path):
    events, rejects = read(tmp_path, HEADER + "a,tea,\na,cup,\n")

    assert by_id(events) == {"a": ["tea", "cup"]}
    assert events.sessions.times is None
    assert rejects == []


def test_rejects_of_events_without_a_time_say_where_they_are(tmp_path):
    path = tmp_path / "events.jsonl"
    lines = [{"session_id": "a", "item_id": "x"}, {"session_id": 1, "item_id": 2, "timestamp": 3}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rejects = []
    events = read_events(str(path), rejects.append)

    assert by_id(events) == {"1": ["2"]}
    assert (rejects[0].source, rejects[0].line, rejects[0].byte) == (str(path), 1, 0)
    assert json.loads(rejects[0].raw) == lines[0]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (",tea,1,1", "BAD_ID"),
        ("a,,1,1", "BAD_ID"),
        ("a,tea,soon,1", "BAD_TIME"),
        ("a,tea,1700000000000,1", "BAD_TIME"),
        ("a,tea,1,0", "BAD_WEIGHT"),
        ("a,tea,1,-2", "BAD_WEIGHT"),
        ("a,tea,1,nan", "BAD_WEIGHT"),
        ("a,tea,1", "FIELD_COUNT"),
        ("a,t\0ea,1,1", "NUL"),
    ],
)
def test_a_bad_row_is_rejected_and_counted(tmp_path, line, code):
    header = "session_id,item_id,timestamp,weight\n"
    events, rejects = read(tmp_path, f"{header}{line}\nb,cup,5,2\n")

    assert by_id(events) == {"b": ["cup"]}
    assert events.sessions.weights.tolist() == [2]
    assert [reject[:2] for reject in rejects] == [(2, code)]
    assert events.rejected == {code: 1}


def test_an_item_id_in_another_encoding_is_rejected_not_repaired(tmp_path):
    events, rejects = read(tmp_path, b"session_id,item_id\na,caf\xe9\na,tea\na,cup\na,pan\n")

    assert by_id(events) == {"a": ["tea", "cup", "pan"]}
    assert [reject[:2] for reject in rejects] == [(2, "INVALID_UTF8")]


def test_user_id_is_a_session_too_and_session_id_comes_first(tmp_path):
    assert by_id(read(tmp_path, "user_id,item_id\nu,tea\n")[0]) == {"u": ["tea"]}
    both = "user_id,session_id,item_id\nu,s,tea\n"
    assert by_id(read(tmp_path, both)[0]) == {"s": ["tea"]}
    by_user = CatalogSettings(id_column="user_id")
    assert by_id(read(tmp_path, both, settings=by_user)[0]) == {"u": ["tea"]}


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(ColumnError, match="no column 'session_id' or 'user_id'; its columns are"):
        read(tmp_path, "basket,item_id\na,tea\n")
    with pytest.raises(ColumnError, match="no column 'item_id'; its columns are 'session_id', 'it"):
        read(tmp_path, "session_id,item\na,tea\n")


@pytest.mark.parametrize("content", [HEADER, "", "\n"])
def test_a_file_without_events_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"events.csv: (it holds no event|there is no header)"):
        read(tmp_path, content)


def test_events_of_which_none_can_be_used_are_refused_with_the_first_reason(tmp_path):
    with pytest.raises(InputError) as error:
        read(tmp_path, HEADER + "a,tea,1700000000000\na,cup,1700000001000\n")
    path = tmp_path / "events.csv"
    assert str(error.value) == (
        f"{path}: none of its 2 rows can be used as an event; the first is {path}:2, "
        "the time '1700000000000' is not between 1970 and 2100; give seconds since 1970"
    )


def test_a_half_file_is_refused(tmp_path):
    whole = gzip.compress((HEADER + "".join(f"s{n},i{n},{n}\n" for n in range(5000))).encode())
    with pytest.raises(InputError, match="incomplete"):
        read(tmp_path, whole[: len(whole) // 2], "events.csv.gz")


def test_all_formats_give_the_same_events(tmp_path):
    rows = [("a", "tea", 100.0, 1.0), ("b", "cup", 90.0, 2.0), ("a", "cup", 50.0, 0.5)]
    keys = ("session_id", "item_id", "timestamp", "weight")
    table = {key: [row[place] for row in rows] for place, key in enumerate(keys)}
    csv = ",".join(keys) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    (tmp_path / "0.csv.gz").write_bytes(gzip.compress(csv.encode()))
    (tmp_path / "1.tsv").write_text(csv.replace(",", "\t"))
    lines = [json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows]
    (tmp_path / "2.jsonl").write_text("".join(lines))
    pq.write_table(pa.table(table), tmp_path / "3.parquet")
    found = [read_events(str(path), refuse) for path in sorted(tmp_path.iterdir())] + [
        frame_events(frame(table), refuse) for frame in (pd.DataFrame, pl.DataFrame)
    ]

    assert len(found) == 6
    for events in found:
        assert by_id(events) == {"b": ["cup"], "a": ["cup", "tea"]}
        assert events.items.ids == ("tea", "cup")
        assert events.sessions.times.tolist() == [90, 50, 100]
        assert events.sessions.weights.tolist() == [2, 0.5, 1]


def test_times_of_parquet_are_read(tmp_path):
    moments = pa.array([1_000_000, 500_000], pa.timestamp("ms"))
    table = pa.table({"session_id": ["a", "a"], "item_id": [1, 2], "timestamp": moments})
    pq.write_table(table, tmp_path / "events.parquet")

    events = read_events(str(tmp_path / "events.parquet"), refuse)

    assert by_id(events) == {"a": ["2", "1"]}
    assert events.sessions.times.tolist() == [500, 1000]


def test_several_files_are_one_log(tmp_path):
    (tmp_path / "1.csv").write_text(HEADER + "a,tea,2\n")
    (tmp_path / "2.csv").write_text("item_id,timestamp,user_id\ncup,1,a\n")

    events = read_events(str(tmp_path / "*.csv"), refuse)

    assert by_id(events) == {"a": ["cup", "tea"]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames_may_hold_whole_numbers_times_and_gaps(frame):
    data = {
        "user_id": [7, 7, 8, None],
        "item_id": ["a", "b", None, "c"],
        "timestamp": [datetime(1970, 1, 1, 0, 0, 9), datetime(1970, 1, 1, 0, 0, 3), None, None],
    }
    if frame is pd.DataFrame:
        data["user_id"] = pd.array(data["user_id"], dtype="Int64")  # else floats, for the gap
    rejects = []
    events = frame_events(frame(data), rejects.append)

    assert by_id(events) == {"7": ["b", "a"]}
    assert events.sessions.times.tolist() == [3, 9]
    assert [(reject.line, reject.code) for reject in rejects] == [(3, "BAD_ID"), (4, "BAD_ID")]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frame_without_a_column_is_refused(frame):
    with pytest.raises(ColumnError, match="the data frame: no column session_id or user_id; its"):
        frame_events(frame({"item_id": ["a"]}), refuse)
    with pytest.raises(ColumnError, match="the data frame: no column item_id; its columns are use"):
        frame_events(frame({"user_id": ["a"]}), refuse)
    with pytest.raises(InputError, match="the data frame: it holds no event"):
        frame_events(frame({"user_id": [], "item_id": []}), refuse)


def test_ids_that_pandas_made_into_floats_are_refused_not_changed():
    frame = pd.DataFrame({"session_id": ["a", "b"], "item_id": [1, None]})
    with pytest.raises(InputError, match=r"the data frame:1, .*neither text nor a whole number"):
        frame_events(frame, [].append)


def test_items_of_a_catalog_keep_their_columns_and_others_follow(tmp_path):
    items = ItemTable.from_items(CATALOG)
    content = "session_id,item_id\na,new\na,cup\nb,tea\nb,newer\nb,new\n"
    events, _ = read(tmp_path, content, items=items)

    assert events.items.ids == ("tea", "cup", "new", "newer")
    assert events.n_new_items == 2
    assert events.items.P.toarray().sum(axis=1).tolist() == [1, 0, 0, 0]
    assert events.items.fields == ({}, {"title": "A cup"}, {}, {})
    assert len(items) == 2


def test_unknown_items_may_be_left_out_and_their_sessions_stay(tmp_path):
    items = ItemTable.from_items(CATALOG)
    content = HEADER + "a,tea,5\na,new,6\nb,new,1\n"
    events, rejects = read(tmp_path, content, items=items, add_unknown=False)

    assert by_id(events) == {"b": [], "a": ["tea"]}
    assert (events.n_unknown, events.n_new_items) == (2, 0)
    assert events.items is items
    assert rejects == []


def test_lists_are_sessions_and_may_be_empty():
    events = list_events([["tea", "cup", "tea"], [], ["pan"]], ids=("x", "y", "z"))

    assert by_id(events) == {"x": ["tea", "cup", "tea"], "y": [], "z": ["pan"]}
    assert events.items.ids == ("tea", "cup", "pan")
    assert by_id(list_events([["a"]])) == {"0": ["a"]}


def test_unknown_items_in_lists_are_added_or_left_out():
    items = ItemTable.from_items(CATALOG)
    rows = [["new", "tea"], ["newer", "new"]]

    added = list_events(rows, items=items)
    assert by_id(added) == {"0": ["new", "tea"], "1": ["newer", "new"]}
    assert (added.n_new_items, added.n_unknown) == (2, 0)
    left_out = list_events(rows, items=items, add_unknown=False)
    assert by_id(left_out) == {"0": ["tea"], "1": []}
    assert (left_out.n_new_items, left_out.n_unknown) == (0, 3)


def test_one_text_or_a_number_in_a_list_is_refused():
    with pytest.raises(TypeError, match="session 1 is one text, 'tea'; give a list of item ids"):
        list_events([["cup"], "tea"])
    with pytest.raises(TypeError, match="item ids are texts, got 3, a int"):
        list_events([[3]])


def test_a_session_of_ten_thousand_events_stays_whole(tmp_path):
    order = np.random.default_rng(0).permutation(10_000)
    lines = "".join(f"s,i{place},{place}\n" for place in order.tolist())
    events, _ = read(tmp_path, HEADER + lines)

    assert by_id(events) == {"s": [f"i{place}" for place in range(10_000)]}
