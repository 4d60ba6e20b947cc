"""What is said of a run that is done, or was stopped."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import typer

from xmlrec.batch import Done, Job, find_drift, parts_folder
from xmlrec.catalog import Fault, rejects_path
from xmlrec.cli.catalogs import plural, report_counts
from xmlrec.models import TaxonomyClassifier
from xmlrec.taxonomy.node import SEPARATOR

N_TOP = 3
"""Categories that are named."""


@contextmanager
def stopping(out: str) -> Iterator[None]:
    """Say in one line what stays of a run that is stopped from outside."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        folder = parts_folder(out)
        kept = f"what is done is kept in {folder}, and the same command goes on from there"
        typer.echo(f"{out}: stopped; {kept if folder.exists() else 'nothing is kept'}", err=True)
        raise


def report(job: Job, done: Done, classifier: TaxonomyClassifier) -> None:
    """Say on stderr what became of the rows, and what is unlike the training catalog."""
    tally, name = done.tally, job.out if job.shard is None else f"{job.out}, shard {job.shard.name}"
    statuses = ", ".join(f"{n:,} {status}" for status, n in sorted(tally.by_status.items()))
    typer.echo(f"{name}: {tally.n_rows:,} rows ({statuses or 'none'})", err=True)
    if tally.by_verdict:
        verdicts = ", ".join(f"{verdict} {n:,}" for verdict, n in tally.by_verdict.most_common())
        typer.echo(f"{name}: {verdicts}", err=True)
    rejected = Counter({Fault(code): n for code, n in tally.rejected.items()})  # by workers too
    counts = replace(done.counts, rejected=rejected)
    kept = rejects_path(job.out) if job.shard is None else parts_folder(job.out)
    report_counts(" ".join(job.sources), counts, kept)
    if done.n_repeated_ids:
        typer.echo(f"{plural(done.n_repeated_ids, 'row')} with the id of a row before", err=True)
    for column, n in tally.by_category.most_common(N_TOP):
        path = SEPARATOR.join(classifier.taxonomy_.path(column))
        typer.echo(f"{100 * n / tally.n_rows:5.1f} %  {path}", err=True)
    asked = job.request
    are_best = asked.under is None and not asked.exclude
    for alarm in find_drift(tally, classifier, are_best=are_best):
        typer.echo(f"unlike the training catalog: {alarm}", err=True)
