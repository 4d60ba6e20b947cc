"""The page: every section's figures, put into the template."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from xmlrec.errors import ReportError
from xmlrec.metrics import Evaluation
from xmlrec.report.categories import (
    count_rows,
    item_group_plot,
    item_groups,
    rarest_categories,
    worst_categories,
)
from xmlrec.report.confusion import confusion, outcomes
from xmlrec.report.headline import headline, mean_estimate, row_metrics
from xmlrec.report.levels import level_rows
from xmlrec.report.reliability import calibrations, coverage_figure, coverage_points
from xmlrec.report.rows import FloatArray, Rows, read_rows
from xmlrec.report.summary import summary, summary_plots
from xmlrec.report.texts import count, cut, interval, number, percent, showable

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = "page.html.j2"
INSTALL_REPORT = 'install it with `pip install "xmlrec[report]"`'


def render_report(evaluation: Evaluation) -> str:
    """Return the report as one HTML page, which needs neither a network nor scripts.

    Equal evaluations give equal pages. All texts of users are escaped, and long ones cut.

    Raises
    ------
    ReportError
        If the packages of the extra ``report`` are not installed.
    ValueError
        If a label is out of range, or ranked twice in a row.
    """
    check_installed()
    rows = read_rows(evaluation)
    template = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    page: str = _environment().from_string(template).render(_sections(rows))
    return page


def check_installed() -> None:
    """Raise `ReportError` if a package of the extra is missing."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        problem = f"a report needs {error.name}, which is not installed"
        raise ReportError(problem, INSTALL_REPORT) from None


def _environment() -> "Environment":
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return showable(value) if type(value) is str else value

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "cut": cut,
        "interval": interval,
        "number": number,
        "percent": percent,
        "svg": Markup,
    }
    return environment


def _sections(rows: Rows) -> dict[str, Any]:
    """Return what the template calls by name."""
    evaluation = rows.evaluation
    counts = count_rows(rows)
    by_row = row_metrics(rows)
    points = coverage_points(rows)
    maps, pairs = confusion(rows)
    groups = item_groups(rows, counts)
    return {
        "n_rows": len(rows),
        "n_categories": len(evaluation.paths),
        "n_levels": len(rows.table),
        "cards": headline(rows, by_row),
        "outcomes": outcomes(rows),
        "calibrations": calibrations(rows),
        "coverage_plot": coverage_figure(rows, points),
        "coverage_points": points,
        "levels": level_rows(rows),
        "metrics": _metrics(evaluation, by_row),
        "heat_maps": maps,
        "confused_pairs": pairs,
        "worst": worst_categories(rows, counts),
        "rarest": rarest_categories(rows, counts),
        "item_groups": groups,
        "item_group_plot": item_group_plot(groups),
        "summary": summary(rows),
        "summary_plots": summary_plots(rows),
        "facts": evaluation.facts,
    }


def _metrics(evaluation: Evaluation, by_row: dict[str, FloatArray]) -> list[tuple[str, str, str]]:
    """Return name, value and interval of each metric as `evaluate` prints them."""
    lines = []
    for name, value in evaluation.metrics.items():
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
        spread = ""
        if name in by_row:
            _, low, high = mean_estimate(by_row[name])
            spread = f"{low:.2f}\u2013{high:.2f}"
        lines.append((name, shown, spread))
    return lines
