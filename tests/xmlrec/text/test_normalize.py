import time

import pytest

from xmlrec.text import MAX_CHARS, normalize_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Gaming MOUSE", "gaming mouse"),
        ("Straße", "strasse"),
        ("ﬁne ½ Ⅻ", "fine 1\u20442 xii"),
        ("Cafe\u0301", "caf\u00e9"),
        ("ﾃﾞｽｸ", "デスク"),
        ("<p>Red<br/>shoe</p>", " red shoe "),
        ("&lt;b&gt;bold&lt;/b&gt;", " bold "),
        ("R&amp;D &eacute; &#233; &#xE9;", "r&d \u00e9 \u00e9 \u00e9"),
        ("size < 5 and > 3", "size < 5 and > 3"),
        ("fish & chips; AT&T", "fish & chips; at&t"),
        ("<a unfinished", "<a unfinished"),
        ("&#9999999;", "\ufffd"),
        ("a\0b", "a\0b"),
        ("\ud800x", "\ud800x"),
    ],
)
def test_text_is_spelled_one_way(text, expected):
    assert normalize_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<a" * 100_000,
        "<" * 200_000,
        "&#" + "1" * 200_000 + ";",
        "&lt;b" * 50_000,
        "a" + "\u0315\u0300" * 100_000,
        "\ufdfa" * 200_000,
    ],
    ids=["open tags", "signs", "long number", "entities", "unordered marks", "long ligatures"],
)
def test_hostile_text_takes_no_more_than_a_second(text):
    start = time.process_time()

    normalised = normalize_text(text)

    assert time.process_time() - start < 1
    assert len(normalised) <= MAX_CHARS


def test_text_is_cut_at_the_limit():
    assert normalize_text("x" * MAX_CHARS + "y") == "x" * MAX_CHARS


def test_long_text_with_spaces_composes_as_a_short_one_does():
    assert normalize_text("cafe\u0301 au lait " * 500) == "caf\u00e9 au lait " * 500
