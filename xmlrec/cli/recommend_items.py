"""``xmlrec recommend add-items``."""

from pathlib import Path
from typing import Annotated

import typer

from xmlrec.cli.options import (
    DelimiterOption,
    EncodingOption,
    IdOption,
    LabelOption,
    ModelOption,
    ThreadsOption,
)


def add_items(
    catalog: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Rows of item_id[, path, title, ..., available]"),
    ],
    model: ModelOption,
    classifier: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Model that predicts the paths of items without any"),
    ] = None,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Make new items recommendable by their texts and paths; nothing is learned again.

    Items that the model has stay as they are. Rows that cannot be used go to
    DIR.items.rejects.jsonl.
    """
    from xmlrec.catalog import CatalogSettings, RejectsWriter
    from xmlrec.cli.catalogs import Rejects
    from xmlrec.cli.compiling import announce_recommending
    from xmlrec.cli.recommend_reading import beside, check_apart, open_classifier, report_catalog
    from xmlrec.recommend import SessionRecommender, read_item_catalog

    recommender = SessionRecommender.load(model, n_threads=threads)
    rejects_file = beside(model, "items.rejects.jsonl")
    check_apart(rejects_file, [catalog])
    predictor = open_classifier(classifier, threads)
    announce_recommending()
    settings = CatalogSettings(
        id_column=id_column, label_column=label_column, encoding=encoding, delimiter=delimiter
    )
    with RejectsWriter(rejects_file) as writer:
        found = read_item_catalog(
            catalog,
            Rejects(writer),
            items=recommender.items_,
            classifier=predictor,
            settings=settings,
        )
    report_catalog(catalog, found, rejects_file)
    if found.n_new:
        recommender.use_items(found.items).save(model)
    typer.echo(f"{model}: {len(recommender.items_):,} items", err=True)
