"""All commands, and what becomes of an error.

Nothing here imports numpy: a command imports what it needs when it runs.
"""

import io
import logging
import signal
import sys
from typing import Annotated

import typer

from xmlrec.cli import changes
from xmlrec.cli.categorize import categorize
from xmlrec.cli.classify import classify
from xmlrec.cli.compiling import provide_cache
from xmlrec.cli.demo import demo
from xmlrec.cli.evaluate import evaluate
from xmlrec.cli.model import info, schema, verify
from xmlrec.cli.recommend import recommend_app
from xmlrec.cli.taxonomy import taxonomy_app
from xmlrec.cli.train import train
from xmlrec.errors import XmlrecError

app = typer.Typer(
    name="xmlrec",
    no_args_is_help=True,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
for command in (train, classify, categorize, evaluate, info, verify, schema, demo):
    app.command()(command)
for change in changes.COMMANDS:
    taxonomy_app.command()(change)
app.add_typer(taxonomy_app, name="taxonomy")
app.add_typer(recommend_app, name="recommend")


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version")] = False,
) -> None:
    """Classify product catalogs into taxonomy paths, and recommend items by them."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(version_of("xmlrec"))
        raise typer.Exit


def main() -> None:
    """Run the command line; an error that a user can act on is one line and its exit code.

    What is written is UTF-8, as the files are, whatever the locale says.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.INFO)
    for library in ("faiss", "sentence_transformers", "httpx"):  # they tell what they load
        logging.getLogger(library).setLevel(logging.WARNING)
    dask = logging.getLogger("distributed")  # it sets its own level, and tells of every worker
    dask.addHandler(logging.NullHandler())
    dask.propagate = False
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # cleans up
    provide_cache()
    try:
        app()
    except XmlrecError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except MemoryError:
        typer.echo("error: not enough memory; take fewer --threads or a smaller file", err=True)
        sys.exit(1)
