"""From rankings to result rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from xmlrec.catalog import ResultPath, ResultRow, result_path, result_row
from xmlrec.models.training import has_words
from xmlrec.taxonomy import Taxonomy

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]


def found_paths(
    taxonomy: Taxonomy, labels: IntArray, scores: FloatArray
) -> Iterator[list[ResultPath]]:
    """Yield the ranked categories of one item after the other, best first."""
    for columns, values in zip(labels.tolist(), scores.tolist(), strict=True):
        yield [
            result_path(taxonomy.ids[column], taxonomy.path(column), score)
            for column, score in zip(columns, values, strict=True)
            if column >= 0
        ]


def answer(
    item: str | Mapping[str, Any],
    position: int,
    text: Mapping[str, Any],
    found: list[ResultPath],
    *,
    taxonomy: str,
    model: str,
) -> ResultRow:
    """Return the result row of an item: its best path, the next ones, or why there is none."""
    given = None if isinstance(item, str) else item.get("id")
    reason = None if found else "no_known_words" if has_words(text) else "empty_text"
    return result_row(
        str(position + 1 if given is None else given),
        found[:1],
        found[1:],
        status="ok" if found else "abstain",
        reason=reason,
        taxonomy=taxonomy,
        model=model,
    )
