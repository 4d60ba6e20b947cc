"""``xmlrec demo``."""

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "Wireless gaming mouse, 16000 DPI, RGB",
    "Stainless steel cordless kettle 1.7 L",
    "Waterproof hiking boots for women",
    "Wooden train set for toddlers",
    "Garden hose with spray nozzle",
)
NEW_PATH = "Electronics > Computers > Input Devices > Trackballs"
NEW_EXAMPLE = "Trackball, 8 buttons, 2.4 GHz"
WITHIN = "Electronics"
N_RECOMMENDED = 3


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo's files go")] = Path("demo"),
) -> None:
    """Make a shop up, train on its catalog, classify, add a category, categorize, recommend."""
    from xmlrec.cli.categorize import categorize
    from xmlrec.cli.changes import add
    from xmlrec.cli.classify import classify
    from xmlrec.cli.evaluate import evaluate
    from xmlrec.cli.train import train
    from xmlrec.demo import write_demo
    from xmlrec.errors import InputError

    model, out = folder / "model", folder / "categorized.csv"
    try:
        counts = write_demo(folder)
    except OSError as error:
        raise InputError(str(folder), f"it cannot be written ({error.strerror})") from None
    for name, n in counts.items():
        typer.echo(f"made {folder / name}: {n:,} rows", err=True)

    train_file, test_file, dump = (
        str(folder / name) for name in ("train.jsonl", "test.jsonl", "dump.csv")
    )
    options = f"--taxonomy {folder}/taxonomy.csv --model {model}"
    heading("train", f"xmlrec train {train_file} {options}")
    timed(lambda: train(train_file, model, taxonomy=folder / "taxonomy.csv"))
    heading("classify", f'xmlrec classify "{EXAMPLES[0]}" ... --model {model} -k 3')
    timed(lambda: classify(list(EXAMPLES), model, k=3))
    heading("evaluate", f"xmlrec evaluate {test_file} --model {model}")
    timed(lambda: evaluate(test_file, model))
    heading("add a category", f'xmlrec taxonomy add "{NEW_PATH}" --model {model}')
    timed(lambda: add(model, NEW_PATH))
    heading("classify into it", f'xmlrec classify "{NEW_EXAMPLE}" --model {model} -k 3')
    timed(lambda: classify([NEW_EXAMPLE], model, k=3))
    heading("categorize", f"xmlrec categorize {dump} --model {model} --out {out}")
    timed(lambda: categorize([str(dump)], model, out=str(out)))
    show_dump(dump, out)
    recommend(folder, model)


def recommend(folder: Path, classifier: Path) -> None:
    """Learn from sessions over items whose paths the classifier predicts, and recommend."""
    from xmlrec.cli.recommend import fit
    from xmlrec.cli.recommend_evaluate import evaluate
    from xmlrec.cli.recommend_next import next_items

    model, items = folder / "recommender", str(folder / "items.csv")
    events, last = str(folder / "sessions.csv"), str(folder / "last_sessions.csv")
    options = f"--catalog {items} --classifier {classifier} --model {model}"
    heading("recommend, with predicted paths", f"xmlrec recommend fit {events} {options}")
    timed(lambda: fit([events], model, catalog=items, classifier=classifier))
    session = first_items(last)
    command = f"xmlrec recommend next --session {session} --model {model} -k {N_RECOMMENDED}"
    heading("what comes next, and why", f"{command} --explain")
    timed(lambda: next_items(model, session, k=N_RECOMMENDED, explain=True))
    heading("within a category", f'{command} --within "{WITHIN}"')
    timed(lambda: next_items(model, session, k=N_RECOMMENDED, within=WITHIN))
    heading("evaluate on the last sessions", f"xmlrec recommend evaluate {last} --model {model}")
    timed(lambda: evaluate([last], model))


def first_items(events: str) -> str:
    """Return the first two items of the first session in a file, as --session has them."""
    import csv

    with open(events, encoding="utf-8", newline="") as file:
        return ",".join(event["item_id"] for event in islice(csv.DictReader(file), 2))


def heading(what: str, command: str) -> None:
    """Print the step that comes and the command that does the same."""
    typer.echo(f"\n== {what}\n$ {command}")


def timed(step: Callable[[], None]) -> None:
    """Run a step and say how long it took."""
    started = time.perf_counter()
    step()
    typer.echo(f"({time.perf_counter() - started:.1f} s)")


def show_dump(dump: str, out: Path, n_rows: int = 8) -> None:
    """Print the first rows of a dump and what became of them."""
    import csv

    from rich.console import Console
    from rich.table import Table

    from xmlrec.catalog import CatalogSettings, read_catalog

    table = Table("id", "title", "status", "sure", "category", box=None)
    table.columns[3].justify = "right"
    with (
        read_catalog(dump, CatalogSettings(), lambda reject: None) as rows,
        out.open(encoding="utf-8", newline="") as file,
    ):
        for row, result in islice(zip(rows, csv.DictReader(file), strict=False), n_rows):
            sure = f"{100 * float(result['confidence']):.0f} %" if result["confidence"] else ""
            path = result["category_path"]
            table.add_row(row.id, row.fields["title"], result["status"], sure, path)
    Console().print(table)
    typer.echo(f"... all in {out}; rows that could not be read in {out}.rejects.jsonl")
