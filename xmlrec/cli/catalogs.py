"""Reading whole labelled catalogs for training and measuring, with rejects counted and kept."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from xmlrec.catalog import (
    CatalogSettings,
    Fault,
    ReadCounts,
    Reject,
    RejectsWriter,
    read_catalog,
)
from xmlrec.errors import InputError, TrainingError

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier
    from xmlrec.taxonomy import Refusal

N_SHOWN = 3


def check_not_input(path: str, *inputs: str | Path | None) -> None:
    """Raise `InputError` if a file that is to be written is one of those that are read."""
    for name in inputs if os.path.exists(path) else ():
        if name is not None and os.path.exists(name) and os.path.samefile(path, name):
            raise InputError(path, f"it would be written over while {name} is read")


class Rejects:
    """Collects rejects; writes them to a file, if one is given, and shows the first on stderr."""

    def __init__(self, writer: RejectsWriter | None = None) -> None:
        self._writer = writer
        self.path = None if writer is None else writer.path
        self.n = 0

    def __call__(self, reject: Reject) -> None:
        """Take one reject."""
        self.n += 1
        if self.n <= N_SHOWN:
            place = f"{reject.source}:{reject.line}"
            typer.echo(f"rejected {place}: {reject.code}: {reject.message}", err=True)
        if self._writer is not None:
            self._writer(reject)


class KeptRejects(Rejects):
    """Collects rejects in memory, for whoever writes them later; shows the first on stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Reject] = []

    def __call__(self, reject: Reject) -> None:
        """Take one reject."""
        super().__call__(reject)
        self.kept.append(reject)


class LabelledCatalog(NamedTuple):
    """A whole catalog in memory: items for `TaxonomyClassifier.fit`, and where they stand."""

    source: str
    items: list[Mapping[str, Any]]
    places: list[tuple[str, int, int]]
    """File, line and byte of each item."""
    text: tuple[str, ...]


def read_labelled(
    catalog: str, settings: CatalogSettings, rejects: Rejects | None = None
) -> LabelledCatalog:
    """Read a catalog whose rows name their category paths.

    Rows that cannot be used are counted on stderr and given to ``rejects``.

    Raises
    ------
    InputError
        If the file cannot be read, or breaks off: half a catalog is not trained on.
    """
    rejects = rejects or Rejects()
    with read_catalog(catalog, settings, rejects) as reader:
        labelled = LabelledCatalog(catalog, [], [], reader.columns.text)
        for row in reader:
            labelled.items.append({**row.fields, "id": row.id, "paths": row.paths})
            labelled.places.append((reader.source, row.line, row.byte))
        report_counts(catalog, reader.counts, rejects.path)
        return labelled


@contextmanager
def naming(catalog: str) -> Iterator[None]:
    """Put the file's name in front of what is wrong with its rows as a whole."""
    try:
        yield
    except TrainingError as error:
        raise TrainingError(f"{catalog}: {error}") from None


def report_counts(source: str, counts: ReadCounts, rejects: str | Path | None) -> None:
    """Say on stderr how many rows were rejected and repaired, by code, and how many skipped."""
    if counts.n_skipped:
        typer.echo(
            f"{source}: {plural(counts.n_skipped, 'row')} skipped, which are variants or pictures "
            "of the product above",
            err=True,
        )
    for what, by_code in (("rejected", counts.rejected), ("repaired", counts.repaired)):
        if by_code:
            codes = ", ".join(f"{code} {n:,}" for code, n in sorted(by_code.items()))
            kept = f"; kept in {rejects}" if what == "rejected" and rejects else ""
            n_rows = plural(by_code.total(), "row")
            typer.echo(f"{source}: {n_rows} {what} ({codes}){kept}", err=True)


def report_training(
    classifier: "TaxonomyClassifier",
    model: Path,
    catalog: LabelledCatalog,
    *,
    has_file: bool,
) -> None:
    """Say on stderr what a model was made of, and what of the catalog was not used."""
    typer.echo(
        f"{model}: {classifier.n_items_:,} items, "
        f"{int(classifier.taxonomy_.is_active.sum()):,} categories, "
        f"{int((classifier.label_counts_ > 0).sum()):,} of them with items",
        err=True,
    )
    if n_unused := len(catalog.items) - classifier.n_items_:
        typer.echo(f"{plural(n_unused, 'row')} without text or category not used", err=True)
    is_empty_leaf = classifier.taxonomy_.is_leaf & (classifier.label_counts_ == 0)
    if n_empty := int(is_empty_leaf.sum()):
        n_named = int((is_empty_leaf & classifier.is_findable).sum())
        found = f"{n_named:,} found by name, {n_empty - n_named:,} not to be found"
        typer.echo(f"leaf categories without items: {n_empty:,} ({found})", err=True)
    if classifier.added_ and has_file:
        shown = ", ".join(repr(path) for path in classifier.added_[:N_SHOWN])
        n_added = len(classifier.added_)
        typer.echo(f"categories added to the file's: {n_added:,}, such as {shown}", err=True)


def reject_paths(
    refused: "Sequence[tuple[int, str, Refusal]]", catalog: LabelledCatalog, rejects: Rejects
) -> None:
    """Hand paths that have no category to ``rejects``, and count them on stderr."""
    for item, path, refusal in refused:
        source, line, byte = catalog.places[item]
        code = Fault(refusal.code)
        rejects(Reject(source, line, byte, code, refusal.message, raw=path))
    if refused:
        by_code = Counter(refusal.code for _, _, refusal in refused)
        codes = ", ".join(f"{code} {n:,}" for code, n in sorted(by_code.items()))
        n_paths = plural(len(refused), "path")
        typer.echo(
            f"{catalog.source}: {n_paths} left out ({codes}); kept in {rejects.path}", err=True
        )


def plural(n: int, noun: str) -> str:
    """Return ``1 row`` or ``2 rows``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
