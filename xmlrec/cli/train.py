"""``xmlrec train``."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import (
    CatalogArgument,
    DelimiterOption,
    EncodingOption,
    IdOption,
    LabelOption,
    MaxDecompressedOption,
    ModelOption,
    TextOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from xmlrec.models import RankerSettings, TaxonomyClassifier

DEFAULT_TEXT = ("title", "description")


def check_choices(preset: str | None, tree: str | None, paths: str | None) -> None:
    """Raise a usage error for what there is not."""
    from xmlrec.models import PRESETS, TREES
    from xmlrec.models.settings import PATHS

    for choice, known in ((preset, PRESETS), (tree, TREES), (paths, PATHS)):
        if choice is not None and choice not in known:
            raise typer.BadParameter(f"{choice!r} is not one of {', '.join(known)}")


def choose_encoder(named: str | None, preset: str, defaults: "RankerSettings") -> str | None:
    """Return the transformer to fine-tune: the one that is named, or that of the model before."""
    if preset == "accurate":
        return named or defaults.encoder
    if named is not None:
        raise typer.BadParameter(f"--encoder is for the preset accurate, not for {preset}")
    return None


def choose_teacher(named: Path | None, preset: str, defaults: "RankerSettings") -> str | None:
    """Return the model to learn from: the one that is named, or that of the model before."""
    if preset != "accurate":
        return defaults.teacher if named is None else str(named)
    if named is not None:
        raise typer.BadParameter("--teacher is for the presets fast and balanced, not for accurate")
    return None


def open_previous(previous: Path | None, model: Path) -> "TaxonomyClassifier | None":
    """Open the model to go on from, if any; raise if another would be lost in ``model``."""
    from xmlrec.models import TaxonomyClassifier, check_writable
    from xmlrec.models.saving import check_replaceable

    check_writable(model)
    before = None if previous is None else TaxonomyClassifier.load(previous)
    check_replaceable(model, None if before is None else before.parts.lineage)
    return before


def train(
    catalog: CatalogArgument,
    model: ModelOption,
    taxonomy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: the catalog's own paths")
    ] = None,
    valid: Annotated[
        str | None, typer.Option(metavar="FILE", help="Labelled catalog to measure the model on")
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Model to go on from: its categories, ids, log, examples and settings",
        ),
    ] = None,
    text: TextOption = None,
    preset: Annotated[str | None, typer.Option(help="fast, balanced or accurate")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Transformer of the preset accurate: a folder, or a name on the hub",
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Model of balanced or accurate that teaches which words speak for which category",
        ),
    ] = None,
    tree: Annotated[str | None, typer.Option(help="learned (default), taxonomy or flat")] = None,
    paths: Annotated[
        str | None,
        typer.Option(help="How many an item may have: one or several; default: as rows have"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse paths that the taxonomy file lacks")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Default: 0")] = None,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    max_decompressed: MaxDecompressedOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Train a model on CATALOG, whose rows name their category paths."""
    from xmlrec.catalog import CatalogSettings, RejectsWriter, expand_sources
    from xmlrec.cli.catalogs import (
        Rejects,
        check_not_input,
        naming,
        read_labelled,
        reject_paths,
        report_training,
    )
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.cli.evaluate import shown_metric
    from xmlrec.cli.taxonomy import open_taxonomy
    from xmlrec.errors import TrainingError
    from xmlrec.models import RankerSettings, TaxonomyClassifier
    from xmlrec.models.fusion_training import remove_state

    check_choices(preset, tree, paths)
    if previous is not None and taxonomy is not None:
        raise typer.BadParameter("--from brings a taxonomy: give no --taxonomy with it")
    before = open_previous(previous, model)
    defaults = RankerSettings() if before is None else before.settings
    chosen = preset or defaults.preset
    categories = None if taxonomy is None else open_taxonomy(taxonomy, strict=strict)
    settings = CatalogSettings(
        text_columns=tuple(dict.fromkeys(text)) if text else None,
        model_text=None if text or before is None else before.settings.text,
        id_column=id_column,
        label_column=label_column,
        encoding=encoding,
        delimiter=delimiter,
        max_decompressed=max_decompressed,
        needs_labels=True,
    )
    failed: TrainingError | None = None
    named = model if model.name else model.resolve()
    rejects_file = str(named.with_name(f"{named.name}.rejects.jsonl"))
    training = named.with_name(f"{named.name}.training")
    check_not_input(rejects_file, *expand_sources([catalog]), valid, taxonomy)
    with RejectsWriter(rejects_file) as writer:
        rejects = Rejects(writer)
        labelled = read_labelled(catalog, settings, rejects)
        valid_items = None
        if valid is not None:
            valid_items = read_labelled(valid, replace(settings, text_columns=labelled.text)).items
        announce_compilation()
        classifier = TaxonomyClassifier(
            preset=chosen,
            tree=tree or defaults.tree,
            text=settings.model_text or labelled.text or DEFAULT_TEXT,
            seed=defaults.seed if seed is None else seed,
            encoder=choose_encoder(encoder, chosen, defaults),
            teacher=choose_teacher(teacher, chosen, defaults),
            paths=paths or defaults.paths,
            n_threads=threads,
        )
        try:
            with naming(catalog):
                classifier.fit(
                    labelled.items,
                    categories,
                    valid_items,
                    strict=strict,
                    previous=before,
                    folder=training,
                )
        except TrainingError as error:  # the rejects, which may say why, are kept
            failed = error
        else:
            reject_paths(classifier.refused_, labelled, rejects)
            classifier.save(model)
            remove_state(training)
    if failed is not None:
        raise failed
    report_training(classifier, model, labelled, has_file=taxonomy is not None)
    for version in classifier.log()[-1:]:
        typer.echo(f"version {version.number}: {version.text}", err=True)
    for name, value in classifier.valid_metrics_.items():
        typer.echo(f"  valid {name} {shown_metric(name, value)}", err=True)
