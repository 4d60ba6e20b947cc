import json

import pytest

KEYS = {
    *("p@1", "p@3", "p@5", "recall@10", "ndcg@5", "psp@1", "psp@3", "psp@5", "psndcg@5"),
    *("hp_micro", "hr_micro", "hf_micro", "hf_macro", "tree_distance"),
    *("level_1_f1_weighted", "level_2_f1_micro", "level_2_f1_macro", "n_without_category"),
}


def test_json_has_every_figure(xmlrec, shop, model):
    result = xmlrec("evaluate", "shop.csv", "--model", model, "--json")

    assert result.code == 0
    metrics = json.loads(result.out, parse_constant=pytest.fail)
    assert metrics.keys() >= KEYS
    assert (metrics["n"], metrics["p@1"], metrics["level_2_n"]) == (36, 100.0, 30)


def test_the_table_has_the_same_figures(xmlrec, shop, model):
    result = xmlrec("evaluate", "shop.jsonl", "--model", model)

    table = dict(line.split() for line in result.lines[1:])
    assert (table["n"], table["p@1"], table["tree_distance"]) == ("36", "100.00", "0.00")


def test_every_row_with_a_path_counts(xmlrec, model, write):
    write(
        "test.csv",
        "id,title,description,category\n"
        "1,ankle boot,,Shoes > Boots\n"
        "2,ankle boot,,Shoes > Clogs\n"  # unknown to the model
        "3,,,Garden > Hoses\n"  # no text
        "4,hose,,\n",  # no path
    )
    metrics = json.loads(xmlrec("evaluate", "test.csv", "--model", model, "--json").out)

    assert (metrics["n"], metrics["n_without_category"]) == (3, 1)
    assert round(metrics["p@1"], 2) == 33.33


def test_rejected_rows_are_counted_on_stderr(xmlrec, model, write, new_files):
    write("test.csv", "id,title,description,category\n1,ankle boot,,Shoes > Boots\n2,hose\n")
    result = xmlrec("evaluate", "test.csv", "--model", model, "--json")

    assert result.code == 0
    assert "test.csv: 1 row rejected (FIELD_COUNT 1)" in result.err
    assert json.loads(result.out)["n"] == 1
    assert new_files() == ["test.csv"]


def test_another_label_column_can_be_named(xmlrec, model, write):
    write("test.csv", "id,title,description,truth\n1,ankle boot,,2\n")
    result = xmlrec("evaluate", "test.csv", "--model", model, "--json", "--label-column", "truth")

    assert json.loads(result.out)["p@1"] == 100.0


def test_a_catalog_without_any_category_is_named(xmlrec, model, write):
    write("test.csv", "id,title,description,category\n1,ankle boot,,\n")

    message = xmlrec("evaluate", "test.csv", "--model", model).refused()

    assert message.startswith("error: test.csv: no row has a category path")
