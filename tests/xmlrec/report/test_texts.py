import math

import pytest

from xmlrec.report.texts import Estimate, clean, count, cut, cut_path, interval, number, percent


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  a\t\n b ", "a b"),
        ("nul \x00 bell \x07", "nul \ufffd bell \ufffd"),
        ("half \ud800", "half \ufffd"),
        ("\u202eturned\u202c \u2067back\u2069", "turned back"),
        ("שלום 運動靴 é 👟", "שלום 運動靴 é 👟"),
    ],
)
def test_text_is_one_line_that_html_can_hold(text, shown):
    assert clean(text) == shown


def test_long_texts_are_cut_at_the_end():
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcd ef", 6) == "abcd…"
    assert len(cut("x" * 10**6, 100)) == 100


def test_long_paths_keep_their_last_name():
    assert cut_path("A > B > C", 9) == "A > B > C"
    assert cut_path("Aaaa > B > C", 9) == "… > B > C"
    assert cut_path("A > " + "W" * 100, 20) == "… > " + "W" * 43 + "…"
    assert cut_path("W" * 100, 20) == "W" * 43 + "…"


def test_numbers_that_are_none_are_dashes():
    assert [percent(0.714), percent(1, 0), percent(math.nan)] == ["71.4\u00a0%", "100\u00a0%", "–"]
    assert [number(1234.5678), number(math.nan)] == ["1,234.568", "–"]
    assert count(14_000) == "14,000"


def test_interval_without_width_is_not_shown():
    assert interval(Estimate(0.5, 0.456, 0.544)) == "45.6–54.4\u00a0%"
    assert interval(Estimate(1.0, 1.0, 1.0)) == ""
    assert interval(Estimate(0.5)) == ""
