"""The rows and the taxonomy in numbers."""

from collections.abc import Mapping

import numpy as np

from xmlrec.report.categories import ITEM_BOUNDS, group_titles
from xmlrec.report.plots import bar_plot
from xmlrec.report.rows import Rows
from xmlrec.report.texts import count, percent


def summary(rows: Rows) -> Mapping[str, Mapping[str, str]]:
    """Return plain facts of the measured rows and of the taxonomy."""
    evaluation = rows.evaluation
    n_rows, n_nodes = rows.truth.shape
    n_given = np.diff(rows.truth.indptr)
    with_items = evaluation.label_counts > 0
    unseen = ~with_items[rows.given] & (rows.given >= 0)
    depths = evaluation.depths
    return {
        "Measured rows": {
            "Rows": count(n_rows),
            "With an answer": count((rows.answer >= 0).sum()),
            "With several true categories": count((n_given > 1).sum()),
            "Without a text": count(sum(not text.strip() for text in evaluation.texts)),
            "True categories": count(len(np.unique(rows.truth.indices))),
            "Rows of a category without training items": (
                f"{count(unseen.sum())} ({percent(float(unseen.mean()))})"
            ),
        },
        "Taxonomy": {
            "Categories": count(n_nodes),
            "With training items": count(with_items.sum()),
            "Levels": count(len(rows.table)),
            "At the top level": count((depths == 1).sum()),
            "Training items, median of categories with any": (
                count(int(np.median(evaluation.label_counts[with_items])))
                if with_items.any()
                else "0"
            ),
        },
    }


def summary_plots(rows: Rows) -> list[str]:
    """Return bars of categories by depth, rows by depth, and categories by training items."""
    evaluation = rows.evaluation
    levels = range(1, len(rows.table) + 1)
    by_depth = np.bincount(evaluation.depths, minlength=len(levels) + 1)
    given = rows.given[rows.given >= 0]
    rows_by_depth = np.bincount(evaluation.depths[given], minlength=len(levels) + 1)
    groups = np.searchsorted(ITEM_BOUNDS, evaluation.label_counts, side="right") - 1
    by_items = np.bincount(groups, minlength=len(ITEM_BOUNDS))
    return [
        bar_plot(
            "categories-by-depth",
            "Categories by level",
            {str(level): int(by_depth[level]) for level in levels},
            x="level",
            y="categories",
        ),
        bar_plot(
            "rows-by-depth",
            "Rows by level of the true category",
            {str(level): int(rows_by_depth[level]) for level in levels},
            x="level",
            y="rows",
        ),
        bar_plot(
            "categories-by-items",
            "Categories by training items",
            dict(zip(group_titles(), by_items.tolist(), strict=True)),
            x="training items",
            y="categories",
        ),
    ]
