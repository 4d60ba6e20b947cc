"""The plots of a report."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xmlrec.metrics.calibration import ReliabilityBins
from xmlrec.metrics.coverage import CoverageCurve
from xmlrec.report.figures import ACCENT, BAD, GOOD, GRID, INK, MUTED, SOFT, draw_svg, plain_axes
from xmlrec.report.rows import FloatArray
from xmlrec.report.texts import Estimate, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_POINTS = 400
_BAR_SPACE = 1.18  # room above bars for their numbers


def reliability_plot(
    title: str, bins: ReliabilityBins, confidence: FloatArray, error: float
) -> str:
    """Return share right against confidence, above a histogram of confidences.

    The band holds 95 % of what a perfect calibrator would show in bins of these sizes.
    """
    low, high = _perfect_band(bins)

    def draw(figure: "Figure") -> None:
        top, bottom = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
        top.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        top.vlines(bins.confidence, low, high, color=SOFT, linewidth=7)
        top.plot(
            bins.confidence,
            bins.right_share,
            color=ACCENT,
            marker="o",
            markersize=4.5,
            clip_on=False,
        )
        plain_axes(top, title=f"{title}: ECE {percent(error)}", y="share right")
        top.set(xlim=(0, 1), ylim=(0, 1))
        bottom.hist(confidence, bins=np.linspace(0, 1, 21), color=ACCENT, alpha=0.75)
        plain_axes(bottom, x="confidence", y="rows")
        bottom.set_yticks([])
        for axes in (top, bottom):
            axes.xaxis.set_major_formatter(_percent_tick)
        top.yaxis.set_major_formatter(_percent_tick)

    alt = (
        f"Reliability of {title.lower()}: calibration error {percent(error)} over "
        f"{len(confidence):,} rows"
    )
    return draw_svg(f"reliability-{title.lower().replace(' ', '-')}", alt, draw, size=(3.3, 3.7))


def _perfect_band(bins: ReliabilityBins) -> tuple[FloatArray, FloatArray]:
    from scipy.stats import binom

    low, high = (
        binom.ppf(chance, bins.n_rows, bins.confidence) / bins.n_rows for chance in (0.025, 0.975)
    )
    return np.maximum(low, 0.0), high


def coverage_plot(
    curve: CoverageCurve, marked: Mapping[str, tuple[float, float]], own: tuple[float, float]
) -> str:
    """Return precision against coverage.

    Parameters
    ----------
    marked : mapping of str to (coverage, precision)
        Points with a name.
    own : (coverage, precision)
        Where the model's thresholds are; not shown at coverage 0.
    """
    from matplotlib.ticker import MaxNLocator

    shown = np.unique(np.linspace(0, len(curve.coverage) - 1, _MAX_POINTS).astype(int))
    lowest = min(curve.precision[curve.coverage >= min(0.02, curve.coverage[-1])].min(), 0.9)

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.plot(curve.coverage[shown], curve.precision[shown], color=ACCENT, linewidth=2)
        for place, (name, (coverage, precision)) in enumerate(marked.items()):
            axes.plot([coverage] * 2, [0, precision], color=MUTED, linewidth=1, linestyle=":")
            marker = "os"[place % 2]
            label = f"{name}: {percent(coverage, 0)} covered"
            axes.plot(coverage, precision, marker, color=GOOD, markersize=7, label=label)
        if own[0]:
            label = f"model's thresholds: {percent(own[0], 0)} covered"
            axes.plot(*own, "D", color=BAD, markersize=6, label=label)
        plain_axes(axes, x="coverage: share of rows applied", y="precision: share right")
        floor = max(np.floor(20 * lowest - 0.5) / 20, 0.0)
        axes.set(xlim=(0, 1.01), ylim=(floor, 1 + 0.02 * (1 - floor)))
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))  # of whole percents
        axes.xaxis.set_major_formatter(_percent_tick)
        axes.yaxis.set_major_formatter(_percent_tick)
        if marked or own[0]:
            axes.legend(loc="lower left", fontsize=8, edgecolor=GRID)

    alt = f"Precision falls to {percent(curve.precision[-1])} at {percent(curve.coverage[-1])}"
    return draw_svg("coverage", f"{alt} coverage", draw, size=(3.9, 3.1))


def bar_plot(name: str, title: str, bars: Mapping[str, int], *, x: str, y: str) -> str:
    """Return bars with their counts above them."""
    from matplotlib.ticker import MaxNLocator

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        drawn = axes.bar(range(len(bars)), list(bars.values()), color=ACCENT, width=0.72)
        axes.bar_label(drawn, [f"{value:,}" for value in bars.values()], padding=2, fontsize=8)
        _label_bars(axes, list(bars))
        plain_axes(axes, title=title, x=x, y=y)
        axes.grid(visible=False, axis="x")
        axes.set_ylim(0, max(max(bars.values()), 1) * _BAR_SPACE)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))

    listed = ", ".join(f"{label}: {value:,}" for label, value in bars.items())
    return draw_svg(name, f"{title}. {listed}", draw, size=(3.9, 2.7))


def share_plot(name: str, title: str, shares: Mapping[str, Estimate], *, x: str) -> str:
    """Return points with their intervals."""
    values = np.array(list(shares.values()))

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        places = np.arange(len(shares))
        axes.vlines(places, values[:, 1], values[:, 2], color=ACCENT, linewidth=2)
        axes.plot(places, values[:, 0], "o", color=ACCENT, markersize=6, clip_on=False)
        _label_bars(axes, list(shares))
        plain_axes(axes, title=title, x=x, y="share right")
        axes.set(ylim=(0, 1), xlim=(-0.5, len(shares) - 0.5))
        axes.yaxis.set_major_formatter(_percent_tick)

    listed = ", ".join(f"{label}: {percent(share.value)}" for label, share in shares.items())
    return draw_svg(name, f"{title}. {listed}", draw, size=(3.9, 2.7))


def _label_bars(axes: "Axes", labels: Sequence[str]) -> None:
    axes.set_xticks(range(len(labels)), labels, fontsize=8, color=INK)


def _percent_tick(share: float, _place: float) -> str:
    return percent(share, 0)
