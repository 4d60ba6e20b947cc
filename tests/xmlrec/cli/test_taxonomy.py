import json

import pytest


@pytest.fixture(params=["file", "model"])
def source(request, shop, model):
    return "taxonomy.csv" if request.param == "file" else model


def test_show_prints_an_indented_tree(xmlrec, source):
    result = xmlrec("taxonomy", "show", source)

    assert (result.code, result.err) == (0, "")
    assert result.lines[:4] == ["Shoes  [1]", "  Boots  [2]", "  Sandals  [3]", "  Slippers  [4]"]
    assert "  Pans  [7]  (1 below)" in result.lines


def test_show_can_start_below_a_path_and_go_deeper(xmlrec, source):
    result = xmlrec("taxonomy", "show", source, "--under", "Kitchen > Pans", "--depth", "3")

    assert result.lines == ["Pans  [7]", "  Woks  [8]"]
    assert xmlrec("taxonomy", "show", source, "--under", "7").lines == result.lines


def test_show_names_a_path_that_is_not_there(xmlrec, source):
    message = xmlrec("taxonomy", "show", source, "--under", "Kitchen > Bowls").refused()

    assert "'Kitchen > Bowls' is not in taxonomy" in message


def test_search_finds_all_words_in_any_case(xmlrec, source):
    assert xmlrec("taxonomy", "search", source, "kitchen", "PAN").lines == [
        "7\tKitchen > Pans",
        "8\tKitchen > Pans > Woks",
    ]


def test_search_prints_json(xmlrec, source):
    result = xmlrec("taxonomy", "search", source, "woks", "--json")

    assert result.rows == [{"category_id": "8", "path": ["Kitchen", "Pans", "Woks"]}]


def test_search_without_a_match_prints_nothing(xmlrec, source):
    assert xmlrec("taxonomy", "search", source, "spaceship") == (0, "", "")


def test_lint_of_a_sound_taxonomy(xmlrec, source):
    assert xmlrec("taxonomy", "lint", source) == (0, "", "0 errors, 0 warnings\n")


def test_lint_prints_all_errors_and_warnings_at_once(xmlrec, write):
    write("bad.csv", "id,parent_id,name\n1,,A\n1,,B\n2,9,C\n3,,D > E\n4,,F\n5,,F\n")
    result = xmlrec("taxonomy", "lint", "bad.csv")

    assert result.code == 1
    assert result.err == "3 errors, 1 warnings\n"
    assert [line.split(":")[0] for line in result.lines] == ["error"] * 3 + ["warning"]
    assert "line 3: category '1': the id is already that of 'A'" in result.lines[0]


def test_lint_prints_json(xmlrec, write):
    write("bad.csv", "id,parent_id,name\n1,1,A\n")
    result = xmlrec("taxonomy", "lint", "bad.csv", "--json")

    assert result.code == 1
    assert [(row["severity"], row["code"]) for row in result.rows] == [("error", "cycle")]


def test_warnings_alone_are_no_failure(xmlrec, write):
    write("twins.csv", "id,parent_id,name\n1,,A\n2,,A\n")

    assert xmlrec("taxonomy", "lint", "twins.csv").code == 0


@pytest.mark.parametrize("command", [("show",), ("search",), ("lint",)])
def test_a_missing_file_or_another_folder_is_named(xmlrec, shop, command):
    words = ("boot",) if command == ("search",) else ()

    assert "none.csv" in xmlrec("taxonomy", *command, "none.csv", *words).refused()
    assert "it holds no model" in xmlrec("taxonomy", *command, shop, *words).refused()


def test_training_on_a_taxonomy_with_errors_names_them(xmlrec, shop, write, new_files):
    write("bad.csv", "id,parent_id,name\n1,9,A\n")
    message = xmlrec("train", "shop.csv", "--model", "m", "--taxonomy", "bad.csv").refused()

    assert "its parent '9' does not exist" in message
    assert "run `xmlrec taxonomy lint bad.csv`" in message
    assert new_files() == ["bad.csv"]


def test_the_taxonomy_of_a_model_can_be_given_to_train(xmlrec, shop, model):
    taxonomy = model / "base" / "taxonomy.jsonl"

    assert xmlrec("train", "shop.csv", "--model", "m", "--taxonomy", taxonomy).code == 0


def test_search_results_are_json_with_unicode(xmlrec, write):
    write("paths.txt", "Küche > Töpfe\n")

    (line,) = xmlrec("taxonomy", "search", "paths.txt", "TÖPFE", "--json").lines
    assert json.loads(line)["path"] == ["Küche", "Töpfe"]
    assert "Töpfe" in line
