import csv
import io

import pytest

from tests.xmlrec.batch.formats.files import abstained, answered, read_rows, write_output
from xmlrec.batch.formats import Delimited
from xmlrec.catalog import result_path, result_row
from xmlrec.catalog.results import wide_header

FORMULAS = [
    "=1+2", "=cmd|' /C calc'!A0", "+1-800", "-", "-5-5", "@SUM(1)", "\t=1", "\r=1", "\n=1", "-5\n",
    "=1+2\";=1+2", "+", "-.", "--5", "+5e", "-5,3", "-٣",
]  # fmt: skip
HARMLESS = ["-5", "+3.5", "-.5", "-5.", "0", "00123", "1e5", "", " =1", "a=1", "'=1", "é"]


def read_cells(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.csv.gz"])
def test_wide_form_has_carried_columns_after_the_id(tmp_path, name):
    row = {**answered("00123"), "input": {"Brand": "Acme", "score": "5"}}
    path = tmp_path / name
    write_output(path, [row], [abstained("2")], n_paths=3, carried=("Brand", "score", "gone"))
    first, second = read_rows(path)
    wide = wide_header(3)
    assert list(first) == ["id", "Brand", "input_score", "gone", *wide[1:]]
    assert list(first.values()) == [
        "00123", "Acme", "5", "", "ok", "", "328", "Electronics > Laptops", "-0.25", "0.75",
        "00329", "Electronics > Tablets", "-1.5", "0.125", "", "", "", "",
    ]  # fmt: skip
    assert list(second.values())[:7] == ["2", "", "", "", "abstain", "excluded", "328"]


def test_flat_form_has_the_best_path_only(tmp_path):
    row = {**answered("00123"), "input": {"Brand": "Acme"}}
    write_output(tmp_path / "out.csv", [row, abstained("2")], flat=True, carried=("Brand",))
    assert (tmp_path / "out.csv").read_bytes().decode().split("\r\n") == [
        "id,Brand,status,reason,category_id,category_path,confidence",
        "00123,Acme,ok,,328,Electronics > Laptops,0.75",
        "2,,abstain,excluded,,,",
        "",
    ]


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("text", FORMULAS + HARMLESS)
def test_cells_that_a_spreadsheet_would_run_get_an_apostrophe(text, delimiter, flat):
    path = result_path(text, [text, "B"], -0.5, 0.5)
    row = result_row(text, [path], taxonomy="", model="")
    row["input"] = {text: text}
    results = Delimited(delimiter, 1, (text,), flat=flat, excel_safe=True)
    guarded = f"'{text}" if text in FORMULAS else text

    content = results.head + results.encode([row])

    rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter)
    header, cells = list(rows)
    assert header[:3] == ["id", guarded, "status"]
    first_of_path = f"{text} > B"
    starts = f"'{first_of_path}" if text[:1] in tuple("=+-@\t\r\n") else first_of_path
    number = [] if flat else ["-0.5"]
    assert cells == [guarded, guarded, "ok", "", guarded, starts, *number, "0.5"]


def test_a_cell_stays_one_for_a_spreadsheet_with_another_delimiter():
    results = Delimited(",", 1, excel_safe=True, flat=True)
    content = results.encode([answered("a;=1+2")])
    assert content.startswith(b'"a;=1+2","ok",')


def test_nothing_is_guarded_unless_asked():
    assert read_cells(Delimited(",", 1).encode([answered("=1")]))[0][0] == "=1"
