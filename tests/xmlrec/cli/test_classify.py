import json
import re

import jsonschema
import pytest

from xmlrec.cli.classify import batches, stdin_lines
from xmlrec.cli.options import MAX_PATHS
from xmlrec.errors import InputError
from xmlrec.probabilities import N_BEST


def test_paths_are_printed_below_their_text(xmlrec, model):
    result = xmlrec("classify", "ankle boot", "flexible hose", "--model", model, "-k", "2")

    assert (result.code, result.err) == (0, "")
    assert result.lines[0] == "ankle boot: ok"
    assert re.fullmatch(r">  ?\d+\.\d %  Shoes > Boots", result.lines[1])
    assert re.fullmatch(r"   +\d+\.\d %  Shoes > Sandals", result.lines[2])
    assert result.lines[3] == "flexible hose: ok"
    assert re.fullmatch(r">  ?\d+\.\d %  Garden > Hoses", result.lines[4])
    assert len(result.lines) == 6


def test_json_gives_one_row_a_text(xmlrec, model):
    result = xmlrec("classify", "ankle boot", "hose", "--model", model, "--json", "-k", "3")

    assert result.code == 0
    assert [row["id"] for row in result.rows] == ["1", "2"]
    assert result.rows[0]["paths"][0]["path"] == ["Shoes", "Boots"]
    assert len(result.rows[0]["alternatives"]) == 2


def test_a_dash_reads_lines_from_standard_input(xmlrec, model):
    lines = b"ankle boot\r\n\nflexible hose\nb\xffot"  # blank, not UTF-8, no line break at the end
    result = xmlrec("classify", "-", "--model", model, "--json", stdin=lines)

    assert result.code == 0
    assert [(row["id"], row["status"], row["reason"]) for row in result.rows] == [
        ("1", "ok", None),
        ("2", "abstain", "empty_text"),
        ("3", "ok", None),
        ("4", "review", "low_confidence"),
    ]


def test_numbers_go_on_from_batch_to_batch(xmlrec, model):
    result = xmlrec("classify", "-", "--model", model, "--json", stdin=b"boot\n" * 2100)

    assert [row["id"] for row in result.rows] == [str(number) for number in range(1, 2101)]


def test_no_answer_says_why(xmlrec, model):
    result = xmlrec("classify", "", "\u4e00", "--model", model)

    assert result.code == 0
    assert "(no answer: empty_text)" in result.lines[1]
    assert "(no answer: no_known_words)" in result.lines[3]


def test_empty_standard_input_gives_nothing(xmlrec, model):
    assert xmlrec("classify", "-", "--model", model) == (0, "", "")


def test_no_text_is_a_usage_error(xmlrec, model):
    assert xmlrec("classify", "--model", model).code == 2


def test_k_must_be_positive(xmlrec, model):
    assert xmlrec("classify", "boot", "--model", model, "-k", "0").code == 2


def test_lines_are_answered_in_batches():
    assert list(batches(iter("abc"), 2)) == [["a", "b"], ["c"]]


def test_a_closed_standard_input_is_named(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="standard input: it is closed"):
        list(stdin_lines())


def test_more_paths_than_are_ranked_are_refused(xmlrec, model):
    assert xmlrec("classify", "boot", "--model", model, "-k", MAX_PATHS + 1).code == 2
    assert MAX_PATHS == N_BEST


def test_an_explanation_follows_the_paths_of_each_text(xmlrec, model):
    result = xmlrec("classify", "ankle boot", "\u4e00", "--model", model, "-k", "2", "--explain")

    assert (result.code, result.err) == (0, "")
    plain = xmlrec("classify", "ankle boot", "--model", model, "-k", "2")
    assert result.lines[:3] == plain.lines
    assert result.lines[3] == "  why Shoes > Boots"
    assert "    they part at level 2: Boots / Sandals" in result.lines
    assert result.lines[-2:] == [
        "\u4e00",
        "   (no answer: no_known_words; there is nothing to explain)",
    ]


def test_json_has_an_explanation_of_the_best_path_when_asked_for(xmlrec, model):
    texts = ("ankle boot", "")
    with_reasons = xmlrec("classify", *texts, "--model", model, "--json", "--explain").rows
    without = xmlrec("classify", *texts, "--model", model, "--json").rows

    explanations = [row.pop("explanation") for row in with_reasons]
    assert with_reasons == without
    assert explanations[1] is None
    best = without[0]["paths"][0]
    assert explanations[0]["category_id"] == best["category_id"]
    assert explanations[0]["score"] == best["score"]
    values = sum(term["value"] for term in explanations[0]["terms"])
    assert values == pytest.approx(explanations[0]["fused"], rel=1e-5)


def test_a_sure_answer_is_asked_for_with_a_precision(xmlrec, model):
    result = xmlrec("classify", "b\xffot", "--model", model, "--min-precision", "0.99")

    assert result.lines[0] == "b\xffot: abstain (low_confidence)"
    assert not any(line.startswith(">") for line in result.lines)


def test_only_categories_under_one_are_answered(xmlrec, model):
    result = xmlrec("classify", "boot", "--model", model, "--under", "Garden", "--json")

    (row,) = result.rows
    assert {path["path"][0] for path in row["paths"] + row["alternatives"]} == {"Garden"}


def test_what_is_excluded_is_not_answered(xmlrec, model):
    result = xmlrec("classify", "ankle boot", "--model", model, "--exclude", "Shoes", "--json")

    (row,) = result.rows
    assert (row["status"], row["reason"]) == ("review", "excluded")
    assert "Shoes" not in {path["path"][0] for path in row["paths"] + row["alternatives"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--min-precision", "1"), "min-precision: it must be between 0 and 1"),
        (("--min-precision", "nan"), "min-precision: it must be between 0 and 1"),
        (("--under", "Shoos"), "under: there is no category 'Shoos'"),
        (("--exclude", "Shoes > Wellingtons > X"), "exclude: there is no category"),
        (
            ("--exclude", "Shoes", "--exclude", "Garden", "--exclude", "Kitchen"),
            "exclude: every category is excluded",
        ),
    ],
)
@pytest.mark.parametrize("command", ["classify", "categorize"])
def test_what_cannot_be_asked_for_is_one_line(xmlrec, model, tmp_path, command, options, message):
    catalog, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    catalog.write_text("id,title\n1,boot\n")
    named = ("boot",) if command == "classify" else (catalog, "--out", out)

    result = xmlrec(command, *named, "--model", model, *options)

    assert result.code == 2
    assert result.err.startswith(f"error: {message}")
    assert result.err.count("\n") == 1
    assert not out.exists()


def test_rows_are_as_the_schema_says(xmlrec, model):
    schema = json.loads(xmlrec("schema").out)
    texts = ("ankle boot", "", "b\xffot", "\u4e00")

    rows = xmlrec("classify", *texts, "--model", model, "--json", "--explain").rows
    rows += xmlrec("classify", *texts, "--model", model, "--json", "--min-precision", "0.9").rows

    jsonschema.Draft202012Validator.check_schema(schema)
    for row in rows:
        jsonschema.validate(row, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**rows[0], "reason": "no reason"}, schema)
