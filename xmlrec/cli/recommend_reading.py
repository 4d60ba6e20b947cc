"""What the commands of ``xmlrec recommend`` open and read, and what they say of it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from xmlrec.catalog import Fault, ReadCounts, expand_sources
from xmlrec.cli.catalogs import check_not_input, plural, report_counts

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier
    from xmlrec.recommend import Events
    from xmlrec.recommend.item_catalog import ItemCatalog

N_SHOWN = 3


def beside(model: Path, end: str) -> str:
    """Return the name of what lies beside a model: ``DIR.end``."""
    named = model if model.name else model.resolve()
    return str(named.with_name(f"{named.name}.{end}"))


def check_apart(rejects: str, sources: Sequence[str]) -> None:
    """Raise `InputError` if the file of rejects is one that is read."""
    check_not_input(rejects, *expand_sources(sources))


def open_classifier(folder: Path | None, n_threads: int | None) -> "TaxonomyClassifier | None":
    """Open the classifier that predicts paths, if one is named."""
    from xmlrec.models import TaxonomyClassifier

    return None if folder is None else TaxonomyClassifier.load(folder, n_threads=n_threads)


def report_catalog(source: str, found: "ItemCatalog", rejects: str | None) -> None:
    """Say on stderr what became of the rows and paths of an item catalog."""
    parts = [plural(found.n_new, "item")]
    parts += [f"{found.n_known:,} known already"] if found.n_known else []
    parts += [f"{found.n_predicted:,} with predicted paths"] if found.n_predicted else []
    parts += [f"{found.n_without_path:,} without a path"] if found.n_without_path else []
    typer.echo(f"{source}: {', '.join(parts)}", err=True)
    report_rejected(source, found.rejected, rejects)
    if found.n_refused:
        kept = f"; kept in {rejects}" if rejects else ""
        typer.echo(f"{source}: {plural(found.n_refused, 'path')} left out{kept}", err=True)
    if 0 < len(found.added) < len(found.items.taxonomy):  # else all of it is the catalog's
        shown = ", ".join(repr(path) for path in found.added[:N_SHOWN])
        typer.echo(f"{source}: categories added: {len(found.added):,}, such as {shown}", err=True)


def report_events(source: str, events: "Events", rejects: str | None, *, what: str) -> None:
    """Say on stderr what became of the rows of events, and ``what`` items are that are new."""
    typer.echo(
        f"{source}: {plural(events.n_events, 'event')} in "
        f"{plural(len(events.sessions), 'session')}",
        err=True,
    )
    if events.n_duplicates:
        again = plural(events.n_duplicates, "duplicate event")
        typer.echo(f"{source}: {again} left out", err=True)
    if events.n_new_items:
        typer.echo(f"{source}: {plural(events.n_new_items, 'item')} {what}", err=True)
    report_rejected(source, events.rejected, rejects)


def report_rejected(source: str, rejected: Counter[Fault], rejects: str | None) -> None:
    """Say on stderr how many rows were rejected, by code."""
    report_counts(source, ReadCounts(rejected=rejected), rejects)


def report_fit(model: Path, manifest: dict[str, Any]) -> None:
    """Say on stderr what was fitted."""
    data, limits, forecast = (manifest[name] for name in ("data", "limits", "forecast"))
    typer.echo(
        f"{model}: {plural(data['n_items'], 'item')}, {data['n_items_with_events']:,} with events, "
        f"{data['n_categories']:,} categories",
        err=True,
    )
    typer.echo("  what counts           items with events  without", err=True)
    for name, of in manifest["weights"].items():
        typer.echo(f"  {name:<24}{of['warm']:15.3f}{of['cold']:9.3f}", err=True)
    largest = sorted(forecast["shares"].items(), key=lambda named: -named[1])
    shares = ", ".join(f"{name} {share:.2f}" for name, share in largest if share)
    typer.echo(f"  forecast of categories: {shares}", err=True)
    share = limits["budget"] / max(data["n_items"], 1)
    seen = "are left out" if limits["leaves_seen_out"] else "stay"
    typer.echo(
        f"  candidates: at most {limits['budget']:,} items, {100 * share:.1f} % of all, from "
        f"categories up to {limits['mass']:g} of the probability; a session's own items {seen}",
        err=True,
    )
