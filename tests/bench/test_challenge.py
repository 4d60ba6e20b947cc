import gzip
import json

import pytest

from bench.cases import challenge
from bench.options import Options

WORDS = {"hammer": "Tools", "saw": "Tools", "rose": "Plants", "tulip": "Plants"}


def write_rows(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def rows_of(part, n):
    return [
        {
            "id": f"{part}{number}",
            "title": f"{word} {part} {number}",
            "shop_category": word,
            "paths": [["All", group, word]],
        }
        for number in range(n)
        for word, group in WORDS.items()
    ]


@pytest.fixture
def data(tmp_path, monkeypatch):
    (tmp_path / "mwpd").mkdir()
    for part, n in (("train", 6), ("valid", 2), ("test", 3)):
        write_rows(tmp_path / "mwpd" / f"{part}.jsonl.gz", rows_of(part, n))
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))
    monkeypatch.setattr(challenge, "WORK", tmp_path / "work")
    monkeypatch.setattr(challenge, "TEXTS", (("title",), ("title", "shop_category")))
    return tmp_path


def test_the_choice_that_is_best_on_validation_rows_is_tested(data, monkeypatch):
    asked = []

    def record(catalogs, rows, columns, preset):
        asked.append(([path.name[:5] for path in catalogs], rows.name[:5], columns, preset))
        return 1.0, 2.0, 3.0, 4.0, len(columns) + (preset == "balanced") / 2

    monkeypatch.setattr(challenge, "measure", record)

    (table,) = challenge.run(Options())

    both = ("title", "shop_category")
    assert asked == [
        (["train"], "valid", ("title",), "fast"),
        (["train"], "valid", ("title",), "balanced"),
        (["train"], "valid", both, "fast"),
        (["train"], "valid", both, "balanced"),
        (["train", "valid"], "test.", both, "balanced"),
    ]
    assert table.rows[-1] == ("title, shop_category", "balanced", "test", 1.0, 2.0, 3.0, 4.0, 2.5)


def test_columns_are_read_and_catalogs_joined(data):
    train, valid, test = (data / "mwpd" / f"{part}.jsonl.gz" for part in ("train", "valid", "test"))
    write_rows(train, rows_of("train", 6)[:-1])
    write_rows(valid, [{**row, "title": "none"} for row in rows_of("valid", 1)])

    figures = challenge.measure([train, valid], test, ("shop_category",), "fast")

    assert figures == (100.0,) * 5


def test_missing_data_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    (table,) = challenge.run(Options())

    assert table.rows == []
    assert "set XMLREC_DATA" in table.notes[0]


def test_other_sets_are_not_its_business():
    assert challenge.run(Options(sets=("tate",))) == []
