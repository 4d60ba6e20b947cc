"""``xmlrec train``."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from xmlrec.cli.options import (
    CatalogArgument,
    DelimiterOption,
    EncodingOption,
    IdOption,
    LabelOption,
    ModelOption,
    TextOption,
    ThreadsOption,
)

DEFAULT_TEXT = ("title", "description")


def train(
    catalog: CatalogArgument,
    model: ModelOption,
    taxonomy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: the catalog's own paths")
    ] = None,
    valid: Annotated[
        str | None, typer.Option(metavar="FILE", help="Labelled catalog to measure the model on")
    ] = None,
    text: TextOption = None,
    preset: Annotated[str, typer.Option(help="fast")] = "fast",
    tree: Annotated[str, typer.Option(help="learned, taxonomy or flat")] = "learned",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse paths that the taxonomy file lacks")
    ] = False,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Train a model on CATALOG, whose rows name their category paths."""
    from xmlrec.catalog import CatalogSettings, RejectsWriter
    from xmlrec.cli.catalogs import (
        Rejects,
        check_not_input,
        naming,
        read_labelled,
        reject_paths,
        report_training,
    )
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.cli.taxonomy import taxonomy_file
    from xmlrec.errors import TrainingError
    from xmlrec.models import PRESETS, TREES, TaxonomyClassifier, check_writable
    from xmlrec.taxonomy import read_taxonomy

    for choice, known in ((preset, PRESETS), (tree, TREES)):
        if choice not in known:
            raise typer.BadParameter(f"{choice!r} is not one of {', '.join(known)}")
    check_writable(model)
    categories = None if taxonomy is None else read_taxonomy(taxonomy_file(taxonomy), strict=strict)
    settings = CatalogSettings(
        text_columns=tuple(dict.fromkeys(text)) if text else None,
        id_column=id_column,
        label_column=label_column,
        encoding=encoding,
        delimiter=delimiter,
        needs_labels=True,
    )
    failed: TrainingError | None = None
    named = model if model.name else model.resolve()
    rejects_file = str(named.with_name(f"{named.name}.rejects.jsonl"))
    check_not_input(rejects_file, catalog, valid, taxonomy)
    with RejectsWriter(rejects_file) as writer:
        rejects = Rejects(writer)
        labelled = read_labelled(catalog, settings, rejects)
        valid_items = None
        if valid is not None:
            valid_items = read_labelled(valid, replace(settings, text_columns=labelled.text)).items
        announce_compilation()
        classifier = TaxonomyClassifier(
            preset=preset,
            tree=tree,
            text=labelled.text or DEFAULT_TEXT,
            seed=seed,
            n_threads=threads,
        )
        try:
            with naming(catalog):
                classifier.fit(labelled.items, categories, valid_items, strict=strict)
        except TrainingError as error:  # the rejects, which may say why, are kept
            failed = error
        else:
            reject_paths(classifier.refused_, labelled, rejects)
            classifier.save(model)
    if failed is not None:
        raise failed
    report_training(classifier, model, labelled, has_file=taxonomy is not None)
    for name, value in classifier.valid_metrics_.items():
        typer.echo(f"  valid {name} {value:.2f}", err=True)
