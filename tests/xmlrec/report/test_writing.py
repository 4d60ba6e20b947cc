import os

import pytest

from tests.xmlrec.report.evaluations import one_row
from xmlrec.errors import InputError
from xmlrec.report import render_report, write_report, writing


def test_file_holds_the_page(tmp_path):
    path = tmp_path / "report.html"

    write_report(one_row(), path)

    assert path.read_text(encoding="utf-8") == render_report(one_row())
    assert os.listdir(tmp_path) == ["report.html"]


def test_missing_folder_is_said_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "render_report", lambda _: pytest.fail("computed"))

    with pytest.raises(InputError, match="there is no folder"):
        write_report(one_row(), tmp_path / "none" / "report.html")
    with pytest.raises(InputError, match="it is a folder"):
        write_report(one_row(), tmp_path)


def test_failure_leaves_the_report_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")
    monkeypatch.setattr(writing, "render_report", lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        write_report(one_row(), path)

    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["report.html"]
