import json

import pytest

from bench.cases.audit import share_found, write_catalog
from bench.datasets import TextSet
from bench.dumps import row_id
from bench.peers import BenchError

PATHS = [["Tools", "Saw"], ["Tools", "Nut"], ["Plants", "Rose"]]


def make_set():
    rows = [
        {"title": path[-1], "description": "", "paths": [path], "url": "x"} for path in PATHS * 50
    ]
    return TextSet("tiny", rows, rows)


def test_replaced_rows_have_another_path_and_the_others_their_own(tmp_path):
    texts = make_set()

    replaced = write_catalog(texts, tmp_path / "catalog.jsonl", seed=0)

    lines = (tmp_path / "catalog.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    others = {
        row["id"] for row, own in zip(rows, texts.test, strict=True) if row["paths"] != own["paths"]
    }
    assert others == replaced
    assert len(replaced) == 3
    assert all(row["paths"][0] in PATHS and "url" not in row for row in rows)


def test_draws_differ(tmp_path):
    draws = [write_catalog(make_set(), tmp_path / "catalog.jsonl", seed) for seed in (0, 1, 0)]

    assert draws[0] == draws[2] != draws[1]


def write_audit(path, numbers):
    path.write_text("".join(json.dumps({"id": row_id(number)}) + "\n" for number in numbers))
    return path


def test_share_of_the_first_twentieth(tmp_path):
    out = write_audit(tmp_path / "audit.jsonl", range(100))

    assert share_found(out, {row_id(0), row_id(4), row_id(5), row_id(99)}, 100) == 0.5


def test_audit_without_every_row_is_an_error(tmp_path):
    out = write_audit(tmp_path / "audit.jsonl", (0, 0, 1))

    with pytest.raises(BenchError, match="2 rows in 3 lines, not 3"):
        share_found(out, {row_id(0)}, 3)
