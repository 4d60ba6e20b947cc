import json

import pytest

from tests.xmlrec.encode.tiny import HAS_TORCH, needs_torch, save_tiny_model
from xmlrec.models import TREES, TaxonomyClassifier, verify_model


def rejects_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("catalog", ["shop.jsonl", "shop.csv"])
def test_a_model_is_trained_and_stdout_stays_empty(xmlrec, shop, new_files, catalog):
    result = xmlrec("train", catalog, "--model", "m", "--taxonomy", "taxonomy.csv")

    assert (result.code, result.out) == (0, "")
    assert "m: 36 items, 12 categories, 6 of them with items" in result.err
    assert new_files() == ["m"]
    assert verify_model(shop / "m")["data"]["n_items"] == 36


def test_jsonl_and_csv_of_the_same_rows_give_the_same_model(xmlrec, shop):
    for catalog in ("shop.jsonl", "shop.csv"):
        xmlrec("train", catalog, "--model", catalog[5:], "--taxonomy", "taxonomy.csv")

    assert files_of(shop / "csv") == files_of(shop / "jsonl")


def test_what_cannot_be_found_is_reported(xmlrec, shop):
    result = xmlrec("train", "shop.csv", "--model", "m", "--taxonomy", "taxonomy.csv")

    assert "leaf categories without items: 3 (1 found by name, 2 not to be found)" in result.err


def test_without_a_taxonomy_the_catalogs_paths_make_one(xmlrec, shop):
    result = xmlrec("train", "shop.csv", "--model", "m")

    assert result.code == 0
    assert "were added" not in result.err
    assert set(TaxonomyClassifier.load(shop / "m").taxonomy_.names) == {
        "Shoes", "Boots", "Sandals", "Kitchen", "Kettles", "Pans", "Garden", "Hoses",
    }  # fmt: skip


def test_standard_input_is_read(xmlrec, shop):
    text = (shop / "shop.jsonl").read_bytes()
    result = xmlrec("train", "-", "--model", "m", stdin=text)

    assert result.code == 0
    assert TaxonomyClassifier.load(shop / "m").n_items_ == 36


def test_validation_rows_are_measured(xmlrec, shop):
    result = xmlrec("train", "shop.csv", "--model", "m", "--valid", "shop.jsonl")

    assert result.code == 0
    assert "valid p@1 100.00" in result.err


def test_text_columns_can_be_named_the_title_first(xmlrec, shop):
    xmlrec("train", "shop.csv", "--model", "m", "--text", "description", "--text", "title")

    assert TaxonomyClassifier.load(shop / "m").settings.text == ("description", "title")


def test_other_columns_can_be_named(xmlrec, shop, write):
    table = (shop / "shop.csv").read_text().replace("id,title,description,category", "a,b,c,d")
    write("other.csv", table.replace(",", ";"))
    options = ["--delimiter", ";", "--text", "b", "--id-column", "a", "--label-column", "d"]

    result = xmlrec("train", "other.csv", "--model", "m", *options)

    assert result.code == 0
    assert TaxonomyClassifier.load(shop / "m").n_items_ == 36


def test_another_encoding_can_be_named(xmlrec, shop, write):
    write("wide.csv", (shop / "shop.csv").read_text().replace("Boots", "Stövel").encode("utf-16"))

    assert xmlrec("train", "wide.csv", "--model", "m", "--encoding", "utf-16").code == 0
    assert "Stövel" in TaxonomyClassifier.load(shop / "m").taxonomy_.names


def test_threads_and_seed_are_taken(xmlrec, shop):
    xmlrec("train", "shop.csv", "--model", "one", "--threads", "1", "--seed", "5")
    xmlrec("train", "shop.csv", "--model", "two", "--threads", "2", "--seed", "5")

    assert files_of(shop / "one") == files_of(shop / "two")
    assert TaxonomyClassifier.load(shop / "one").settings.seed == 5


