"""``xmlrec recommend evaluate``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import (
    DelimiterOption,
    EncodingOption,
    JsonOption,
    ModelOption,
    ThreadsOption,
)
from xmlrec.cli.recommend_options import EventsArgument, SeenOption, SessionColumnOption

if TYPE_CHECKING:
    from xmlrec.recommend.splits import Protocol

PROTOCOLS: "tuple[Protocol, ...]" = ("every-prefix", "last")


def evaluate(
    events: EventsArgument,
    model: ModelOption,
    protocol: Annotated[
        str,
        typer.Option(
            help="every-prefix: each event after the first is predicted; or only the last"
        ),
    ] = "every-prefix",
    exclude_seen: SeenOption = None,
    all_items: Annotated[
        bool, typer.Option("--all-items", help="Score every item instead of candidates")
    ] = False,
    as_json: JsonOption = False,
    session_column: SessionColumnOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Measure a recommender on EVENTS: those of a session are predicted from those before them."""
    from xmlrec.catalog import CatalogSettings
    from xmlrec.cli.catalogs import Rejects
    from xmlrec.cli.compiling import announce_recommending
    from xmlrec.cli.evaluate import print_metrics
    from xmlrec.cli.recommend_reading import report_events
    from xmlrec.recommend import SessionRecommender, read_events

    chosen = next((known for known in PROTOCOLS if known == protocol), None)
    if chosen is None:
        raise typer.BadParameter(f"{protocol!r} is not one of {', '.join(PROTOCOLS)}")
    recommender = SessionRecommender.load(model, n_threads=threads)
    settings = CatalogSettings(id_column=session_column, encoding=encoding, delimiter=delimiter)
    log = read_events(events, Rejects(), items=recommender.items_, settings=settings)
    report_events(" ".join(events), log, None, what="unknown to the model")
    announce_recommending()
    figures = recommender.evaluate(
        log.sessions, protocol=chosen, exclude_seen=exclude_seen, all_items=all_items
    )
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        print_metrics(figures)
