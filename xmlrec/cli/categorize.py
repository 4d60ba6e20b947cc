"""``xmlrec categorize``."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.compiling import announce_compilation
from xmlrec.cli.options import (
    MAX_PATHS,
    DelimiterOption,
    EncodingOption,
    ExcludeOption,
    IdOption,
    LabelOption,
    MaxDecompressedOption,
    MaxPathsOption,
    MinPrecisionOption,
    ModelOption,
    ThreadsOption,
    UnderOption,
)
from xmlrec.cli.progress import PROGRESS, show_progress
from xmlrec.errors import InputError, OptionError, RejectsError

if TYPE_CHECKING:
    from xmlrec.batch import Start
    from xmlrec.batch.auditing import AuditFormat
    from xmlrec.batch.formats import ResultFormat
    from xmlrec.models import TaxonomyClassifier

ENGINES = ("local", "dask")


def categorize(
    catalogs: Annotated[
        list[str],
        typer.Argument(
            metavar="CATALOG...",
            help=".csv, .tsv, .jsonl or .parquet, also compressed; files, folders; - is stdin",
        ),
    ],
    model: ModelOption,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="FILE",
            help=".jsonl, .csv or .tsv, also .gz; .parquet; .sqlite; - is stdout",
        ),
    ],
    k: Annotated[
        int, typer.Option("-k", min=1, max=MAX_PATHS, help="Paths a row, alternatives included")
    ] = 3,
    min_precision: MinPrecisionOption = None,
    under: UnderOption = None,
    exclude: ExcludeOption = None,
    max_paths: MaxPathsOption = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Judge the categories that rows have, worst first")
    ] = False,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    max_decompressed: MaxDecompressedOption = None,
    threads: ThreadsOption = None,
    carry: Annotated[
        list[str] | None,
        typer.Option("--carry", metavar="COLUMN", help="Column to carry through; repeatable"),
    ] = None,
    flat: Annotated[bool, typer.Option("--flat", help="Only the best path of each row")] = False,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="No cell of a CSV file is a formula")
    ] = False,
    unique_ids: Annotated[
        bool, typer.Option("--unique-ids", help="An id that comes twice is an error")
    ] = False,
    max_errors: Annotated[
        int | None,
        typer.Option("--max-errors", min=0, help="Exit with 3 if more rows are rejected"),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Do not go on from where a run was stopped")
    ] = False,
    progress: Annotated[
        str, typer.Option("--progress", help=f"One of {', '.join(PROGRESS)}")
    ] = "auto",
    engine: Annotated[str, typer.Option("--engine", help=f"One of {', '.join(ENGINES)}")] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster; default: its own"),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="Do this share of the rows, of N equal ones"),
    ] = None,
) -> None:
    """Answer every row of the CATALOGs with taxonomy paths, in their order.

    Rows that cannot be used go to FILE.rejects.jsonl. A run that was stopped goes on where it was
    when the same command is given again. Memory does not grow with the catalog.
    """
    from xmlrec.batch import Job, Request, Shard, categorize_catalog
    from xmlrec.catalog import CatalogSettings, expand_sources
    from xmlrec.cli.catalogs import Rejects
    from xmlrec.cli.run_report import report, stopping
    from xmlrec.models import TaxonomyClassifier

    classifier = TaxonomyClassifier.load(model, n_threads=threads)
    if Path(out).resolve().is_relative_to(model.resolve()):
        raise InputError(out, "it lies in the model's folder", "name another file with --out")
    sources = expand_sources(catalogs)
    check_not_read(out, sources)
    classifier.check(min_precision=min_precision, under=under, exclude=exclude or ())
    carried = tuple(carry or ())
    output_format = choose_output(
        out,
        k,
        carried,
        audit=audit,
        flat=flat,
        excel_safe=excel_safe,
        label_column=label_column,
        scope=[*(["--under"] if under else []), *(["--exclude"] if exclude else [])],
    )
    job = Job(
        sources=tuple(sources),
        settings=CatalogSettings(
            model_text=classifier.settings.text,
            id_column=id_column,
            encoding=encoding,
            delimiter=delimiter,
            max_decompressed=max_decompressed,
            label_column=label_column,
            needs_labels=audit,
        ),
        request=Request(
            model=model,
            model_name=classifier.model_name_,
            format=output_format,
            k=k,
            min_precision=min_precision,
            under=under,
            exclude=tuple(exclude or ()),
            max_paths=max_paths,
            carried=carried,
        ),
        out=out,
        restart=restart,
        shard=None if shard is None else Shard.parse(shard),
        unique_ids=unique_ids,
    )
    warm_up(classifier)
    start = choose_engine(engine, scheduler, classifier, threads)
    rejects = Rejects()
    with stopping(out), show_progress(progress) as on_part:
        done = categorize_catalog(job, start, on_reject=rejects, on_part=on_part)
    report(job, done, classifier)
    if done.damage is not None:
        raise done.damage
    n_rejected = done.tally.rejected.total()
    if max_errors is not None and n_rejected > max_errors:
        raise RejectsError(n_rejected, max_errors)


def choose_output(
    out: str,
    k: int,
    carried: tuple[str, ...],
    *,
    audit: bool,
    flat: bool,
    excel_safe: bool,
    label_column: str | None,
    scope: Sequence[str],
) -> "ResultFormat | AuditFormat":
    """Return the format of the output; `OptionError` for options that do not go together."""
    from xmlrec.batch import choose_audit_format, choose_format

    if audit:
        unfit = [*scope, *(["--flat"] if flat else []), *(["--excel-safe"] if excel_safe else [])]
        if unfit:
            raise OptionError(unfit[0], "it does not go with --audit", "leave out one of them")
        return choose_audit_format(out, carried=carried)
    if label_column is not None:
        raise OptionError("--label-column", "labels are read to be judged", "say --audit too")
    return choose_format(out, n_paths=k, carried=carried, flat=flat, excel_safe=excel_safe)


def check_not_read(out: str, sources: Sequence[str]) -> None:
    """Raise `InputError` if what is written would take the place of what is read."""
    from xmlrec.catalog import rejects_path
    from xmlrec.cli.catalogs import check_not_input

    for path in filter(None, (out, rejects_path(out))):
        check_not_input(path, *sources)


def warm_up(classifier: "TaxonomyClassifier") -> None:
    """Compile what is not compiled yet, before several processes do it side by side."""
    from xmlrec.text.known_words import count_words

    if announce_compilation():
        classifier.classify(["a"])
        count_words(classifier.parts.ranker.features, ["a"])


def choose_engine(
    engine: str, scheduler: str | None, classifier: "TaxonomyClassifier", threads: int | None
) -> "Start":
    """Return what opens the executor that is asked for."""
    from xmlrec.batch import open_dask, open_local

    if engine not in ENGINES:
        raise typer.BadParameter(f"{engine!r} is not one of {', '.join(ENGINES)}")
    if engine == "dask":
        return partial(open_dask, scheduler=scheduler, n_threads=threads)
    if scheduler is not None:
        raise OptionError("--scheduler", "it belongs to a Dask cluster", "say --engine dask too")
    has_transformer = classifier.settings.has_transformer
    return partial(open_local, n_threads=threads, has_transformer=has_transformer)
