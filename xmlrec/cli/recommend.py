"""``xmlrec recommend``: fit a recommender, ask it, measure it, and give it new items."""

from dataclasses import replace
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
from xmlrec.cli.recommend_batch import batch
from xmlrec.cli.recommend_evaluate import evaluate
from xmlrec.cli.recommend_items import add_items
from xmlrec.cli.recommend_next import next_items
from xmlrec.cli.recommend_options import EventsArgument, SessionColumnOption

recommend_app = typer.Typer(
    help="Recommend the next items of sessions, with the category paths of items.",
    no_args_is_help=True,
)


@recommend_app.command()
def fit(
    events: EventsArgument,
    model: ModelOption,
    catalog: Annotated[
        str | None,
        typer.Option(
            "--catalog", metavar="ITEMS", help="Rows of item_id[, path, title, ..., available]"
        ),
    ] = None,
    classifier: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Model that predicts the paths of items without any"),
    ] = None,
    leave_out: Annotated[
        int,
        typer.Option(min=0, help="The last events of each session, from which nothing is learned"),
    ] = 0,
    preset: Annotated[str, typer.Option(help="fast, or accurate (extra encoder)")] = "fast",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    session_column: SessionColumnOption = None,
    id_column: IdOption = None,
    label_column: LabelOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Learn from EVENTS which items follow which.

    Items that only events have are recommended too, but have no path and no text. Rows that cannot
    be used go to DIR.rejects.jsonl.
    """
    from xmlrec.catalog import CatalogSettings, RejectsWriter
    from xmlrec.cli.catalogs import Rejects
    from xmlrec.cli.compiling import announce_recommending
    from xmlrec.cli.recommend_reading import (
        beside,
        check_apart,
        open_classifier,
        report_catalog,
        report_events,
        report_fit,
    )
    from xmlrec.models import read_manifest
    from xmlrec.recommend import SessionRecommender, read_events, read_item_catalog
    from xmlrec.recommend.saving import check_replaceable, remove_state

    recommender = SessionRecommender(
        preset=preset, leave_out=leave_out, seed=seed, n_threads=threads
    )
    check_replaceable(model)
    rejects_file, training = beside(model, "rejects.jsonl"), Path(beside(model, "training"))
    check_apart(rejects_file, [*events, *([catalog] if catalog else [])])
    files = CatalogSettings(encoding=encoding, delimiter=delimiter)
    predictor = open_classifier(classifier, threads)
    announce_recommending()
    with RejectsWriter(rejects_file) as writer:
        rejects, items = Rejects(writer), None
        if catalog is not None:
            columns = replace(files, id_column=id_column, label_column=label_column)
            found = read_item_catalog(catalog, rejects, classifier=predictor, settings=columns)
            report_catalog(catalog, found, rejects_file)
            items = found.items
        log = read_events(
            events, rejects, items=items, settings=replace(files, id_column=session_column)
        )
        what = "of events only, without text and path"
        report_events(" ".join(events), log, rejects_file, what=what)
    recommender.fit(log.sessions, log.items, folder=training)
    recommender.save(model)
    remove_state(training)
    report_fit(model, read_manifest(model))


for command in (batch, add_items, evaluate):
    recommend_app.command()(command)
recommend_app.command("next")(next_items)
