"""How time, memory and model size of one label tree grow, on generated ladders, and a plot of it.

Three ladders change one thing each: rows and labels together, as a catalog grows; labels over the
same rows; and the length of the rows. ``--save`` draws ``docs/scale.svg`` too.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.datasets import ROOT
from bench.generated import generate, scaled
from bench.options import Options
from bench.peers import ENGINE_TREE, THREADS, measure
from bench.shapes import SHAPES, Shape
from bench.table import Table

PLOT = ROOT / "docs" / "scale.svg"
MEASURES = {
    "train s": "train_s",
    "peak MB": "peak_rss_mb",
    "of it before training": "loaded_rss_mb",
    "us a row": "us_per_row",
    "model MB": "model_mb",
}
COLUMNS = ("ladder", "rows", "labels", "non-zeros a row", *MEASURES)
GROWING = ("train s", "us a row", "model MB")  # what the plot and the exponents show


def run(options: Options) -> list[Table]:
    """Return the measurements and, of each ladder, the exponents of growth."""
    quick = options.n_repetitions == 1
    table = Table(f"Scale: one tree on generated sets, {THREADS} threads", COLUMNS)
    for ladder, shapes in ladders(0.1 if quick else 1.0).items():
        for shape in shapes:
            table.rows.append((ladder, *measure_shape(shape)))
    table.notes.append("Shapes of Amazon-670K; us a row is of a batch, by both threads together.")
    exponents = Table(
        "Growth: the exponent e of cost ~ size ** e along each ladder", ("ladder", *GROWING)
    )
    exponents.rows += [
        (ladder, *(exponent(table, ladder, name) for name in GROWING)) for ladder in ladders(1.0)
    ]
    return [table, exponents]


def ladders(share: float) -> dict[str, list[Shape]]:
    """Return the shapes of each ladder, ``share`` of the full size."""
    base = SHAPES["amazon670k"]
    middle = scaled("amazon670k", 0.05 * share)
    return {
        "rows and labels": [
            scaled("amazon670k", part * share) for part in (0.0125, 0.025, 0.05, 0.1, 0.2)
        ],
        "labels": [
            replace(middle, name=f"labels-{n}", n_labels=round(n * share))
            for n in (1_000, 4_000, 16_000, 64_000)
        ],
        "non-zeros a row": [
            replace(middle, name=f"long-{n}", nonzeros_a_row=n)
            for n in (5, 15, base.nonzeros_a_row, 240)
        ],
    }


def measure_shape(shape: Shape) -> tuple[int | float, ...]:
    """Return the sizes of a set and what one tree costs on it."""
    problem = generate(shape)
    measures = measure(problem, ENGINE_TREE).measures
    n_rows, n_labels = problem.Y.shape
    sizes = n_rows, n_labels, problem.X.nnz / n_rows
    return *sizes, *(measures[key] for key in MEASURES.values())


def steps(table: Table, ladder: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes along a ladder and the values of a column."""
    rows = [row for row in table.rows if row[0] == ladder]
    size = COLUMNS.index("rows" if ladder == "rows and labels" else ladder)
    sizes = np.array([row[size] for row in rows], dtype=float)
    return sizes, np.array([row[COLUMNS.index(name)] for row in rows], dtype=float)


def exponent(table: Table, ladder: str, name: str) -> float:
    """Return the slope of a line through the logarithms."""
    sizes, values = steps(table, ladder, name)
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def draw(tables: list[Table], path: Path = PLOT) -> None:
    """Draw one panel a ladder, both axes logarithmic, each cost relative to its first step."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "xmlrec"  # the same bytes for the same numbers
    from matplotlib import pyplot

    table, names = tables[0], list(ladders(1.0))
    figure, panels = pyplot.subplots(1, len(names), figsize=(11, 3.6), layout="constrained")
    for panel, ladder in zip(panels, names, strict=True):
        for name in GROWING:
            sizes, values = steps(table, ladder, name)
            label = f"{name}: {values[0]:.3g} to {values[-1]:.3g}"
            panel.loglog(sizes, values / values[0], marker="o", label=label)
        panel.loglog(sizes, sizes / sizes[0], color="0.8", linestyle="--", label="in proportion")
        panel.set_title(f"more {ladder}")
        panel.set_xlabel("rows" if ladder == "rows and labels" else ladder)
        panel.legend(fontsize=8)
    panels[0].set_ylabel("cost, first step = 1")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
