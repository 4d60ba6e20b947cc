from functools import partial

import xmlrec.demo as xmlrec_demo


def test_the_demo_runs_from_catalog_to_categorized_dump(xmlrec, tmp_path, monkeypatch):
    small = partial(xmlrec_demo.write_demo, n=500, n_dump=40, n_sessions=200)
    monkeypatch.setattr(xmlrec_demo, "write_demo", small)

    result = xmlrec("demo", tmp_path / "demo")

    assert result.code == 0
    steps = (
        "train", "classify", "evaluate", "add a category", "classify into it", "categorize",
        "recommend, with predicted paths", "what comes next, and why", "within a category",
        "evaluate on the last sessions",
    )  # fmt: skip
    for heading in (f"== {step}" for step in steps):
        assert heading in result.out
    assert "Wireless gaming mouse, 16000 DPI, RGB" in result.out
    assert "p@1" in result.out
    assert "because of: " in result.out
    assert "hr@20" in result.out
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {
        "taxonomy.csv",
        "train.jsonl",
        "test.jsonl",
        "dump.csv",
        "model",
        "categorized.csv",
        "categorized.csv.rejects.jsonl",
        "items.csv",
        "sessions.csv",
        "last_sessions.csv",
        "recommender",
    }


def test_a_folder_that_cannot_be_made_is_named(xmlrec, shop):
    message = xmlrec("demo", "shop.csv/demo").refused()

    assert message.startswith("error: shop.csv/demo: it cannot be written (")
