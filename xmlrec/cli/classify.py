"""``xmlrec classify``."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.explained import explained
from xmlrec.cli.options import (
    MAX_PATHS,
    ExcludeOption,
    JsonOption,
    MaxPathsOption,
    MinPrecisionOption,
    ModelOption,
    ThreadsOption,
    UnderOption,
)
from xmlrec.errors import InputError

if TYPE_CHECKING:
    from xmlrec.catalog import ResultRow
    from xmlrec.models import TaxonomyClassifier
    from xmlrec.models.explanation import Explanation

LINES_PER_BATCH = 1024


def classify(
    text: Annotated[list[str], typer.Argument(help="Product texts; - reads lines from stdin")],
    model: ModelOption,
    k: Annotated[int, typer.Option("-k", min=1, max=MAX_PATHS, help="Paths a text")] = 5,
    as_json: JsonOption = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for the best path")] = False,
    min_precision: MinPrecisionOption = None,
    under: UnderOption = None,
    exclude: ExcludeOption = None,
    max_paths: MaxPathsOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Print the best taxonomy paths of each TEXT."""
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.models import TaxonomyClassifier

    classifier = TaxonomyClassifier.load(model, n_threads=threads)
    announce_compilation()
    number = 0
    is_stdin = text == ["-"]
    size = 1 if is_stdin and sys.stdin is not None and sys.stdin.isatty() else LINES_PER_BATCH
    for batch in batches(stdin_lines() if is_stdin else iter(text), size):
        rows = classifier.classify(
            batch,
            k,
            min_precision=min_precision,
            under=under,
            exclude=exclude or (),
            max_paths=max_paths,
        )
        for line, row in zip(batch, rows, strict=True):
            number += 1
            row["id"] = str(number)
            why = explanation(classifier, line, row) if explain else None
            typer.echo(json_line(row, why) if as_json else shown(line, row, why))


def stdin_lines() -> Iterator[str]:
    """Yield the lines of standard input; bytes that are not UTF-8 become U+FFFD."""
    if sys.stdin is None:
        raise InputError("standard input", "it is closed")
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def batches(lines: Iterator[str], size: int) -> Iterable[list[str]]:
    """Cut lines into batches of ``size``: 1 for a terminal, whose lines are answered at once."""
    while batch := list(islice(lines, size)):
        yield batch


def json_line(row: "ResultRow", why: "list[Explanation] | None") -> str:
    """Return a row as JSON, with the explanation of its best path if there is to be one."""
    more = {} if why is None else {"explanation": why[0].to_json() if why else None}
    return json.dumps({**row, **more}, ensure_ascii=False)


def explanation(
    classifier: "TaxonomyClassifier", text: str, row: "ResultRow"
) -> "list[Explanation]":
    """Return why the best path of a row has its score; that of a category above is its label's."""
    for path in (*row["paths"], *row["alternatives"]):
        if found := classifier.explain(text, category=path["category_id"]):
            return found
    return []


def shown(text: str, row: "ResultRow", why: "list[Explanation] | None" = None) -> str:
    """Return a text and its paths as lines for people, and why if that is to be said."""
    found = [*row["paths"], *row["alternatives"]]
    reason = f" ({row['reason']})" if row["reason"] else ""
    if not found:
        nothing = "" if why is None else "; there is nothing to explain"
        return f"{text}\n   (no answer: {row['reason']}{nothing})"
    lines = [f"{text}: {row['status']}{reason}"]
    for place, path in enumerate(found):
        mark = ">" if place < len(row["paths"]) else " "
        lines.append(f"{mark} {100 * (path['confidence'] or 0):5.1f} %  {path['path_text']}")
    return "\n".join([*lines, *map(explained, why or [])])
