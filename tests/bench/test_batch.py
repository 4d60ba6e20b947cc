import json
import sys

import pytest

from bench import batch
from bench.batch import (
    Batch,
    Command,
    checked_answers,
    measure_batch,
    measure_batch_once,
    names,
)
from bench.batch_ours import best_answer
from bench.batch_peers import annif_answer, script_answer
from bench.datasets import TextSet
from bench.peers import BenchError

COPY = """
import csv, gzip, json, sys
with gzip.open(sys.argv[1], "rt", newline="") as rows, open(sys.argv[2], "w") as out:
    for row in csv.DictReader(rows):
        answer = {"id": row["id"], "paths": [row["title"].split()[:1]], "scores": [1.0]}
        out.write(json.dumps(answer) + "\\n")
"""


def row(title, *path):
    return {"title": title, "description": "", "paths": [list(path)]}


@pytest.fixture
def texts():
    rows = [row("saw blade", "saw"), row("nut", "nut"), row("steel nut", "nut")]
    return TextSet("tiny", rows, rows)


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """A system that answers with the first word, and the models that it was trained to."""
    monkeypatch.setattr(batch, "WORK", tmp_path)
    models = []

    def command(model, catalog, out):
        return Command([sys.executable, "-c", COPY, str(catalog), str(out)])

    def train(name, model):
        models.append(model)

    return Batch("first word", "1.0", train, command, script_answer), models


def test_system_is_measured_from_the_dump_to_checked_lines(texts, trained, tmp_path):
    figures = measure_batch(trained[0], texts, tmp_path / "model", n_rows=500)

    assert figures.n_rows == 500
    assert figures.precision == pytest.approx(100 * 2 / 3)
    assert 0 < figures.start_s <= figures.seconds * 2
    assert figures.rows_a_second == pytest.approx(
        500 / max(figures.seconds - figures.start_s, 1e-9)
    )


def test_peer_is_trained_and_measured_once_for_the_same_rows(texts, trained):
    system, models = trained

    runs = [measure_batch_once(system, texts, n_rows=n, fresh=False) for n in (20, 20, 30)]
    measure_batch_once(system, texts, n_rows=20, fresh=True)

    assert runs[0] == runs[1]
    assert runs[2].n_rows == 30
    assert len(models) == 3


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (("0", "2"), "1 of 3 rows are missing"),
        (("0", "1", "1"), "row 1 was not asked for, or is there twice"),
        (("0", "1", "2", "3"), "row 3 was not asked for"),
    ],
)
def test_output_without_every_row_once_is_refused(ids, message, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("".join(json.dumps({"id": of_row, "paths": []}) + "\n" for of_row in ids))

    with pytest.raises(BenchError, match=message):
        list(checked_answers(out, script_answer, 3))


def test_rows_may_be_left_out_where_it_is_said(tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text('{"id": "1", "paths": [["saw", "blade"], ["nut"]]}\n')

    assert list(checked_answers(out, script_answer, 2, n_left_out=1)) == [(1, ("saw", "blade"))]


def test_best_path_is_the_first_that_holds_or_else_the_first_alternative():
    saw, nut = {"path": ["Tools", "Saw"]}, {"path": ["Tools", "Nut"]}

    assert best_answer({"id": "1", "paths": [saw], "alternatives": [nut]}) == (
        "1",
        ("Tools", "Saw"),
    )
    assert best_answer({"id": "1", "paths": [], "alternatives": [nut]})[1] == ("Tools", "Nut")
    assert best_answer({"id": "1", "paths": [], "alternatives": []})[1] is None


def test_label_of_annif_is_a_path():
    answer = {"document_id": "7", "results": [{"label": "Tools > Saw", "score": 0.5}]}

    assert annif_answer(answer) == ("7", ("Tools", "Saw"))
    assert annif_answer({"document_id": "7", "results": []}) == ("7", None)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["67_Tools", "6701_Hand_Saws"], ("Tools", "Hand_Saws")),
        (["Tools", "Hand_Saws"], ("Tools", "Hand_Saws")),
        (["67_Tools", "Saws"], ("67_Tools", "Saws")),
        ([], ()),
    ],
)
def test_ids_in_front_of_names_are_left_out(path, expected):
    assert names(path) == expected
