"""``xmlrec evaluate``."""

import json

import typer

from xmlrec.cli.options import (
    CatalogArgument,
    DelimiterOption,
    EncodingOption,
    IdOption,
    JsonOption,
    LabelOption,
    ModelOption,
    ThreadsOption,
)


def evaluate(
    catalog: CatalogArgument,
    model: ModelOption,
    as_json: JsonOption = False,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Measure a model on CATALOG, whose rows name their category paths."""
    from xmlrec.catalog import CatalogSettings
    from xmlrec.cli.catalogs import naming, read_labelled
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.models import TaxonomyClassifier

    classifier = TaxonomyClassifier.load(model, n_threads=threads)
    settings = CatalogSettings(
        model_text=classifier.settings.text,
        id_column=id_column,
        label_column=label_column,
        encoding=encoding,
        delimiter=delimiter,
        needs_labels=True,
    )
    labelled = read_labelled(catalog, settings)
    announce_compilation()
    with naming(catalog):
        metrics = classifier.evaluate(labelled.items)
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
        table.add_row(name, str(value) if isinstance(value, int) else f"{value:.2f}")
    Console().print(table)
