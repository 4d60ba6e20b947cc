"""The paths of result rows, and whole rows as lines of JSON."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from xmlrec.catalog import ResultPath, result_path
from xmlrec.catalog.results import SCHEMA, Reason, Status
from xmlrec.taxonomy import Taxonomy

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

Made = TypeVar("Made", covariant=True)

DECIMALS = 4
"""Of probabilities in a result row."""

TEXTS = np.array([repr(value / 10**DECIMALS) for value in range(10**DECIMALS + 1)], dtype=object)
"""All probabilities in a result row, from 0 to 1, as JSON."""

encode_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


class Lines(NamedTuple):
    """What `ItemClassifier.classify_lines` returns, one entry an item.

    Attributes
    ----------
    lines : list of str
        Result rows as strict JSON, without line breaks.
    statuses : list of str
    best : int32 array, shape (n_items,)
        The column of the best category, whether or not it is answered; -1 for none.
    confidence : float32 array, shape (n_items,)
        P(best category | item), 0 for none.
    """

    lines: list[str]
    statuses: list[Status]
    best: IntArray
    confidence: FloatArray


class PathMaker(Protocol[Made]):
    """Makes the paths of result rows in one form."""

    def shown(self, P: FloatArray) -> list[Any]:
        """Return probabilities, NaN among them, with `DECIMALS` as `path` takes them."""

    def path(self, column: int, score: float, p: Any, of_nodes: Sequence[Any]) -> Made:
        """Return a category with its score, its probability, and those along its path.

        What ``of_nodes`` has below the category is left out.
        """


class PathRows:
    """Makes paths as in `xmlrec.catalog.result_path`."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy

    def shown(self, P: FloatArray) -> list[Any]:
        """Return numbers."""
        numbers: list[Any] = np.round(P.astype(np.float64), DECIMALS).tolist()
        return numbers

    def path(self, column: int, score: float, p: float, of_nodes: Sequence[float]) -> ResultPath:
        """Return a mapping."""
        path = self._taxonomy.path(column)
        return result_path(self._taxonomy.ids[column], path, score, p, of_nodes[: len(path)])


class PathTexts:
    """Makes the same paths as JSON; what does not depend on an item is made once."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._starts: dict[int, tuple[str, int]] = {}

    def shown(self, P: FloatArray) -> list[Any]:
        """Return texts."""
        places = np.rint(np.nan_to_num(P).astype(np.float64) * 10**DECIMALS).astype(np.int32)
        texts: list[Any] = TEXTS[places].tolist()
        return texts

    def path(self, column: int, score: float, p: str, of_nodes: Sequence[str]) -> str:
        """Return JSON."""
        start, depth = self._starts.get(column) or self._make(column)
        levels = ",".join(of_nodes[:depth])
        return f'{start}{score!r},"confidence":{p},"level_confidence":[{levels}]}}'

    def _make(self, column: int) -> tuple[str, int]:
        taxonomy, path = self._taxonomy, self._taxonomy.path(column)
        values = {
            "category_id": taxonomy.ids[column],
            "path": path,
            "path_text": taxonomy.path_text(column),
        }
        made = encode_json(values)[:-1] + ',"score":', len(path)
        self._starts[column] = made
        return made


def line_end(taxonomy: str, model: str) -> str:
    """Return what follows the alternatives in every line."""
    end = {"taxonomy": taxonomy, "model": model, "schema": SCHEMA, "error": None}
    return "]," + encode_json(end)[1:]


def line(
    item_id: str,
    outcome: tuple[Status, Reason | None],
    paths: Sequence[str],
    alternatives: Sequence[str],
    end: str,
) -> str:
    """Return what `result_row` returns as JSON."""
    status, reason = outcome
    why = "null" if reason is None else f'"{reason}"'
    return (
        f'{{"id":{encode_json(item_id)},"status":"{status}","reason":{why},'
        f'"paths":[{",".join(paths)}],"alternatives":[{",".join(alternatives)}{end}'
    )
