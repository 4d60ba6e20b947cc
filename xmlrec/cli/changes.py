"""``xmlrec taxonomy add|examples|rename|move|remove|merge|update|log|diff|rollback``."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import JsonOption, ModelOption
from xmlrec.cli.taxonomy import find, open_taxonomy

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier, Version
    from xmlrec.taxonomy import Taxonomy
    from xmlrec.taxonomy.changes import Change

N_SHOWN = 10
"""Changes of a kind that are shown before an update."""

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a category, or its path")]


def open_model(model: Path) -> "TaxonomyClassifier":
    """Open a model to change its taxonomy; what was trained is left alone, and not checked."""
    from xmlrec.cli.compiling import announce_compilation
    from xmlrec.models import TaxonomyClassifier

    classifier = TaxonomyClassifier.load(model, verify=False)
    announce_compilation()
    return classifier


def label_id(classifier: "TaxonomyClassifier", text: str) -> str:
    """Return the id that ``text`` is, or that of the category whose path it is."""
    taxonomy = classifier.taxonomy_
    return text if text in taxonomy else taxonomy.ids[find(taxonomy, text)]


def report(version: "Version") -> None:
    """Print what was done."""
    typer.echo(f"version {version.number}: {version.text}")


def add(
    model: ModelOption,
    path: Annotated[str | None, typer.Argument(metavar="PATH", help="A > B > New")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="CSV: path[,id,definition,aliases,examples]; all or none"
        ),
    ] = None,
    id: Annotated[str | None, typer.Option("--id", help="Default: made from the path")] = None,
    definition: Annotated[str, typer.Option(help="What belongs there")] = "",
    alias: Annotated[list[str] | None, typer.Option(help="Another name; repeatable")] = None,
    example: Annotated[
        list[str] | None, typer.Option(help="Text of an item that belongs there; repeatable")
    ] = None,
) -> None:
    """Add a category, which is found from then on; its parent must be there."""
    from xmlrec.taxonomy.change_files import read_new_categories

    if (path is None) == (file is None):
        raise typer.BadParameter("give either a PATH or --from FILE")
    if file is not None:
        if id or definition or alias or example:
            raise typer.BadParameter("--id, --definition, --alias and --example go with a PATH")
        rows = read_new_categories(file)
        classifier = open_model(model)
        classifier.add_categories(rows, source=file.name)
    else:
        classifier = open_model(model)
        classifier.add_category(
            path or "", id=id, definition=definition, aliases=alias or (), examples=example or ()
        )
    report(classifier.log()[-1])


def examples(
    category: IdArgument,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Catalog, or .txt with one text a line")
    ],
    model: ModelOption,
) -> None:
    """Give a category texts of items that belong there."""
    classifier = open_model(model)
    texts = list(read_texts(file, classifier.settings.text))
    report(classifier.add_examples(label_id(classifier, category), texts))


def read_texts(file: str, fields: tuple[str, ...]) -> Iterator[str]:
    """Yield the text of each row of a catalog, or the lines of a text file.

    A row that cannot be read is an error: nothing is done by halves.
    """
    from xmlrec.catalog import CatalogSettings, Reject, read_catalog
    from xmlrec.errors import InputError
    from xmlrec.taxonomy.formats.draft import read_text

    if file.lower().endswith((".txt", ".txt.gz")):
        yield from read_text(Path(file)).splitlines()
        return

    def refuse(reject: Reject) -> None:
        raise InputError(f"{reject.source}:{reject.line}", reject.message, "correct the row")

    with read_catalog(file, CatalogSettings(model_text=fields), refuse) as reader:
        for row in reader:
            yield " ".join(row.fields[name] for name in fields if row.fields.get(name))


def rename(
    category: IdArgument,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    model: ModelOption,
) -> None:
    """Give a category another name; the old one still resolves."""
    classifier = open_model(model)
    report(classifier.rename(label_id(classifier, category), name))


def move(
    category: IdArgument,
    model: ModelOption,
    parent: Annotated[
        str | None, typer.Argument(metavar="PARENT", help="Id of the new parent, or its path")
    ] = None,
    top: Annotated[bool, typer.Option("--top", help="Make it a root")] = False,
) -> None:
    """Put a category, and what is below it, below another parent."""
    if (parent is None) != top:
        raise typer.BadParameter("give either a PARENT or --top")
    classifier = open_model(model)
    parents = () if parent is None else (label_id(classifier, parent),)
    report(classifier.move(label_id(classifier, category), parents))


def remove(
    categories: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids of categories, or their paths")
    ],
    model: ModelOption,
) -> None:
    """Take categories out of use; those below them must be among them."""
    classifier = open_model(model)
    ids = [label_id(classifier, category) for category in categories]
    report(classifier.remove(ids[0] if len(ids) == 1 else ids))


def merge(
    categories: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids of categories, or their paths")
    ],
    into: Annotated[str, typer.Option(metavar="ID", help="The category that they become")],
    model: ModelOption,
) -> None:
    """Answer with another category where it was one of these, which are no more."""
    classifier = open_model(model)
    ids = [label_id(classifier, category) for category in categories]
    report(classifier.merge(ids, label_id(classifier, into)))


def update(
    release: Annotated[
        Path, typer.Argument(metavar="NEWFILE", help="Taxonomy file of the new release")
    ],
    model: ModelOption,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV old,new of ids or paths; or Shopify's mapping"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show all changes")] = False,
) -> None:
    """Make the categories those of a new release; what changes is shown before it is done."""
    from xmlrec.errors import ChangeError
    from xmlrec.taxonomy.change_files import read_mapping
    from xmlrec.taxonomy.change_sets import Update, replay
    from xmlrec.taxonomy.changes import count, tally

    new = open_taxonomy(release, strict=False)
    classifier = open_model(model)
    before = classifier.view.state
    targets = None
    if mapping is not None:
        targets, unknown = read_mapping(mapping, before.taxonomy, new)
        if unknown:
            rows = count(len(unknown), "row")
            typer.echo(f"{mapping}: {rows} of categories that the model lacks not used", err=True)
    changes = classifier.plan_update(new, targets)
    after = replay(before, [Update(str(release), tuple(changes))]).taxonomy
    for line in change_lines(changes, before.taxonomy, after, None if dry_run else N_SHOWN):
        typer.echo(line)
    typer.echo(f"{release}: {tally(changes)}", err=True)
    if dry_run or not changes:
        return
    if not yes and not is_terminal():
        raise ChangeError("nothing was changed", "give --yes to make these changes")
    if not yes:
        typer.confirm("Make these changes?", abort=True, err=True)
    report(classifier.update_taxonomy(new, targets))


def is_terminal() -> bool:
    """Say whether there is somebody to ask."""
    return sys.stdin is not None and sys.stdin.isatty()


def change_lines(
    changes: "Sequence[Change]", before: "Taxonomy", after: "Taxonomy", limit: int | None
) -> Iterator[str]:
    """Yield a line for each change, or for the first ``limit`` of each kind."""
    n_of_kind: dict[str, int] = {}
    for change in changes:
        n_of_kind[change.done] = n = n_of_kind.get(change.done, 0) + 1
        if limit is None or n <= limit:
            yield change.text(before, after)
    for done, n in n_of_kind.items():
        if limit is not None and n > limit:
            yield f"... and {n - limit:,} more {done}"


def log(model: ModelOption, as_json: JsonOption = False) -> None:
    """Print the versions of a model's taxonomy, the oldest first."""
    from xmlrec.models import read_lineage, version_to_json

    lineage = read_lineage(model)
    if as_json:
        for version in lineage.log:
            typer.echo(json.dumps(version_to_json(version), ensure_ascii=False))
        return
    typer.echo(f"0  {'':20}  first training: {len(lineage.origin):,} categories")
    for version in lineage.log:
        typer.echo(f"{version.number}  {version.time:20}  {version.text}")


def diff(
    version_a: Annotated[int, typer.Argument(metavar="A", help="Number of a version")],
    model: ModelOption,
    version_b: Annotated[
        int | None, typer.Argument(metavar="B", help="Default: the version in use")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what differs in version B from version A."""
    from xmlrec.models import read_lineage
    from xmlrec.taxonomy.change_sets import change_to_json
    from xmlrec.taxonomy.changes import tally
    from xmlrec.taxonomy.releases import diff_states

    lineage = read_lineage(model)
    before, after = lineage.state(version_a), lineage.state(version_b)
    changes = diff_states(before, after)
    if as_json:
        for change in changes:
            typer.echo(json.dumps(change_to_json(change), ensure_ascii=False))
        return
    for line in change_lines(changes, before.taxonomy, after.taxonomy, None):
        typer.echo(line)
    typer.echo(tally(changes), err=True)


def rollback(
    version: Annotated[int, typer.Argument(metavar="VERSION", help="Number of a version")],
    model: ModelOption,
) -> None:
    """Make a new version whose categories are those of an older one."""
    report(open_model(model).rollback(version))


COMMANDS = (add, examples, rename, move, remove, merge, update, log, diff, rollback)
