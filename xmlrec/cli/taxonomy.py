"""``xmlrec taxonomy show|search|lint``; `xmlrec.cli.changes` has those that change one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import JsonOption

if TYPE_CHECKING:
    from xmlrec.taxonomy import Taxonomy

taxonomy_app = typer.Typer(
    help="Look into a taxonomy file or a model's taxonomy, and change that of a model.",
    no_args_is_help=True,
)

SourceArgument = Annotated[
    Path, typer.Argument(metavar="FILE-OR-MODEL", help="Taxonomy file or model directory")
]


def open_taxonomy(source: Path, *, strict: bool = True) -> "Taxonomy":
    """Return the taxonomy of a file, or the one that a model uses now."""
    from xmlrec.models import read_lineage
    from xmlrec.taxonomy import read_taxonomy

    if source.is_dir():
        return read_lineage(source).state().taxonomy
    return read_taxonomy(source, strict=strict)


@taxonomy_app.command()
def show(
    source: SourceArgument,
    under: Annotated[str | None, typer.Option(metavar="PATH", help="Only below A > B")] = None,
    depth: Annotated[int, typer.Option(min=1, help="Levels to show")] = 2,
) -> None:
    """Print the categories as an indented tree."""
    taxonomy = open_taxonomy(source)
    top = [int(root) for root in taxonomy.roots] if under is None else [find(taxonomy, under)]
    stack = [(column, 0) for column in reversed(top)]
    while stack:
        column, level = stack.pop()
        children = taxonomy.children(column).tolist()
        hidden = f"  ({len(children)} below)" if children and level + 1 == depth else ""
        typer.echo(f"{'  ' * level}{taxonomy.names[column]}  [{taxonomy.ids[column]}]{hidden}")
        if level + 1 < depth:
            stack += [(child, level + 1) for child in reversed(children)]


def find(taxonomy: "Taxonomy", path: str) -> int:
    """Return the column of ``A > B``, an id or a root's name, in use now."""
    from xmlrec.errors import ChangeError, UnknownLabelError
    from xmlrec.taxonomy import PathResolver, split_path

    elements = split_path(path)
    found = PathResolver(taxonomy).resolve(elements)
    if found.column < 0 or found.n_resolved < len(elements):
        raise UnknownLabelError(path, taxonomy.source)
    if not taxonomy.is_active[found.column]:
        raise ChangeError(f"category {path!r} was removed")
    return found.column


@taxonomy_app.command()
def search(
    source: SourceArgument,
    words: Annotated[list[str], typer.Argument(help="All must occur in the path")],
    as_json: JsonOption = False,
) -> None:
    """Print the categories whose path holds all WORDS, case aside."""
    taxonomy = open_taxonomy(source)
    wanted = [word.casefold() for word in words]
    for column in taxonomy.is_active.nonzero()[0].tolist():
        label_id, path = taxonomy.ids[column], taxonomy.path_text(column)
        if all(word in path.casefold() for word in wanted):
            row = {"category_id": label_id, "path": list(taxonomy.path(column))}
            typer.echo(json.dumps(row, ensure_ascii=False) if as_json else f"{label_id}\t{path}")


@taxonomy_app.command()
def lint(source: SourceArgument, as_json: JsonOption = False) -> None:
    """Print every problem at once; exit 1 if any of them is an error."""
    from dataclasses import asdict

    from xmlrec.taxonomy import lint_file

    problems = open_taxonomy(source).lint() if source.is_dir() else lint_file(source)
    for problem in problems:
        text = json.dumps(asdict(problem), ensure_ascii=False)
        typer.echo(text if as_json else f"{problem.severity}: {problem}")
    n_errors = sum(problem.severity == "error" for problem in problems)
    typer.echo(f"{n_errors} errors, {len(problems) - n_errors} warnings", err=True)
    raise typer.Exit(1 if n_errors else 0)
