import json

import pytest

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog.labels import parse_paths
from xmlrec.catalog.rows import RowFault


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (None, ()),
        ("", ()),
        (" \n ", ()),
        ("[]", ()),
        ([], ()),
        ("A > B > C", (("A", "B", "C"),)),
        (" A >  B ", (("A", "B"),)),
        ("A>B >C", (("A", "B", "C"),)),
        ("A > B>C", (("A", "B>C"),)),
        ("632", (("632",),)),
        ("Hardware", (("Hardware",),)),
        ("Toys, Games & More", (("Toys, Games & More",),)),
        ("A > B\nC\r\n\r\nD > E\rF", (("A", "B"), ("C",), ("D", "E"), ("F",))),
        ("A > B\nA > B", (("A", "B"),)),
        ('[["A", "B > C"]]', None),
        ('[["A", "B>C"], ["D"]]', (("A", "B>C"), ("D",))),
        ('["A > B", "C"]', (("A", "B"), ("C",))),
        ("[new] shoes", (("[new] shoes",),)),
        ([["A", " B "], "C > D"], (("A", "B"), ("C", "D"))),
        ([["A", "12"]], (("A", "12"),)),
    ],
)
def test_label_is_taken_apart(value, paths):
    if paths is None:
        with pytest.raises(RowFault):
            parse_paths(value)
    else:
        assert parse_paths(value) == paths


@pytest.mark.parametrize(
    "value",
    [
        "A > ",
        "> A",
        "A >  > B",
        ">",
        "A >> B",
        '["A"',
        '[["A"], 5',
        {"A": "B"},
        True,
        [True],
        [[]],
        [""],
        [["A", ""]],
        [["A", True]],
        [["A", ["B"]]],
        [{"A": "B"}],
        [["A", "B\0"]],
        ["A > \ud800"],
        ["x" * 20_000],
        [["x" * 20_000]],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_malformed_label_is_a_fault(value):
    with pytest.raises(RowFault) as fault:
        parse_paths(value)
    assert fault.value.code == "BAD_LABEL"


def test_rows_with_malformed_labels_are_rejected_only_where_labels_are_needed(tmp_path):
    rows = [
        {"id": 1, "title": "a", "paths": [["A", "B"]]},
        {"id": 2, "title": "b", "paths": [["A", ""]]},
        {"id": 3, "title": "c", "paths": []},
        {"id": 4, "title": "d"},
    ]
    path = write_file(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    file = read_whole(path, needs_labels=True)
    assert {row.id: row.paths for row in file.rows} == {"1": (("A", "B"),), "3": (), "4": ()}
    assert file.faults == [(2, "BAD_LABEL")]
    assert [row.paths for row in read_whole(path).rows] == [None] * 4


def test_labels_of_csv_are_lists_or_lines(tmp_path):
    content = 'id,title,paths\n1,a,"[[""A"",""B""],[""C""]]"\n2,b,"A > B\nC"\n3,c,\n'
    file = read_whole(write_file(tmp_path, "a.csv", content), needs_labels=True)
    assert [row.paths for row in file.rows] == [(("A", "B"), ("C",))] * 2 + [()]
    assert file.rows[0].fields == {"id": "1", "title": "a"}


def test_label_with_a_bad_byte_is_rejected(tmp_path):
    content = b"id,title,category\n1,a,Caf\xe9\n2,b,Tea\n"
    file = read_whole(write_file(tmp_path, "a.csv", content), needs_labels=True)
    assert file.ids == ["2"]
    assert file.faults == [(2, "BAD_LABEL")]