@pytest.mark.parametrize("tree", TREES)
def test_the_tree_is_taken_and_shown(xmlrec, shop, tree):
    named = ["--model", "m", "--taxonomy", "taxonomy.csv"]
    result = xmlrec("train", "shop.csv", *named, "--tree", tree, "--valid", "shop.jsonl")

    assert result.code == 0
    assert "valid p@1 100.00" in result.err
    assert TaxonomyClassifier.load(shop / "m").settings.tree == tree
    shown = dict(line.split(maxsplit=1) for line in xmlrec("info", "m").lines)
    assert shown["settings.tree"] == tree


def test_an_older_model_is_replaced(xmlrec, shop, new_files):
    xmlrec("train", "shop.csv", "--model", "m")
    result = xmlrec("train", "shop.csv", "--model", "m", "--text", "title")

    assert result.code == 0
    assert new_files() == ["m"]
    assert TaxonomyClassifier.load(shop / "m").settings.text == ("title",)


def test_unknown_paths_are_added_and_listed(xmlrec, shop, write):
    rows = (shop / "shop.csv").read_text() + "99,wooden clog,Made of wood,Shoes > Clogs\n"
    result = xmlrec("train", write("more.csv", rows), "--model", "m", "--taxonomy", "taxonomy.csv")

    assert result.code == 0
    assert "categories added to the file's: 1, such as 'Shoes > Clogs'" in result.err
    assert TaxonomyClassifier.load(shop / "m").n_items_ == 37


def test_strict_leaves_unknown_paths_out_and_says_where(xmlrec, shop, write):
    rows = (shop / "shop.csv").read_text() + "99,wooden clog,Made of wood,Shoes > Clogs\n"
    write("more.csv", rows)
    result = xmlrec("train", "more.csv", "--model", "m", "--taxonomy", "taxonomy.csv", "--strict")

    assert result.code == 0
    assert "rejected more.csv:38: UNKNOWN_PATH: 'Shoes > Clogs': 'Clogs' is not" in result.err
    assert "more.csv: 1 path left out (UNKNOWN_PATH 1); kept in m.rejects.jsonl" in result.err
    kept = json.loads((shop / "m.rejects.jsonl").read_text())
    assert (kept["line"], kept["code"], kept["raw"]) == (38, "UNKNOWN_PATH", "Shoes > Clogs")
    assert TaxonomyClassifier.load(shop / "m").n_items_ == 36


def test_bad_rows_are_rejected_counted_and_kept(xmlrec, shop, write, new_files):
    bad = (
        b'{"id": "bad1", "title": "boot"\n'  # broken JSON
        b'{"id": "bad2", "title": "boot", "paths": ["Shoes > > Boots"]}\n'
        b'{"id": "bad\xff", "title": "boot", "paths": ["Shoes > Boots"]}\n'
        b'{"id": "ok1", "title": "caf\xe9 boot", "paths": ["Shoes > Boots"]}\n'
        b'{"id": "ok2", "title": "nul\x00 boot", "paths": ["Shoes > Boots"]}\n'
    )
    write("dirty.jsonl", bad + (shop / "shop.jsonl").read_bytes())

    result = xmlrec("train", "dirty.jsonl", "--model", "m")

    assert result.code == 0
    assert "rejected dirty.jsonl:1: BAD_JSON: " in result.err
    assert "3 rows rejected (BAD_JSON 1, BAD_LABEL 1, INVALID_UTF8 1); kept in m.rejects.jsonl" in (
        result.err
    )
    assert "2 rows repaired (INVALID_UTF8 1, NUL 1)" in result.err
    assert new_files() == ["dirty.jsonl", "m", "m.rejects.jsonl"]
    rejects = rejects_of(shop / "m.rejects.jsonl")
    assert [(row["line"], row["code"]) for row in rejects] == [
        (1, "BAD_JSON"),
        (2, "BAD_LABEL"),
        (3, "INVALID_UTF8"),
    ]
    assert rejects[0]["raw"] == '{"id": "bad1", "title": "boot"'
    assert TaxonomyClassifier.load(shop / "m").n_items_ == 38


