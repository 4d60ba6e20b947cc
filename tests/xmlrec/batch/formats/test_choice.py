import os
import sqlite3
import sys

import pytest

from tests.xmlrec.batch.formats.files import NAMES
from xmlrec.batch.formats import (
    Delimited,
    FlatJsonLines,
    JsonLines,
    LineFormat,
    Parquet,
    Sqlite,
    choose_format,
)
from xmlrec.errors import InputError, OptionError


@pytest.mark.parametrize(
    ("name", "expected", "is_lines"),
    [
        ("o.jsonl", JsonLines(), True),
        ("o.NDJSON.GZ", JsonLines(gz=True), True),
        ("o.csv", Delimited(",", 3, ("Brand",)), True),
        ("o.tsv.gz", Delimited("\t", 3, ("Brand",), gz=True), True),
        ("o.Parquet", Parquet(("Brand",)), False),
        ("o.sqlite", Sqlite(("Brand",)), False),
        ("o.db", Sqlite(("Brand",)), False),
    ],
)
def test_the_name_says_the_format(tmp_path, name, expected, is_lines):
    chosen = choose_format(str(tmp_path / name), n_paths=3, carried=("Brand", "Brand"))
    assert chosen == expected
    assert isinstance(chosen, LineFormat) == is_lines


@pytest.mark.parametrize("name", NAMES)
def test_flat_form_is_another_format(tmp_path, name):
    whole, flat = (
        choose_format(str(tmp_path / name), n_paths=3, flat=flat) for flat in (False, True)
    )
    assert whole != flat


def test_standard_output_gets_json_lines():
    assert choose_format("-", n_paths=3) == JsonLines()
    assert choose_format("-", n_paths=3, flat=True) == FlatJsonLines()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pipe", JsonLines()),
        ("pipe.jsonl.gz", JsonLines()),
        ("pipe.csv", Delimited(",", 3)),
        ("pipe.parquet", None),
        ("pipe.db", None),
    ],
)
def test_pipe_gets_lines_as_they_come(tmp_path, name, expected):
    os.mkfifo(tmp_path / name)
    if expected is not None:
        assert choose_format(str(tmp_path / name), n_paths=3) == expected
        return
    with pytest.raises(InputError, match=f"{name}: .* is not written to a pipe; let it end in"):
        choose_format(str(tmp_path / name), n_paths=3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/folder/out.csv", "there is no folder .*; make it first"),
        ("no/folder/out.sqlite", "there is no folder .*; make it first"),
        ("folder.csv", "it is a folder, not a file"),
        ("folder.db", "it is a folder, not a file"),
        ("out.xlsx", "the name does not say in which format to write; let it end in .jsonl"),
        ("out", "the name does not say in which format to write"),
        ("out.gz", "the name does not say in which format to write"),
        ("out.parquet.gz", ".parquet is not written with .gz; let it end in .jsonl"),
        ("out.db.gz", ".db is not written with .gz"),
    ],
)
def test_file_that_cannot_be_written_is_named_before_any_work(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(InputError, match=f"{name}: {message}"):
        choose_format(str(tmp_path / name), n_paths=3)


@pytest.mark.parametrize("name", [name for name in NAMES if "sv" not in name])
def test_only_csv_is_made_safe_for_spreadsheets(tmp_path, name):
    with pytest.raises(
        OptionError, match=rf"--excel-safe: it is for .csv and .tsv files, .*{name}"
    ):
        choose_format(str(tmp_path / name), n_paths=3, excel_safe=True)


def test_missing_package_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # what an import of nothing there finds
    with pytest.raises(InputError, match=r'pip install "xmlrec\[parquet\]"'):
        choose_format(str(tmp_path / "out.parquet"), n_paths=3)


def test_sqlite_that_is_too_old_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(InputError, match="and 3.37 is needed; write .jsonl"):
        choose_format(str(tmp_path / "out.db"), n_paths=3)


def test_more_columns_than_sqlite_has_are_refused_before_any_work(tmp_path):
    carried = tuple(f"c{number}" for number in range(1901))
    with pytest.raises(OptionError, match="1,901 columns do not fit into SQLite, at most 1,900 do"):
        choose_format(str(tmp_path / "out.db"), n_paths=3, carried=carried)
    most = choose_format(str(tmp_path / "out.db"), n_paths=3, carried=carried[1:])
    most.assemble([], str(tmp_path / "out.db"))


@pytest.mark.parametrize("name", NAMES)
def test_read_only_folder_is_one_clear_line(read_only_folder, name):
    results = choose_format(str(read_only_folder / name), n_paths=3)
    with pytest.raises(InputError, match=f"{name}: it cannot be written"):
        results.assemble([], str(read_only_folder / name))
