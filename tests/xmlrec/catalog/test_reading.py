import json
import pickle
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog import CatalogSettings, Fault, Reject, Row, read_catalog
from xmlrec.errors import ColumnError, InputError


def test_row_holds_all_columns_and_where_it_is(tmp_path):
    path = write_file(tmp_path, "a.jsonl", '{"id":"x","title":"a","brand":"b","paths":["A > B"]}')
    assert read_whole(path, needs_labels=True).rows == [
        Row("x", {"id": "x", "title": "a", "brand": "b"}, (("A", "B"),), 1, 0, str(path))
    ]


def test_columns_that_may_hold_labels_are_fields_where_none_are_wanted_but_for_paths(tmp_path):
    path = write_file(tmp_path, "a.csv", "title,category,paths\na,C > D,E > F\n")
    assert read_whole(path).rows[0].fields == {"title": "a", "category": "C > D"}


def test_columns_of_json_lines_are_those_of_the_first_rows(tmp_path):
    lines = ['{"id":1,"title":"a"}', '{"id":2,"description":"b"}', '{"id":3,"category":"C"}']
    columns = read_whole(
        write_file(tmp_path, "a.jsonl", "\n".join(lines)), needs_labels=True
    ).reader.columns
    assert columns.names == ("id", "title", "description", "category")
    assert columns.text == ("title", "description")
    assert columns.label == "category"


def test_rows_without_ids_are_numbered_with_the_rejected_ones(tmp_path):
    path = write_file(tmp_path, "a.csv", "title\nred shoe\na,b\nblue shoe\n")
    assert read_whole(path).ids == ["1", "3"]


def test_other_id_column_is_read(tmp_path):
    path = write_file(tmp_path, "a.csv", "id,sku,title\n1,007,a\n")
    assert read_whole(path, id_column="sku").ids == ["007"]


def test_column_error_comes_before_the_first_row(tmp_path):
    path = write_file(tmp_path, "a.csv", "id,name\n1,a\n")
    with pytest.raises(ColumnError):
        read_catalog(str(path), CatalogSettings(), print)


def test_counts_add_up(tmp_path):
    content = b"id,title\n1,a\n2\n3,\xe9\n4,\0\n5,a,b\n6\0,a\n7,b\n"
    file = read_whole(write_file(tmp_path, "a.csv", content))
    assert file.reader.counts.n_rows == len(file.rows) == 4
    assert file.reader.counts.rejected == {"FIELD_COUNT": 2, "NUL": 1}
    assert file.reader.counts.repaired == {"INVALID_UTF8": 1, "NUL": 1}


def test_reject_is_one_line_of_json(tmp_path):
    path = write_file(tmp_path, "a.csv", b'id,title\n1,a\n2,"b\n\xe9\0",c\n')
    line = read_whole(path).rejects[0].to_json()
    assert "\n" not in line
    assert json.loads(line) == {
        "source": str(path),
        "line": 3,
        "byte": 13,
        "code": "FIELD_COUNT",
        "message": "3 fields under a header of 2",
        "raw": '2,"b\n\\xe9\0",c',
    }


def test_every_damaged_text_is_valid_utf8_in_the_end(tmp_path):
    texts = [
        "e" + "\u0301" * 200,
        "\u202eevil\u202c",
        "👩\u200d👩\u200d👧",
        "\x01\x1b[31m\x7f",
        "\u0085\u2028\u2029",
        "\ufffe\U0010ffff",
    ]
    lines = [json.dumps({"title": text}, ensure_ascii=bool(n % 2)) for n, text in enumerate(texts)]
    file = read_whole(write_file(tmp_path, "a.jsonl", "\n".join(lines)))
    assert file.titles == texts
    assert all(title.encode() for title in file.titles)


def test_rows_and_rejects_can_be_pickled():
    reject = Reject("a.csv", 1, 0, Fault.BAD_JSON, "no", "{")
    row = Row("1", {"title": "a"}, None, 1, 0, "a.csv")
    assert pickle.loads(pickle.dumps((row, reject))) == (row, reject)


def test_file_is_closed_after_the_last_row_and_after_an_early_end(tmp_path):
    path = write_file(tmp_path, "a.csv", "id,title\n" + "1,a\n" * 10)
    reader = read_catalog(str(path), CatalogSettings(), print)
    assert len(list(reader)) == 10
    with read_catalog(str(path), CatalogSettings(), print) as early:
        next(iter(early))
    del reader, early  # a file left open would warn here, and warnings are errors


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    row = "1,a title of some words\n" if suffix == "csv" else '{"id":1,"title":"some words"}\n'
    header = "id,title\n" if suffix == "csv" else ""
    small = write_file(tmp_path, f"small.{suffix}", header + row * 4_000)
    large = write_file(tmp_path, f"large.{suffix}", header + row * 20_000)

    def peak(path):
        tracemalloc.start()
        try:
            for _ in read_catalog(str(path), CatalogSettings(), print):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(large) < 1.5 * peak(small)


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b'{"id":1,"title":"',
                b'"}',
                b'"',
                b",",
                b"\n",
                b"\r",
                b"\0",
                b"\xe9",
                b"[",
                b"NaN",
                b">",
            ]
            + [b"\\ud800", b"1,a,B > C\n", b'2,"b",D\n', b'"paths":[["A"]],', b"\x1f\x8b", b" > "]
        ),
        st.binary(max_size=4),
    ),
    max_size=30,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(
    pieces, st.sampled_from([("a.csv", b"id,title,paths\n1,a,A\n"), ("a.jsonl", b'{"title":""}\n')])
)
def test_any_bytes_give_rows_and_rejects_in_order_or_one_clear_error(
    tmp_path_factory, content, name_and_start
):
    name, start = name_and_start
    path = write_file(tmp_path_factory.getbasetemp(), name, start + content)
    try:
        file = read_whole(path, needs_labels=name == "a.csv")
    except InputError:
        return
    for entries in (file.rows, file.rejects):
        places = [(entry.line, entry.byte) for entry in entries]
        assert places == sorted(set(places))
    assert file.reader.counts.rejected.total() == len(file.rejects)
    for row in file.rows:
        assert "\0" not in "".join([row.id, *row.fields.values()])
        assert "".join([row.id, *row.fields, *row.fields.values()]).encode()


def test_a_key_is_rejected_like_an_id_where_it_is_missing_or_damaged(tmp_path):
    lines = ['{"id":1,"title":"a","key":"x"}', '{"id":2,"title":"b"}', '{"id":3,"key":["x"]}']
    lines.append('{"id":4,"title":"d","key":"x\\ud800"}')
    file = read_whole(write_file(tmp_path, "a.jsonl", "\n".join(lines)), key_columns=("key",))
    assert file.ids == ["1"]
    assert file.faults == [(2, "BAD_ID"), (3, "BAD_ID"), (4, "LONE_SURROGATE")]
    assert file.rejects[0].message == "the id, column 'key', is missing"
