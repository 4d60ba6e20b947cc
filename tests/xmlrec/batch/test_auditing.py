import json
from functools import partial

import pytest

from tests.xmlrec.models.shop import fit_shop, shop_items
from xmlrec.batch import Job, Request, categorize_catalog, choose_audit_format, open_local
from xmlrec.batch.auditing import AuditFormat, sorted_lines
from xmlrec.catalog import CatalogSettings
from xmlrec.errors import OptionError

START = partial(open_local, n_threads=1, has_transformer=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit") / "model"
    classifier = fit_shop()
    classifier.save(folder)
    return folder, classifier.model_name_


@pytest.fixture
def job(model, tmp_path):
    """A job with three chunks, each row in another's category or in its own."""
    folder, name = model
    items = shop_items()
    with (tmp_path / "in.jsonl").open("w") as file:
        for number in range(9000):
            item, other = items[number % len(items)], items[number * 7 % len(items)]
            file.write(json.dumps({**item, "id": str(number), "paths": other["paths"]}) + "\n")

    def job(out):
        return Job(
            sources=(str(tmp_path / "in.jsonl"),),
            settings=CatalogSettings(model_text=("title", "description"), needs_labels=True),
            request=Request(model=folder, model_name=name, format=choose_audit_format(out)),
            out=str(tmp_path / out),
        )

    return job


def run(job, on_part=lambda tally, reader: None):
    return categorize_catalog(job, START, on_reject=lambda reject: None, on_part=on_part)


def test_a_run_that_was_stopped_gives_the_bytes_of_one_that_was_not(job, tmp_path):
    def stop(tally, reader):
        raise KeyboardInterrupt

    whole = run(job("whole.jsonl"))
    with pytest.raises(KeyboardInterrupt):
        run(job("broken.jsonl"), stop)
    assert (tmp_path / "broken.jsonl.parts").is_dir()
    again = run(job("broken.jsonl"))

    assert (tmp_path / "broken.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert again.tally == whole.tally
    assert whole.tally.by_verdict.total() == 9000
    rows = [json.loads(line) for line in (tmp_path / "whole.jsonl").read_text().splitlines()]
    assert sorted(int(row["id"]) for row in rows) == list(range(9000))
    suspicion = [row["suspicion"] for row in rows]
    assert suspicion == sorted(suspicion, reverse=True)


def test_lines_are_sorted_over_parts_and_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("xmlrec.batch.auditing._BLOCK_ROWS", 3)
    keys = [[0.5, float("nan"), 1.0], [], [0.5, 1.0, 0.25, float("nan")], [1.0]]
    form, parts, number = AuditFormat(delimiter=None), [], 0
    for place, of_part in enumerate(keys):
        rows = [{"id": f"{number + at} \n\u2028"} for at in range(len(of_part))]
        number += len(of_part)
        parts.append(tmp_path / str(place))
        parts[-1].write_bytes(form.encode(rows, of_part))

    ids = [json.loads(line)["id"].split()[0] for line in sorted_lines(parts)]

    assert ids == ["2", "4", "7", "0", "3", "5", "1", "6"]


def test_no_part_gives_no_line():
    assert list(sorted_lines([])) == []


@pytest.mark.parametrize("path", ["-", "a.parquet", "a.gz", "a"])
def test_other_outputs_are_refused(path):
    with pytest.raises(OptionError, match="--out"):
        choose_audit_format(path)


def test_the_name_says_what_is_written():
    assert choose_audit_format("a.CSV.gz") == AuditFormat(",")
    assert choose_audit_format("a.tsv", carried=("x",)) == AuditFormat("\t", ("x",))
    assert choose_audit_format("a.ndjson.gz") == AuditFormat(None)
