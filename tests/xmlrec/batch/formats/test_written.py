"""Results as they are written, part and file, whatever the format."""

import csv
import gzip
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.batch.formats import choose_format
from xmlrec.catalog import rejects_path, result_path, result_row
from xmlrec.catalog.output import is_stream, open_output
from xmlrec.errors import InputError

LAPTOPS = result_path("328", ["Electronics", "Computers", "Laptops"], 0.75)
TABLETS = result_path("329", ["Electronics", "Computers", "Tablets"], 0.125)


def row_for(row_id):
    return result_row(row_id, [LAPTOPS], [TABLETS], taxonomy="google", model="base")


def write_results(path, *few_rows, rows=(), n_paths=2):
    """Write rows as one part, and put it together, or down a pipe."""
    form = choose_format(str(path), n_paths=n_paths)
    content = form.encode([*few_rows, *rows])
    if is_stream(str(path)):
        with open_output(str(path)) as output:
            output.write_bytes(form.head + content)
        return
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part"
        part.write_bytes(content)
        form.assemble([part], str(path))


def read_back(path):
    opened = gzip.open if str(path).endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        if ".jsonl" in str(path):
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file, delimiter="\t" if ".tsv" in str(path) else ","))


@pytest.mark.parametrize("name", ["out.jsonl", "out.ndjson", "out.jsonl.gz"])
def test_json_lines_are_the_rows(tmp_path, name):
    abstained = result_row(
        "2", [], status="abstain", reason="empty_text", taxonomy="google", model="base"
    )
    write_results(tmp_path / name, row_for("SKU-é"), abstained)
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "rb") as file:
        first, second = file.read().decode().splitlines()
    assert '"id":"SKU-é"' in first
    assert json.loads(first) == {
        "id": "SKU-é",
        "status": "ok",
        "reason": None,
        "paths": [
            {
                "category_id": "328",
                "path": ["Electronics", "Computers", "Laptops"],
                "path_text": "Electronics > Computers > Laptops",
                "score": 0.75,
                "confidence": None,
                "level_confidence": None,
            }
        ],
        "alternatives": [TABLETS],
        "taxonomy": "google",
        "model": "base",
        "schema": 1,
        "error": None,
    }
    assert json.loads(second)["reason"] == "empty_text"


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.csv.gz"])
def test_csv_is_the_wide_form(tmp_path, name):
    abstained = result_row("2", [], status="abstain", reason="empty_text", taxonomy="", model="")
    write_results(tmp_path / name, row_for("00123"), abstained, n_paths=3)
    first, second = read_back(tmp_path / name)
    assert first == {
        "id": "00123",
        "status": "ok",
        "reason": "",
        "category_id": "328",
        "category_path": "Electronics > Computers > Laptops",
        "score": "0.75",
        "confidence": "",
        "alt1_id": "329",
        "alt1_path": "Electronics > Computers > Tablets",
        "alt1_score": "0.125",
        "alt1_confidence": "",
        "alt2_id": "",
        "alt2_path": "",
        "alt2_score": "",
        "alt2_confidence": "",
    }
    assert second["reason"] == "empty_text"
    assert set(second.values()) == {"2", "abstain", "empty_text", ""}


def test_more_categories_than_columns_are_left_out_of_csv(tmp_path):
    write_results(tmp_path / "out.csv", row_for("1"), n_paths=1)
    assert list(read_back(tmp_path / "out.csv")[0]) == [
        "id",
        "status",
        "reason",
        "category_id",
        "category_path",
        "score",
        "confidence",
    ]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.jsonl.gz"])
def test_no_rows_give_a_valid_empty_file(tmp_path, name):
    write_results(tmp_path / name)
    assert read_back(tmp_path / name) == []
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.csv.gz", "out.jsonl.gz"])
def test_same_rows_give_the_same_bytes_under_gzip(tmp_path, name):
    (tmp_path / "again").mkdir()
    write_results(tmp_path / name, row_for("1"))
    write_results(tmp_path / "again" / f"another-{name}", row_for("1"))
    again = (tmp_path / "again" / f"another-{name}").read_bytes()
    assert (tmp_path / name).read_bytes() == again


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.jsonl.gz"])
def test_run_that_fails_leaves_the_earlier_file_and_nothing_else(tmp_path, name):
    (tmp_path / name).write_text("from the run before")

    def rows():
        yield row_for("1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_results(tmp_path / name, rows=rows())
    assert (tmp_path / name).read_text() == "from the run before"
    assert os.listdir(tmp_path) == [name]


def test_score_that_is_no_number_is_refused_and_leaves_nothing(tmp_path):
    bad = result_path("1", ["A"], float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_results(tmp_path / "out.jsonl", result_row("1", [bad], taxonomy="", model=""))
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_device_is_written_to_and_not_replaced():
    with pytest.raises(InputError, match="/dev/full: it cannot be written"):
        write_results("/dev/full", row_for("1"))
    assert not os.path.isfile("/dev/full")
    assert rejects_path("/dev/full") is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/folder/out.csv", "there is no folder .*; make it first"),
        ("folder.csv", "it is a folder, not a file"),
        ("out.xlsx", "the name does not say in which format to write"),
        ("out", "the name does not say in which format to write"),
    ],
)
def test_file_that_cannot_be_written_is_named_before_any_work(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=f"{name}: {message}"):
        write_results(tmp_path / name)


def test_link_stays_a_link_to_the_new_file(tmp_path):
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "target.jsonl")
    write_results(tmp_path / "link.jsonl", row_for("1"))
    assert (tmp_path / "link.jsonl").is_symlink()
    assert read_back(tmp_path / "target.jsonl")[0]["id"] == "1"


def test_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    write_results(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_standard_output_gets_json_lines_in_utf8(monkeypatch):
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    write_results("-", row_for("é"))
    assert json.loads(stdout.buffer.getvalue().decode("utf-8"))["id"] == "é"
    assert rejects_path("-") is None


def test_reader_that_went_away_stays_a_broken_pipe(monkeypatch):
    class Closed(io.BytesIO):
        def write(self, data):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Closed()))
    with pytest.raises(BrokenPipeError):
        write_results("-", row_for("1"))


def test_half_surrogate_pair_comes_back_from_json(tmp_path):
    write_results(tmp_path / "out.jsonl", row_for("a\ud800"))
    assert read_back(tmp_path / "out.jsonl")[0]["id"] == "a\ud800"


# NUL and half surrogate pairs in an id are rejects
ids = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        st.sampled_from(
            ["00123", "1" * 30, "1e5", "NaN", "null", "true", '"', "''", ",", "\r", "\n", "\r\n"]
        ),
        st.text('\r\n\t",; ', max_size=5),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=30, deadline=None)  # each example writes eight files
@given(ids)
def test_ids_survive_from_any_catalog_to_any_result(tmp_path_factory, row_ids):
    folder = tmp_path_factory.mktemp("ids")
    lines = [json.dumps({"id": row_id, "title": "a"}) for row_id in row_ids]
    write_file(folder, "in.jsonl", "\n".join(lines))
    with open(folder / "in.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["title", "id"], *(["a", row_id] for row_id in row_ids)])

    for catalog in ("in.jsonl", "in.csv"):
        assert read_whole(folder / catalog).ids == row_ids
        for out in ("out.jsonl", "out.csv", "out.tsv"):
            write_results(folder / out, *map(row_for, row_ids))
            assert [row["id"] for row in read_back(folder / out)] == row_ids
