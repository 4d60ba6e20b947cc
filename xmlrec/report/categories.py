"""Single categories: those with the lowest F1, those with the fewest items, each with rows."""

from typing import NamedTuple

import numpy as np

from xmlrec.report.examples import Example, most_telling
from xmlrec.report.headline import mean_estimate
from xmlrec.report.plots import share_plot
from xmlrec.report.rows import IntArray, Rows
from xmlrec.report.texts import Estimate, cut_path

N_CATEGORIES = 15
N_EXAMPLES = 2
MIN_ROWS = 5
"""A category needs so many rows before its F1 says anything."""

ITEM_BOUNDS = (0, 1, 3, 10, 30, 100, 300)
"""Groups of categories by training items: from each number up to the one before the next."""


class Category(NamedTuple):
    """A category as truth and as answer; shares are 0 to 1."""

    path: str
    n_items: int
    n_rows: int
    precision: float
    recall: float
    f1: float
    instead: str
    examples: list[Example]


class ItemGroup(NamedTuple):
    """Rows whose true category has so many training items."""

    title: str
    n_categories: int
    n_rows: int
    right: Estimate


class Counts(NamedTuple):
    """Rows of every node, as int arrays.

    A row that is answered with one of several true nodes counts for that one only.

    Attributes
    ----------
    n_true, n_answered, n_right : shape (n_nodes,)
        As truth, as answer, and as both.
    nodes, rows : shape (n_pairs,)
        Each true node and row that is counted.
    """

    n_true: IntArray
    n_answered: IntArray
    n_right: IntArray
    nodes: IntArray
    rows: IntArray


def count_rows(rows: Rows) -> Counts:
    """Return how often every node is true, answered, and rightly so."""
    n_nodes = rows.truth.shape[1]
    of_row = np.repeat(np.arange(len(rows)), np.diff(rows.truth.indptr))
    is_counted = ~rows.is_right[of_row] | (rows.answer[of_row] == rows.truth.indices)
    nodes = rows.truth.indices[is_counted]
    return Counts(
        np.bincount(nodes, minlength=n_nodes),
        np.bincount(rows.answer[rows.answer >= 0], minlength=n_nodes),
        np.bincount(rows.answer[rows.is_right], minlength=n_nodes),
        nodes,
        of_row[is_counted],
    )


def worst_categories(rows: Rows, counts: Counts) -> list[Category]:
    """Return the categories with `MIN_ROWS` rows that have the lowest F1, those below 1."""
    nodes = np.flatnonzero(counts.n_true >= MIN_ROWS)
    f1 = 2 * counts.n_right[nodes] / (counts.n_true + counts.n_answered)[nodes]
    order = np.lexsort((nodes, -counts.n_true[nodes], f1))
    worst = nodes[order][f1[order] < 1][:N_CATEGORIES]
    return [_category(rows, counts, node) for node in worst.tolist()]


def rarest_categories(rows: Rows, counts: Counts) -> list[Category]:
    """Return the categories with rows that have the fewest training items."""
    nodes = np.flatnonzero(counts.n_true)
    n_items = rows.evaluation.label_counts[nodes]
    rarest = nodes[np.lexsort((nodes, -counts.n_true[nodes], n_items))][:N_CATEGORIES]
    return [_category(rows, counts, node) for node in rarest.tolist()]


def _category(rows: Rows, counts: Counts, node: int) -> Category:
    evaluation = rows.evaluation
    n_true, n_answered, n_right = (int(column[node]) for column in counts[:3])
    found = counts.rows[counts.nodes == node]
    return Category(
        path=cut_path(evaluation.paths[node], 110),
        n_items=int(evaluation.label_counts[node]),
        n_rows=n_true,
        precision=n_right / n_answered if n_answered else np.nan,
        recall=n_right / n_true,
        f1=2 * n_right / (n_true + n_answered),
        instead=_answered_instead(rows, found),
        examples=most_telling(rows, found, N_EXAMPLES),
    )


def _answered_instead(rows: Rows, found: IntArray) -> str:
    """Return the path that wrong rows are answered with most often, empty if there is none."""
    wrong = rows.answer[found][~rows.is_right[found]]
    answers, n_rows = np.unique(wrong[wrong >= 0], return_counts=True)
    if not len(answers):
        return ""
    return cut_path(rows.evaluation.paths[int(answers[np.argmax(n_rows)])], 110)


def item_groups(rows: Rows, counts: Counts) -> list[ItemGroup]:
    """Return rows by the training items of their true category, groups without rows left out."""
    n_items = rows.evaluation.label_counts
    group_of = np.searchsorted(ITEM_BOUNDS, n_items, side="right") - 1
    group_of_row = np.where(rows.given >= 0, group_of[rows.given], -1)
    groups = []
    for group, title in enumerate(group_titles()):
        is_here = group_of_row == group
        if is_here.any():
            n_categories = int(((group_of == group) & (counts.n_true > 0)).sum())
            right = mean_estimate(rows.is_right[is_here].astype(np.float64))
            groups.append(ItemGroup(title, n_categories, int(is_here.sum()), right))
    return groups


def group_titles() -> list[str]:
    """Return ``0  1-2  3-9 ... 300+`` for `ITEM_BOUNDS`."""
    titles = [
        str(low) if high == low + 1 else f"{low}\u2013{high - 1}"
        for low, high in zip(ITEM_BOUNDS, ITEM_BOUNDS[1:], strict=False)
    ]
    return [*titles, f"{ITEM_BOUNDS[-1]}+"]


def item_group_plot(groups: list[ItemGroup]) -> str:
    """Return the groups' shares of right rows as a plot, empty for less than two groups."""
    if len(groups) < 2:
        return ""
    shares = {group.title: group.right for group in groups}
    return share_plot(
        "right-by-items", "Right by training items", shares, x="training items of the true category"
    )
