"""``xmlrec evaluate``."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from xmlrec.cli.options import (
    CatalogArgument,
    DelimiterOption,
    EncodingOption,
    IdOption,
    JsonOption,
    LabelOption,
    MaxDecompressedOption,
    ModelOption,
    ThreadsOption,
)

SHARES = (
    "ece", "brier", "log_loss", "abstain_auroc", "popularity_share", "diversity", "gini",
    "candidate_share",
)  # fmt: skip
"""Metrics that are no percentages."""


def evaluate(
    catalog: CatalogArgument,
    model: ModelOption,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write a page with plots and examples"),
    ] = None,
    as_json: JsonOption = False,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    max_decompressed: MaxDecompressedOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Measure a model on CATALOG, whose rows name their category paths."""
    from xmlrec.catalog import CatalogSettings, expand_sources
    from xmlrec.cli.catalogs import check_not_input, naming, read_labelled
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.models import TaxonomyClassifier

    classifier = TaxonomyClassifier.load(model, n_threads=threads)
    settings = CatalogSettings(
        model_text=classifier.settings.text,
        id_column=id_column,
        label_column=label_column,
        encoding=encoding,
        delimiter=delimiter,
        max_decompressed=max_decompressed,
        needs_labels=True,
    )
    with ExitStack() as stack:
        write = None
        if report is not None:
            from xmlrec.report import report_file

            check_not_input(str(report), *expand_sources([catalog]))
            write = stack.enter_context(report_file(report))
        labelled = read_labelled(catalog, settings)
        announce_compilation()
        with naming(catalog):
            if write is None:
                metrics = classifier.evaluate(labelled.items)
            else:
                evaluation = classifier.assess(labelled.items, source=catalog)
                metrics = evaluation.metrics
                write(evaluation)
    if as_json:
        typer.echo(json.dumps(metrics))
    else:
        print_metrics(metrics)


def print_metrics(metrics: dict[str, float]) -> None:
    """Print metrics as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("metric", "value", box=None)
    table.columns[1].justify = "right"
    for name, value in metrics.items():
        table.add_row(name, shown_metric(name, value))
    Console().print(table)


def shown_metric(name: str, value: float) -> str:
    """Return a metric as a text: percentages with two decimals, shares of 1 with four."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.4f}" if name.startswith(SHARES) else f"{value:.2f}"
