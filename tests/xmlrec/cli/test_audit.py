import csv
import gzip
import json

import jsonschema
import pytest

from xmlrec.catalog.audit_rows import AUDIT_COLUMNS, VERDICTS

ROWS = """id,title,category,colour
01,leather ankle boot,Shoes > Boots,red
02,leather ankle boot,Garden > Hoses,blue
03,,Shoes > Boots,
04,cordless kettle boil water,Kitchen,
05,nonstick pan skillet fry,Kitchen > Pans > Woks,
06,beach sandal strap summer,Books,
07,flexible hose nozzle spray,,green
08,leather ankle boot,Garden > Hoses,"a
b"
09,leather ankle boot,"Shoes > Boots
Shoes > Sandals",
"""


@pytest.fixture
def audit(xmlrec, shop, model, write):
    """Audit a file of rows and return the result and the rows of the output."""

    def audit(*options, rows=ROWS, out="audit.jsonl", name="rows.csv"):
        write(name, rows)
        result = xmlrec("categorize", name, "--audit", "--model", model, "--out", out, *options)
        return result, (shop / out).read_text(encoding="utf-8") if result.code == 0 else ""

    return audit


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_most_suspicious_rows_come_first_and_equal_ones_as_they_stand(audit):
    result, text = audit()
    rows = json_lines(text)
    assert [row["id"] for row in rows[:2]] == ["02", "08"]
    assert rows[0]["suspicion"] == rows[1]["suspicion"] > rows[2]["suspicion"]
    assert [row["id"] for row in rows[-3:]] == ["03", "06", "07"]
    assert [row["suspicion"] for row in rows[-3:]] == [None] * 3
    known = [row["suspicion"] for row in rows[:-3]]
    assert known == sorted(known, reverse=True)
    assert {row["id"]: row["verdict"] for row in rows} == {
        "01": "agree",
        "02": "disagree",
        "03": "abstain",
        "04": "finer",
        "05": "coarser",
        "06": "unknown_category",
        "07": "no_category",
        "08": "disagree",
        "09": "agree",
    }
    assert {row["verdict"] for row in rows} == set(VERDICTS)
    counts = "agree 2, disagree 2, abstain 1, finer 1, coarser 1, unknown_category 1, no_category 1"
    assert f"audit.jsonl: {counts}\n" in result.err


def test_rows_are_as_the_schema_says(xmlrec, audit):
    schema = json.loads(xmlrec("schema", "--audit").out)
    rows = json_lines(audit("--carry", "colour")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    for row in rows:
        jsonschema.validate(row, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**rows[0], "verdict": "wrong"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**rows[0], "suspicion": 1.1}, schema)


@pytest.mark.parametrize(("name", "delimiter"), [("audit.csv", ","), ("audit.tsv", "\t")])
def test_a_table_has_the_same_rows(audit, shop, name, delimiter):
    rows = json_lines(audit("--carry", "colour")[1])
    _, text = audit("--carry", "colour", out=name)
    with (shop / name).open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter=delimiter))
    assert list(table[0]) == [*AUDIT_COLUMNS, "colour"]
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    by_id = {row["id"]: row for row in table}
    several = next(row for row in rows if row["id"] == "09")
    assert by_id["09"]["given_path"] == "Shoes > Boots\nShoes > Sandals"
    least = min(path["confidence"] for path in several["given"])
    assert float(by_id["09"]["given_confidence"]) == least
    assert float(by_id["09"]["suspicion"]) == several["suspicion"]
    assert by_id["08"]["colour"] == "a\nb"
    assert by_id["02"]["suggested_path"] == "Shoes > Boots"
    assert by_id["02"]["suggested_id"] == "2"
    assert [by_id["03"][column] for column in AUDIT_COLUMNS[2:]] == ["", "Shoes > Boots", *[""] * 4]


def test_an_audit_is_compressed_if_its_name_says_so(audit, shop, xmlrec, model):
    _, text = audit()
    result = xmlrec(
        "categorize", "rows.csv", "--audit", "--model", model, "--out", "audit.jsonl.gz"
    )
    assert result.code == 0
    assert gzip.decompress((shop / "audit.jsonl.gz").read_bytes()).decode() == text


def test_another_label_column_can_be_named(audit):
    rows = ROWS.replace("category", "kind")
    _, text = audit("--label-column", "kind", rows=rows)
    assert [row["verdict"] for row in json_lines(text)[:2]] == ["disagree"] * 2


def test_a_catalog_without_labels_is_refused_with_its_columns(audit, new_files):
    result, _ = audit(rows="id,title,colour\n1,boot,red\n")
    line = result.refused(2)
    assert "no label column" in line
    assert "'id', 'title', 'colour'" in line
    assert new_files() == ["rows.csv"]


@pytest.mark.parametrize("out", ["audit.parquet", "audit.sqlite", "audit", "-"])
def test_what_an_audit_is_not_written_to_is_refused(audit, out):
    result, _ = audit(out=out)
    assert result.refused(2).startswith("error: --out: ")


@pytest.mark.parametrize(
    "options",
    [("--under", "Shoes"), ("--exclude", "Shoes"), ("--flat",), ("--excel-safe",)],
)
def test_options_that_an_audit_does_not_have_are_refused(audit, options):
    result, _ = audit(*options)
    assert result.refused(2).startswith(f"error: {options[0]}: it does not go with --audit")


def test_a_label_column_without_an_audit_is_refused(xmlrec, shop, model):
    result = xmlrec(
        "categorize", "shop.csv", "--model", model, "--out", "o.csv", "--label-column", "category"
    )
    assert result.refused(2).startswith("error: --label-column: ")


def test_an_empty_catalog_gives_an_empty_audit(audit):
    assert audit(rows="id,title,category\n")[1] == ""
    assert audit(rows="id,title,category\n", out="a.csv")[1].splitlines() == [
        ",".join(AUDIT_COLUMNS)
    ]


def test_rows_with_broken_labels_are_rejected(audit, shop):
    rows = '{"id":"1","title":"boot","paths":{"a":1}}\n{"id":"2","title":"boot"}\n'
    _, text = audit(rows=rows, name="rows.jsonl")
    assert [row["id"] for row in json_lines(text)] == ["2"]
    (reject,) = json_lines((shop / "audit.jsonl.rejects.jsonl").read_text())
    assert reject["code"] == "BAD_LABEL"
