"""``xmlrec recommend batch``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import DelimiterOption, EncodingOption, ModelOption, ThreadsOption
from xmlrec.cli.progress import PROGRESS, show_progress
from xmlrec.cli.recommend_options import (
    CalibrateOption,
    CapOption,
    DiversifyOption,
    EventsArgument,
    ExcludeItemsOption,
    ItemsOption,
    LevelOption,
    SeenOption,
    SessionColumnOption,
    WithinOption,
    choose_reranking,
    excluded_ids,
)

if TYPE_CHECKING:
    from xmlrec.batch import Tally


def batch(
    sessions: EventsArgument,
    model: ModelOption,
    out: Annotated[
        str,
        typer.Option("--out", metavar="FILE", help=".jsonl, .csv or .tsv, also .gz; - is stdout"),
    ],
    k: ItemsOption = 20,
    within: WithinOption = None,
    exclude: ExcludeItemsOption = None,
    exclude_seen: SeenOption = None,
    diversify: DiversifyOption = 0.0,
    calibrate: CalibrateOption = 0.0,
    cap: CapOption = None,
    level: LevelOption = None,
    session_column: SessionColumnOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    threads: ThreadsOption = None,
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
) -> None:
    """Answer every session of EVENTS with the items that come next.

    Events that cannot be used go to FILE.rejects.jsonl. A run that was stopped goes on where it was
    when the same command is given again.
    """
    from xmlrec.batch import (
        SessionJob,
        SessionReading,
        SessionRequest,
        answer_sessions,
        choose_list_format,
        open_local,
    )
    from xmlrec.catalog import CatalogSettings, expand_sources, rejects_path
    from xmlrec.cli.catalogs import KeptRejects
    from xmlrec.cli.categorize import check_not_read
    from xmlrec.cli.compiling import announce_recommending
    from xmlrec.cli.recommend_reading import report_events
    from xmlrec.cli.run_report import stopping
    from xmlrec.errors import InputError, RejectsError
    from xmlrec.recommend import SessionRecommender, read_events
    from xmlrec.recommend.saved_request import SavedRequest

    reranking = choose_reranking(diversify, calibrate, cap, level)
    recommender = SessionRecommender.load(model, n_threads=threads)
    if Path(out).resolve().is_relative_to(model.resolve()):
        raise InputError(out, "it lies in the model's folder", "name another file with --out")
    sources = expand_sources(sessions)
    check_not_read(out, sources)
    form = choose_list_format(out)
    announce_recommending()
    asked = SavedRequest.of(
        model,
        recommender,
        k=k,
        within=within,
        exclude=excluded_ids(exclude),
        exclude_seen=exclude_seen,
        reranking=reranking,
    )
    settings = CatalogSettings(id_column=session_column, encoding=encoding, delimiter=delimiter)
    rejected = KeptRejects()
    log = read_events(sources, rejected, items=recommender.items_, settings=settings)
    source = " ".join(sources)
    report_events(source, log, rejects_path(out), what="unknown to the model, passed over")
    job = SessionJob(
        sources=tuple(sources),
        settings=settings,
        request=SessionRequest(asked=asked, format=form),
        out=out,
        restart=restart,
    )
    reading = SessionReading(
        log.sessions.named(log.items.ids), len(log.sessions), rejected.kept, source
    )
    start = partial(
        open_local, n_threads=threads, has_transformer=recommender.parts.model is not None
    )
    with stopping(out), show_progress(progress) as on_part:
        tally = answer_sessions(job, reading, start, on_part=on_part)
    report_lists(out, tally, k)
    if max_errors is not None and log.rejected.total() > max_errors:
        raise RejectsError(log.rejected.total(), max_errors)


def report_lists(out: str, tally: "Tally", k: int) -> None:
    """Say on stderr what became of the sessions."""
    from xmlrec.cli.catalogs import plural

    short = tally.by_status["short"]
    fewer = f", {short:,} of them with fewer than {k:,} items" if short else ""
    typer.echo(f"{out}: {plural(tally.n_rows, 'session')}{fewer}", err=True)
