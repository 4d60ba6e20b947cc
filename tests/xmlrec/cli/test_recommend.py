"""``xmlrec recommend fit``, and what other commands say to a recommender."""

import json
import shutil
from pathlib import Path

import pytest

from tests.xmlrec.recommend.visits import event_lines, visits
from xmlrec.recommend import SessionRecommender


@pytest.fixture
def events(write):
    return write("events.csv", event_lines(visits()))


def json_lines(name):
    return [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()]


def items_of(result):
    """Return the item ids of the answer that ``next --json`` printed."""
    (row,) = result.rows
    return [item["item_id"] for item in row["items"]]


def test_fit_says_what_was_read_and_what_was_fitted(xmlrec, events):
    result = xmlrec("recommend", "fit", events, "--catalog", "shop.jsonl", "--model", "rec")

    assert (result.code, result.out) == (0, "")
    assert "shop.jsonl: 36 items\n" in result.err
    assert "events.csv: 432 events in 144 sessions\n" in result.err
    assert "rec: 36 items, 36 with events, 8 categories\n" in result.err
    assert "  neighbours " in result.err
    assert "  forecast of categories: " in result.err
    assert "  candidates: at most 36 items, 100.0 % of all, " in result.err
    found = items_of(xmlrec("recommend", "next", "--model", "rec", "--session", "0020", "--json"))
    assert found[:2] == ["0021", "0022"]


def test_fit_without_a_catalog_knows_the_items_of_the_events(xmlrec, events):
    result = xmlrec("recommend", "fit", events, "--model", "rec", "--leave-out", "1")

    assert "events.csv: 36 items of events only, without text and path\n" in result.err
    fitted = SessionRecommender.load("rec")
    assert len(fitted.items_) == 36
    assert fitted.settings.leave_out == 1
    assert fitted.parts.facts.counts.sum() == 432 - 144


def test_fit_predicts_the_paths_that_the_catalog_lacks(xmlrec, events, model, write):
    rows = json_lines("shop.jsonl")
    lines = [json.dumps({key: row[key] for key in ("id", "title")}) + "\n" for row in rows]
    bare = write("bare.jsonl", "".join(lines))
    options = ["--catalog", bare, "--classifier", model, "--model", "rec"]
    result = xmlrec("recommend", "fit", events, *options)

    assert "bare.jsonl: 36 items, 36 with predicted paths\n" in result.err
    asked = ["--session", "", "--within", "Shoes > Boots", "--json"]
    found = items_of(xmlrec("recommend", "next", "--model", "rec", *asked))
    assert {item[:3] for item in found} == {"002"}


def test_rejects_of_both_files_are_counted_and_kept(xmlrec, write):
    events = write("events.csv", event_lines(visits()) + ",0020\ns1,0021,5,6\n")
    items = write("items.csv", "item_id,title,path\n0020,Boot,Shoes\n0020,Boot,Shoes\n")
    result = xmlrec("recommend", "fit", events, "--catalog", items, "--model", "rec")

    assert result.code == 0
    kept = "kept in rec.rejects.jsonl\n"
    assert f"items.csv: 1 row rejected (DUPLICATE_ID 1); {kept}" in result.err
    assert f"events.csv: 2 rows rejected (BAD_ID 1, FIELD_COUNT 1); {kept}" in result.err
    rejects = json_lines("rec.rejects.jsonl")
    assert [(reject["source"], reject["code"]) for reject in rejects] == [
        ("items.csv", "DUPLICATE_ID"),
        ("events.csv", "BAD_ID"),
        ("events.csv", "FIELD_COUNT"),
    ]


def test_a_model_of_another_kind_is_not_written_over(xmlrec, events, model, recommender, shop):
    shutil.copytree(model, "classifier")
    shutil.copytree(recommender, "rec")
    lost = "which would be lost; name another folder with --model"

    fitted = xmlrec("recommend", "fit", events, "--model", "classifier").refused()
    assert fitted == f"error: classifier: it is a classifier, {lost}"
    trained = xmlrec("train", "shop.jsonl", "--model", "rec").refused()
    assert trained == f"error: rec: it is a recommender, {lost}"


def test_commands_for_another_kind_of_model_are_one_line(xmlrec, model, recommender, shop):
    asked = xmlrec("recommend", "next", "--model", model, "--session", "0020").refused()
    assert asked.startswith(f"error: {model}: it is a classifier, not a recommender; ")
    classified = xmlrec("classify", "boot", "--model", recommender).refused()
    assert classified == f"error: {recommender}: it is a recommender, not a classifier"


def test_info_and_verify_know_a_recommender(xmlrec, recommender):
    values = dict(line.split(maxsplit=1) for line in xmlrec("info", recommender).lines)
    assert (values["kind"], values["data.n_sessions"]) == ("recommender", "144")
    assert "every digest matches" in xmlrec("verify", recommender).out


def test_an_unknown_preset_is_found_before_anything_is_read(xmlrec, shop):
    message = xmlrec("recommend", "fit", "no.csv", "--preset", "best", "--model", "rec").refused(2)
    assert message == "error: --preset: there is no preset 'best'; there are fast and accurate"


def test_what_is_read_is_not_written_over(xmlrec, write):
    write("rec.rejects.jsonl", '{"session_id": "s", "item_id": "a"}\n')
    message = xmlrec("recommend", "fit", "rec.rejects.jsonl", "--model", "rec").refused()
    assert message.startswith("error: rec.rejects.jsonl: it would be written over while ")
