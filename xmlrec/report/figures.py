"""Matplotlib figures as SVG for a page: deterministic, in its colours, without texts of users.

Texts stay texts (``svg.fonttype: none``), and only those of this package get here: names of
categories are shown by the page itself, which escapes them.
"""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from xmlrec.report.texts import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1b1f25", "#5a6471", "#d7dce2"
ACCENT, SOFT, GOOD, BAD, PAPER = "#0b5fbf", "#cfe1f5", "#1a7f38", "#b3271e", "#fefefe"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "line",
    ACCENT: "accent",
    SOFT: "soft",
    GOOD: "good",
    BAD: "bad",
    PAPER: "paper",
}
"""Colours in a figure become variables of the page, which change with the reader's theme."""

_STYLE = {
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "legend.facecolor": PAPER,
    "text.parse_math": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def draw_svg(
    name: str, alt: str, draw: Callable[["Figure"], None], *, size: tuple[float, float]
) -> str:
    """Return what ``draw`` draws as an ``<svg>`` element.

    Parameters
    ----------
    name : str
        Of letters, digits and hyphens; different for each figure of a page, whose ids it begins.
    alt : str
        What the figure says, for those who do not see it.
    size : tuple of float
        Width and height in inches.
    """
    from markupsafe import escape
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=_NO_METADATA)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(clean(alt))}"', 1)


def plain_axes(axes: "Axes", *, title: str = "", x: str = "", y: str = "") -> None:
    """Label axes and put a grid behind them."""
    if title:
        axes.set_title(title, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, linewidth=0.6)
    axes.tick_params(length=0)
