import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def add(xmlrec, recommender, shop):
    """Add a file of items to a copy of the recommender, ``rec``."""
    shutil.copytree(recommender, "rec")
    return lambda name, *options: xmlrec("recommend", "add-items", name, "--model", "rec", *options)


def ids_next(xmlrec, *options):
    (row,) = xmlrec("recommend", "next", "--model", "rec", "--json", *options).rows
    return [item["item_id"] for item in row["items"]]


def test_new_items_are_recommended_at_once(xmlrec, add, write):
    rows = "n1,hiking boot ankle,Shoes > Boots\n0020,boot,Shoes\nn1,again,Shoes\nn2,lamp,\n"
    write("new.csv", "item_id,title,path\n" + rows)
    result = add("new.csv")

    assert result.code == 0
    assert "new.csv: 2 items, 1 known already, 1 without a path\n" in result.err
    assert "1 row rejected (DUPLICATE_ID 1); kept in rec.items.rejects.jsonl\n" in result.err
    assert result.err.endswith("rec: 38 items\n")
    (line,) = Path("rec.items.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["line"] == 4
    found = ids_next(xmlrec, "--session", "0020", "--within", "Shoes > Boots")
    assert "n1" in found
    assert "n2" not in found


def test_paths_are_predicted(xmlrec, add, write, model):
    write("new.csv", "item_id,title\nn1,cordless kettle\n")
    result = add("new.csv", "--classifier", model)

    assert "new.csv: 1 item, 1 with predicted paths\n" in result.err
    assert "n1" in ids_next(xmlrec, "--session", "", "--within", "Kitchen", "-k", "40")


def test_without_new_items_the_model_stays_as_it_is(add, write, shop):
    write("old.csv", "item_id,title\n0020,other\n")
    before = (shop / "rec/base/manifest.json").stat().st_mtime_ns
    result = add("old.csv")

    assert result.err == "old.csv: 0 items, 1 known already\nrec: 36 items\n"
    assert (shop / "rec/base/manifest.json").stat().st_mtime_ns == before
