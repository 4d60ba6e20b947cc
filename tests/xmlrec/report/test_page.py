import html
import re
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest

from tests.xmlrec.report.evaluations import (
    EVIL,
    STRANGE,
    changed,
    make_evaluation,
    one_row,
    without_answers,
)
from xmlrec.errors import ReportError
from xmlrec.report import render_report

MAX_BYTES = 5_000_000
VOID = {"meta", "link", "br"}


class Elements(HTMLParser):
    """Reads a page; every element that is opened must be closed in its place."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.open = set(), [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def strange_page():
    evaluation = make_evaluation(n_rows=400, accuracy=0.4, strange=STRANGE)
    return render_report(changed(evaluation, texts=(STRANGE * 50), ids=(STRANGE * 50)))


def test_texts_of_users_are_text(strange_page):
    elements = Elements(strange_page)

    assert not elements.tags & {"script", "img", "iframe", "object", "form", "base"}
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert html.escape(EVIL, quote=False) in strange_page
    assert "49" not in re.findall(r"alert\(1\).{0,80}", strange_page)[0]


def test_page_asks_for_nothing(strange_page):
    links = [
        value
        for name, value in Elements(strange_page).attributes
        if name in ("src", "href", "action", "srcset", "xlink:href")
    ]

    assert {link[0] for link in links} == {"#", "d"}
    assert [link for link in links if link.startswith("d")] == ["data:,"]
    assert "url(h" not in strange_page
    assert "@import" not in strange_page


def test_page_can_be_written_as_utf_8(strange_page):
    strange_page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", strange_page)


def test_long_names_are_cut(strange_page):
    assert "W" * 150 in strange_page  # a text
    assert "W" * 44 not in re.sub("W{150}", "", strange_page)


def test_ids_on_the_page_are_distinct(strange_page):
    ids = re.findall(r'\bid="([^"]+)"', strange_page)

    assert len(ids) == len(set(ids))


def test_equal_evaluations_give_equal_pages():
    first, again = (make_evaluation(n_rows=50, children=()) for _ in range(2))

    assert render_report(first) == render_report(again)


@pytest.mark.parametrize(
    "evaluation",
    [
        one_row(),
        one_row(is_right=False),
        without_answers(make_evaluation(n_rows=30)),
        make_evaluation(n_rows=60, accuracy=0.01),
        make_evaluation(n_rows=60, accuracy=0.99),
    ],
    ids=["one row", "one wrong row", "no answers", "nearly all wrong", "nearly all right"],
)
def test_page_of_an_evaluation_at_the_edge_is_whole(evaluation):
    page = render_report(evaluation)

    Elements(page)
    assert page.count("<section") == page.count("</section>") == 9
    assert not re.search(r"\b(nan|inf|None)\b", re.sub("<style>.*?</style>", "", page, flags=re.S))


def test_page_names_the_facts_and_figures():
    evaluation = make_evaluation(n_rows=50)

    page = render_report(evaluation)

    for name in evaluation.metrics:
        assert f">{name}<" in page
    assert "balanced@4f2a9c" in page


@pytest.mark.slow
def test_large_evaluation_is_reported_within_limits():
    evaluation = make_evaluation(n_rows=14_000, n_roots=20, children=(6, 6, 5, 3))
    assert len(evaluation.names) > 14_000

    started = time.process_time()
    page = render_report(evaluation)

    assert len(page.encode()) < MAX_BYTES
    assert time.process_time() - started < 20


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_missing_package_is_one_line_that_says_what_to_install(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ReportError) as raised:
        render_report(one_row())

    assert str(raised.value) == (
        f"a report needs {package}, which is not installed; "
        'install it with `pip install "xmlrec[report]"`'
    )


def test_extra_is_loaded_only_for_a_report():
    code = (
        "import sys, xmlrec.report; print({'jinja2', 'matplotlib', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "set()\n"
