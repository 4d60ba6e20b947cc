"""Single rows for the page to show."""

from typing import NamedTuple

import numpy as np

from xmlrec.report.rows import IntArray, Rows
from xmlrec.report.texts import cut, cut_path

TEXT_SIGNS = 160
PATH_SIGNS = 110


class Example(NamedTuple):
    """One row; paths are texts, empty where there is none."""

    row_id: str
    text: str
    given: str
    n_more_given: int
    answered: str
    confidence: float
    is_right: bool


def example(rows: Rows, row: int) -> Example:
    """Return a row as the page shows it, its texts cut."""
    evaluation = rows.evaluation
    given, answer = int(rows.given[row]), int(rows.answer[row])
    n_given = int(rows.truth.indptr[row + 1] - rows.truth.indptr[row])
    return Example(
        row_id=cut(evaluation.ids[row], 40),
        text=cut(evaluation.texts[row], TEXT_SIGNS),
        given=cut_path(evaluation.paths[given], PATH_SIGNS) if given >= 0 else "",
        n_more_given=max(n_given - 1, 0),
        answered=cut_path(evaluation.paths[answer], PATH_SIGNS) if answer >= 0 else "",
        confidence=float(rows.confidence[row]),
        is_right=bool(rows.is_right[row]),
    )


def most_telling(rows: Rows, candidates: IntArray, n_rows: int) -> list[Example]:
    """Return wrong answers before right ones, the surest first; ties to the earlier row."""
    sure = np.nan_to_num(rows.confidence[candidates], nan=-1.0)
    order = np.lexsort((candidates, -sure, rows.is_right[candidates]))
    return [example(rows, row) for row in candidates[order][:n_rows].tolist()]