def test_a_good_run_removes_the_rejects_of_the_run_before(xmlrec, shop, write):
    write("m.rejects.jsonl", "old\n")
    xmlrec("train", "shop.csv", "--model", "m")

    assert not (shop / "m.rejects.jsonl").exists()


def test_rows_without_text_or_category_are_counted(xmlrec, shop, write):
    rows = (shop / "shop.csv").read_text() + "97,,,Shoes > Boots\n98,boot,,\n"
    result = xmlrec("train", write("more.csv", rows), "--model", "m")

    assert result.code == 0
    assert "2 rows without text or category not used" in result.err


def test_the_catalog_is_never_taken_for_the_rejects_of_its_model(xmlrec, shop):
    (shop / "m.rejects.jsonl").write_bytes((shop / "shop.jsonl").read_bytes())
    result = xmlrec("train", "m.rejects.jsonl", "--model", "m")

    assert "would be written over while m.rejects.jsonl is read" in result.refused()
    assert (shop / "m.rejects.jsonl").read_bytes() == (shop / "shop.jsonl").read_bytes()


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_a_transformer_is_for_the_preset_that_has_one(xmlrec, shop, new_files, preset):
    result = xmlrec("train", "shop.csv", "--model", "m", "--preset", preset, "--encoder", "e")

    assert result.code == 2
    assert f"--encoder is for the preset accurate, not for {preset}" in result.err
    assert new_files() == []


def test_a_model_teaches_the_next(xmlrec, shop, new_files):
    assert xmlrec("train", "shop.csv", "--model", "t", "--preset", "balanced").code == 0

    result = xmlrec("train", "shop.csv", "--model", "m", "--teacher", "t")

    assert result.code == 0
    assert TaxonomyClassifier.load(shop / "m").ranker_.labels.taught.nnz
    again = xmlrec("train", "shop.csv", "--model", "n", "--from", "m")
    assert again.code == 0
    assert TaxonomyClassifier.load(shop / "n").settings.teacher == "t"


def test_a_teacher_that_is_not_there_or_cannot_teach_is_refused(xmlrec, shop, new_files):
    result = xmlrec("train", "shop.csv", "--model", "m", "--teacher", "none")
    assert "none" in result.refused()

    assert xmlrec("train", "shop.csv", "--model", "t", "--preset", "fast").code == 0
    result = xmlrec("train", "shop.csv", "--model", "m", "--teacher", "t")
    assert "t: it cannot teach: the preset fast has no vectors" in result.refused()
    assert new_files() == ["t"]


def test_the_preset_accurate_has_no_teacher(xmlrec, shop, new_files):
    result = xmlrec("train", "shop.csv", "--model", "m", "--preset", "accurate", "--teacher", "t")

    assert result.code == 2
    assert "--teacher is for the presets fast and balanced" in result.err


@pytest.mark.skipif(HAS_TORCH, reason="torch is installed")
def test_without_torch_the_preset_accurate_says_what_to_install(xmlrec, shop, new_files):
    result = xmlrec("train", "shop.csv", "--model", "m", "--preset", "accurate")

    assert result.code == 1
    assert 'install it with `pip install "xmlrec[encoder]"`' in result.err
    assert new_files() == []


@needs_torch
def test_the_preset_accurate_is_trained_with_the_named_transformer(xmlrec, shop, new_files):
    save_tiny_model(shop / "tiny")
    train = ("train", "shop.csv", "--model", "m", "--preset", "accurate", "--encoder", "tiny")

    result = xmlrec(*train)

    assert result.code == 0
    assert new_files() == ["m", "tiny"]
    assert TaxonomyClassifier.load(shop / "m").settings.encoder == "tiny"
    again = xmlrec("train", "shop.csv", "--model", "n", "--from", "m")
    assert again.code == 0
    assert TaxonomyClassifier.load(shop / "n").settings.encoder == "tiny"
