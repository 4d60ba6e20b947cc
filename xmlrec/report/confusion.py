"""Where answers leave the true path, and which siblings are taken for each other.

The path of an answer and the nearest true one go together down to a category; if both go on from
there, two of its children were confused. Children of no category are the top level.
"""

from typing import NamedTuple

import numpy as np

from xmlrec.report.examples import Example, most_telling
from xmlrec.report.rows import IntArray, Rows
from xmlrec.report.texts import NAME_SIGNS, cut, cut_path

N_PARENTS = 6
N_CHILDREN = 8
N_PAIRS = 12
TOP_LEVEL = "Top level"


class Outcome(NamedTuple):
    """What became of a share of the rows."""

    title: str
    n_rows: int
    share: float
    is_right: bool


class HeatRow(NamedTuple):
    """A true category: its rows, counts of the categories answered, and how dark they are.

    Shades are 0 to 60, by the root of the count's share, so that small ones are seen.
    """

    name: str
    n_rows: int
    counts: list[int]
    shades: list[float]
    n_other: int


class HeatMap(NamedTuple):
    """Confusion among the children of a parent that are confused most."""

    parent: str
    n_confused: int
    n_left_out: int
    rows: list[HeatRow]

    @property
    def has_other(self) -> bool:
        """Whether a row was answered with a category that is not shown."""
        return any(row.n_other for row in self.rows)


class ConfusedPair(NamedTuple):
    """A true category and one that is answered for it."""

    parent: str
    given: str
    answered: str
    n_rows: int
    share: float
    example: Example


class _Pairs(NamedTuple):
    """Steps where the paths of a row went on from one parent: int arrays of one length."""

    parent: IntArray
    given: IntArray
    answered: IntArray
    row: IntArray


def outcomes(rows: Rows) -> list[Outcome]:
    """Return how many rows are right, and where the others leave the true path."""
    depth = np.append(rows.evaluation.depths, 0)
    ends_at_shared = rows.n_shared == depth[rows.answer]
    has_both = (rows.answer >= 0) & (rows.given >= 0)
    is_wrong = has_both & ~rows.is_right
    is_short, is_deep = is_wrong & ends_at_shared, is_wrong & (rows.n_shared == depth[rows.given])
    is_off = is_wrong & ~is_short & ~is_deep
    kinds = [("Right category", rows.is_right)]
    for level in range(1, len(rows.table) + 1):
        kinds.append((f"Leaves the path at level {level}", is_off & (rows.n_shared == level - 1)))
    kinds += [
        ("Stops above the true category", is_short),
        ("Goes on below the true category", is_deep),
        ("No answer", rows.answer < 0),
        ("No true category is given", (rows.answer >= 0) & (rows.given < 0)),
    ]
    return [
        Outcome(title, int(is_kind.sum()), float(is_kind.mean()), place == 0)
        for place, (title, is_kind) in enumerate(kinds)
        if place == 0 or is_kind.any()
    ]


def confusion(rows: Rows) -> tuple[list[HeatMap], list[ConfusedPair]]:
    """Return heat maps of the parents with most confusion, and the most confused pairs."""
    pairs = _pairs(rows)
    is_wrong = pairs.given != pairs.answered
    parents, n_confused = np.unique(pairs.parent[is_wrong], return_counts=True)
    order = np.lexsort((parents, -n_confused))[:N_PARENTS]
    maps = [_heat_map(rows, pairs, int(parent)) for parent in parents[order]]
    return maps, _most_confused(rows, pairs)


def _pairs(rows: Rows) -> _Pairs:
    found = []
    above = np.full(len(rows), -1)
    goes_together = np.ones(len(rows), dtype=np.bool_)
    for at_level in rows.table:
        given, answered = at_level[rows.given], at_level[rows.answer]
        both = np.flatnonzero(goes_together & (given >= 0) & (answered >= 0))
        found.append(np.stack([above[both], given[both], answered[both], both]))
        goes_together &= (given == answered) & (given >= 0)
        above = given
    return _Pairs(*np.concatenate(found, axis=1))


def _heat_map(rows: Rows, pairs: _Pairs, parent: int) -> HeatMap:
    is_here = pairs.parent == parent
    given, answered = pairs.given[is_here], pairs.answered[is_here]
    is_wrong = given != answered
    children, n_involved = np.unique(
        np.concatenate([given[is_wrong], answered[is_wrong]]), return_counts=True
    )
    shown = children[np.lexsort((children, -n_involved))[:N_CHILDREN]]
    path = rows.evaluation.paths[parent] if parent >= 0 else TOP_LEVEL
    return HeatMap(
        parent=cut_path(path, 90),
        n_confused=int(is_wrong.sum()),
        n_left_out=len(children) - len(shown),
        rows=[_heat_row(rows, child, answered[given == child], shown) for child in shown.tolist()],
    )


def _heat_row(rows: Rows, child: int, answered: IntArray, shown: IntArray) -> HeatRow:
    counts = (answered[:, None] == shown).sum(axis=0)
    return HeatRow(
        name=cut(rows.evaluation.names[child], NAME_SIGNS),
        n_rows=len(answered),
        counts=counts.tolist(),
        shades=(60 * np.sqrt(counts / max(len(answered), 1))).tolist(),
        n_other=len(answered) - int(counts.sum()),
    )


def _most_confused(rows: Rows, pairs: _Pairs) -> list[ConfusedPair]:
    wrong = np.flatnonzero(pairs.given != pairs.answered)
    both, n_rows = np.unique(
        np.stack([pairs.given[wrong], pairs.answered[wrong]]), axis=1, return_counts=True
    )
    order = np.lexsort((both[1], both[0], -n_rows))[:N_PAIRS]
    return [_confused_pair(rows, pairs, *both[:, place].tolist()) for place in order]


def _confused_pair(rows: Rows, pairs: _Pairs, given: int, answered: int) -> ConfusedPair:
    evaluation = rows.evaluation
    is_given = pairs.given == given
    found = pairs.row[is_given & (pairs.answered == answered)]
    parent = int(evaluation.primary_parents[given])
    return ConfusedPair(
        parent=cut_path(evaluation.paths[parent], 90) if parent >= 0 else TOP_LEVEL,
        given=cut(evaluation.names[given], NAME_SIGNS),
        answered=cut(evaluation.names[answered], NAME_SIGNS),
        n_rows=len(found),
        share=len(found) / int(is_given.sum()),
        example=most_telling(rows, found, 1)[0],
    )
