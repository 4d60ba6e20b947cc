"""The page in a real browser: offline, silent, all of it visible, as wide as the screen."""

import pytest

from tests.xmlrec.report.browser import find_chromium, open_browser
from tests.xmlrec.report.evaluations import (
    EVIL,
    STRANGE,
    make_evaluation,
    one_row,
    without_answers,
)
from xmlrec.report import write_report

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium is installed: apt-get install chromium"
)
WIDTHS = (1280, 390)
SECTIONS = [
    "outcomes",
    "calibration",
    "coverage",
    "levels",
    "siblings",
    "worst",
    "rarest",
    "data",
    "settings",
]
VISIBLE_SECTIONS = """
[...document.querySelectorAll("section")]
  .filter(found => found.checkVisibility() && found.getBoundingClientRect().height > 40)
  .map(found => found.id)
"""
OVERFLOWING = """
[...document.querySelectorAll("body *")]
  .filter(found => !found.closest(".scroll"))
  .filter(found => found.getBoundingClientRect().right > innerWidth + 1)
  .map(found => found.outerHTML.slice(0, 80))
"""
TOO_FAINT = """
(() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(part => part / 255)
      .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.querySelector("section")).backgroundColor);
  return [...document.querySelectorAll("section p, section th, section .of, a, svg text")]
    .filter(found => {
      const style = getComputedStyle(found);
      const ink = light(found.closest("svg") ? style.fill : style.color);
      return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
    }).map(found => found.outerHTML.slice(0, 80));
})()
"""


@pytest.fixture(scope="module")
def browser():
    with open_browser() as tab:
        yield tab


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    evaluations = {
        "strange": make_evaluation(n_rows=600, accuracy=0.5, strange=STRANGE),
        "one": one_row(),
        "none": without_answers(make_evaluation(n_rows=30)),
    }
    for name, evaluation in evaluations.items():
        write_report(evaluation, folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in evaluations}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["strange", "one", "none"])
def test_page_is_silent_and_fits_the_screen(browser, pages, name, width):
    browser.open(pages[name], width=width)
    browser.value("document.querySelectorAll('details').forEach(found => found.open = true)")

    assert browser.requests() == [pages[name]]
    assert browser.complaints() == []
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(OVERFLOWING) == []
    assert browser.value(VISIBLE_SECTIONS) == SECTIONS


def test_malicious_name_is_shown_as_text(browser, pages):
    browser.open(pages["strange"], width=1280)

    assert EVIL in browser.value("document.body.innerText")
    assert browser.value("document.querySelectorAll('script, img, iframe').length") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, pages, theme):
    browser.open(pages["strange"], width=1280, features=[("prefers-color-scheme", theme)])

    assert browser.value(TOO_FAINT) == []


def test_every_figure_is_drawn_and_named(browser, pages):
    browser.open(pages["strange"], width=390)

    sizes = browser.value(
        "[...document.querySelectorAll('figure > svg')].map(found => "
        "[found.getBoundingClientRect().width, found.getBoundingClientRect().height, "
        "found.getAttribute('aria-label').length])"
    )
    assert len(sizes) == 5 + 1 + 1 + 3
    assert min(width for width, _, _ in sizes) > 250, sizes
    assert min(height for _, height, _ in sizes) > 150, sizes
    assert min(n_signs for _, _, n_signs in sizes) > 20, sizes


def test_complaints_would_be_heard(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("<script>console.error('oh')</script><img src='none.png'>")

    browser.open(page.as_uri(), width=800)

    assert len(browser.requests()) == 2
    assert len(browser.complaints()) >= 1
