import re
import xml.etree.ElementTree as ET

from tests.xmlrec.report.evaluations import EVIL
from xmlrec.report.figures import draw_svg
from xmlrec.report.plots import bar_plot

BARS = {"1": 3, EVIL: 1_200}


def test_figure_is_the_same_every_time():
    first, again = (bar_plot("bars", "Bars", BARS, x="x", y="y") for _ in range(2))

    assert first == again


def test_text_in_a_figure_stays_text():
    svg = bar_plot("bars", EVIL, BARS, x="$x$", y="a & b")

    root = ET.fromstring(svg)
    shown = "".join(root.itertext())
    assert root.tag == "svg"
    assert {EVIL, "$x$", "a & b"} <= {text.strip() for text in root.itertext()}
    assert "1,200" in shown
    assert "<script" not in svg


def test_figure_names_no_address_and_no_date():
    svg = bar_plot("bars", "Bars", BARS, x="x", y="y")

    assert "http" not in svg
    assert "metadata" not in svg


def test_ids_of_figures_differ_and_are_found():
    svgs = [bar_plot(name, "Bars", BARS, x="x", y="y") for name in ("one", "two")]

    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in svgs]
    assert not ids[0] & ids[1]
    for svg, known in zip(svgs, ids, strict=True):
        assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)) != set()
        used = {a or b for a, b in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)}
        assert used <= known


def test_colours_are_those_of_the_page():
    svg = bar_plot("bars", "Bars", BARS, x="x", y="y")

    assert "var(--accent)" in svg
    assert set(re.findall("#[0-9a-f]{6}", svg)) <= {"#000000"}


def test_alternative_text_is_escaped():
    svg = draw_svg("empty", '"><b>', lambda _: None, size=(1, 1))

    assert 'aria-label="&#34;&gt;&lt;b&gt;"' in svg
