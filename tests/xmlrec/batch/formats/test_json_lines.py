import json

import jsonschema
import pytest

from tests.xmlrec.batch.formats.files import abstained, answered, read_rows, write_output
from xmlrec.batch.formats import JsonLines
from xmlrec.catalog import RESULT_SCHEMA, result_path, result_row

CARRIED = [{"Brand": 'é"\n', "price": "00.10"}, {}]


def lines_of(rows):
    """Return what a classifier gives that writes JSON itself."""
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]


@pytest.mark.parametrize("gz", [False, True])
def test_lines_that_are_json_already_give_the_same_bytes_as_rows(gz):
    rows = [answered('é"1'), abstained("2")]
    carrying = [{**row, "input": given} for row, given in zip(rows, CARRIED, strict=True)]
    results = JsonLines(gz=gz)
    assert results.encode_lines(lines_of(rows)) == results.encode(rows)
    assert results.encode_lines(lines_of(rows), CARRIED) == results.encode(carrying)
    assert results.encode_lines(lines_of(carrying)) == results.encode(carrying)
    assert results.encode_lines([]) == results.encode([])


def test_lines_are_the_rows_and_what_is_carried_comes_last():
    row = {"input": {"Brand": "Acme"}, **answered("1")}
    line = JsonLines().encode([row]).decode()
    assert line.endswith('"error":null,"input":{"Brand":"Acme"}}\n')
    assert json.loads(line) == row
    assert list(row)[0] == "input"  # the caller's row is left alone


def test_rows_fit_their_schema():
    carrying = {**answered("1"), "input": {"Brand": "Acme"}}
    for line in JsonLines().encode([answered("1"), abstained("2"), carrying]).splitlines():
        jsonschema.validate(json.loads(line), RESULT_SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**carrying, "input": {"Brand": 1}}, RESULT_SCHEMA)


def test_number_that_is_none_is_refused():
    bad = result_path("1", ["A"], float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonLines().encode([result_row("1", [bad], taxonomy="", model="")])


def test_flat_lines_are_objects_with_the_best_path_only(tmp_path):
    row = {**answered("1"), "input": {"Brand": "Acme", "status": "new", "other": "x"}}
    carried = ("Brand", "status", "gone")
    write_output(tmp_path / "out.jsonl", [row, abstained("2")], flat=True, carried=carried)
    assert [list(line.items()) for line in read_rows(tmp_path / "out.jsonl")] == [
        [
            ("id", "1"),
            ("Brand", "Acme"),
            ("input_status", "new"),
            ("gone", None),
            ("status", "ok"),
            ("reason", None),
            ("category_id", "328"),
            ("category_path", "Electronics > Laptops"),
            ("confidence", 0.75),
        ],
        [
            ("id", "2"),
            ("Brand", None),
            ("input_status", None),
            ("gone", None),
            ("status", "abstain"),
            ("reason", "excluded"),
            ("category_id", None),
            ("category_path", None),
            ("confidence", None),
        ],
    ]
