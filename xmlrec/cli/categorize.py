"""``xmlrec categorize``."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import (
    MAX_PATHS,
    CatalogArgument,
    DelimiterOption,
    EncodingOption,
    ExcludeOption,
    IdOption,
    MaxPathsOption,
    MinPrecisionOption,
    ModelOption,
    ThreadsOption,
    UnderOption,
)
from xmlrec.errors import InputError

if TYPE_CHECKING:
    from xmlrec.catalog import Row

ROWS_PER_CHUNK = 4096


def categorize(
    catalog: CatalogArgument,
    model: ModelOption,
    out: Annotated[
        str,
        typer.Option("--out", metavar="FILE", help=".jsonl, .csv or .tsv, also .gz; - is stdout"),
    ],
    k: Annotated[
        int, typer.Option("-k", min=1, max=MAX_PATHS, help="Paths a row, alternatives included")
    ] = 3,
    min_precision: MinPrecisionOption = None,
    under: UnderOption = None,
    exclude: ExcludeOption = None,
    max_paths: MaxPathsOption = None,
    id_column: IdOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Answer every row of CATALOG with taxonomy paths, in its order.

    Rows that cannot be read go to FILE.rejects.jsonl. Memory does not grow with the catalog.
    """
    from xmlrec.catalog import (
        CatalogSettings,
        RejectsWriter,
        open_results,
        read_catalog,
        rejects_path,
    )
    from xmlrec.cli.catalogs import Rejects, check_not_input, report_counts
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.models import TaxonomyClassifier

    rejects = rejects_path(out)
    for path in filter(None, (out, rejects)):
        check_not_input(path, catalog)
    classifier = TaxonomyClassifier.load(model, n_threads=threads)
    if Path(out).resolve().is_relative_to(model.resolve()):
        raise InputError(out, "it lies in the model's folder", "name another file with --out")
    settings = CatalogSettings(
        model_text=classifier.settings.text,
        id_column=id_column,
        encoding=encoding,
        delimiter=delimiter,
    )
    breaks: list[InputError] = []
    by_status: Counter[str] = Counter()
    classifier.check(min_precision=min_precision, under=under, exclude=exclude or ())
    with ExitStack() as stack:
        writer = stack.enter_context(RejectsWriter(rejects))
        reader = stack.enter_context(read_catalog(catalog, settings, Rejects(writer)))
        write = stack.enter_context(open_results(out, n_paths=k))
        announce_compilation()
        rows = until_break(reader, breaks)
        while chunk := list(islice(rows, ROWS_PER_CHUNK)):
            results = classifier.classify(
                [{**row.fields, "id": row.id} for row in chunk],
                k,
                min_precision=min_precision,
                under=under,
                exclude=exclude or (),
                max_paths=max_paths,
            )
            for result in results:
                write(result)
                by_status[result["status"]] += 1
    statuses = ", ".join(f"{n:,} {status}" for status, n in sorted(by_status.items()))
    typer.echo(f"{out}: {by_status.total():,} rows ({statuses or 'none'})", err=True)
    report_counts(catalog, reader.counts, rejects)
    if breaks:
        raise breaks[0]


def until_break(rows: Iterable["Row"], breaks: list[InputError]) -> Iterator["Row"]:
    """Yield rows; where the file breaks off, end and put the error into ``breaks``.

    What was read before is then answered and kept.
    """
    try:
        yield from rows
    except InputError as error:
        breaks.append(error)
