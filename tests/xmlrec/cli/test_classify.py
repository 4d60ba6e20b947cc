import pytest

from xmlrec.cli.classify import batches, stdin_lines
from xmlrec.cli.options import MAX_PATHS
from xmlrec.errors import InputError
from xmlrec.models.candidates import N_CANDIDATES


def test_paths_are_printed_below_their_text(xmlrec, model):
    result = xmlrec("classify", "ankle boot", "flexible hose", "--model", model, "-k", "2")

    assert (result.code, result.err) == (0, "")
    assert result.lines[0] == "ankle boot"
    assert result.lines[1].endswith("Shoes > Boots")
    assert result.lines[3] == "flexible hose"
    assert result.lines[4].endswith("Garden > Hoses")
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
        ("4", "ok", None),
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
    assert MAX_PATHS == N_CANDIDATES


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
