import json

from bench.dumps import write_dump
from bench.script_rows import read_chunks, write_answers
from bench.stages import STAGES, stage_times
from xmlrec.demo import make_catalog
from xmlrec.demo.files import split
from xmlrec.models import TaxonomyClassifier


def test_every_stage_takes_time_and_results_are_written(tmp_path):
    train, test = split(make_catalog(250, 0), 0)
    rows = [{"title": row["title"], "description": row.get("description") or ""} for row in test]
    TaxonomyClassifier(preset="fast").fit(train).save(tmp_path / "model")
    write_dump(rows, tmp_path / "dump.csv.gz", 600)

    times = stage_times(tmp_path / "model", tmp_path / "dump.csv.gz", tmp_path / "out.jsonl", 500)

    assert len(times) == len(STAGES)
    assert all(of_stage > 0 for of_stage in times)
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 500


def test_scripts_read_chunks_and_write_lines(tmp_path):
    rows = [{"title": "Steel saw", "description": "it cuts"}] * 5
    write_dump(rows, tmp_path / "dump.csv.gz", 5)

    chunks = list(read_chunks(tmp_path / "dump.csv.gz", 3))
    with (tmp_path / "out.jsonl").open("w", encoding="utf-8") as out:
        write_answers(out, chunks[1][0], [[["Tools", "Säge"]], []], [[0.5], []])

    assert [len(ids) for ids, _ in chunks] == [3, 2]
    assert all("cuts" in text and "aw" in text.lower() for text in chunks[0][1])
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0]) == {
        "id": "000000003",
        "paths": [["Tools", "Säge"]],
        "scores": [0.5],
    }
