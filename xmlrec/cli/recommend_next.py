"""``xmlrec recommend next``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from xmlrec.cli.options import JsonOption, ModelOption, ThreadsOption
from xmlrec.cli.recommend_options import (
    CalibrateOption,
    CapOption,
    DiversifyOption,
    ExcludeItemsOption,
    ItemsOption,
    LevelOption,
    SeenOption,
    WithinOption,
    choose_reranking,
    excluded_ids,
    split_ids,
)

if TYPE_CHECKING:
    from rich.text import Text

    from xmlrec.recommend import Explanation, Recommendations, RecommendedItem
    from xmlrec.recommend.parts import Parts

N_SHOWN = 5
"""Items of the session, and sessions, that an explanation names."""


def next_items(
    model: ModelOption,
    session: Annotated[
        str, typer.Option("--session", metavar="IDS", help="Items so far, the last one last: a,b,c")
    ],
    k: ItemsOption = 20,
    within: WithinOption = None,
    exclude: ExcludeItemsOption = None,
    exclude_seen: SeenOption = None,
    diversify: DiversifyOption = 0.0,
    calibrate: CalibrateOption = 0.0,
    cap: CapOption = None,
    level: LevelOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for each item")] = False,
    as_json: JsonOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Print the items that come next in one session; without any that is known, popular ones."""
    from xmlrec.cli.catalogs import plural
    from xmlrec.cli.compiling import announce_recommending
    from xmlrec.recommend import SessionRecommender

    reranking = choose_reranking(diversify, calibrate, cap, level)
    recommender = SessionRecommender.load(model, n_threads=threads)
    announce_recommending()
    (answer,) = recommender.recommend(
        {"session": split_ids(session)},
        k,
        within=within,
        exclude=excluded_ids(exclude),
        exclude_seen=exclude_seen,
        reranking=reranking,
        explain=explain,
    )
    if answer.n_unknown:
        passed = plural(answer.n_unknown, "item")
        typer.echo(f"{passed} of the session passed over: unknown to the model", err=True)
    if answer.reason is not None:
        typer.echo(
            f"{plural(len(answer.items), 'item')} instead of {k:,}: {answer.reason}", err=True
        )
    if as_json:
        typer.echo(json.dumps(answer.to_json(), ensure_ascii=False))
    else:
        print_items(answer, recommender.parts)


def print_items(answer: "Recommendations", parts: "Parts") -> None:
    """Print items as a table, and below it why they have their scores."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "item", "title", "path", "score", box=None)
    for column in (0, 4):
        table.columns[column].justify = "right"
    for rank, item in enumerate(answer.items, start=1):
        column = parts.items.column(item.item_id)
        title, path = parts.items.fields[column].get("title", ""), shown_path(parts, column)
        table.add_row(*plain(str(rank), item.item_id, title, path, f"{item.score:.3f}"))
    Console().print(table)
    for item in answer.items:
        if item.explanation is not None:
            typer.echo(explained(item, item.explanation))


def plain(*texts: str) -> "list[Text]":
    """Return cells that show brackets as they are, instead of reading them as markup."""
    from rich.text import Text

    return [Text(text) for text in texts]


def shown_path(parts: "Parts", column: int) -> str:
    """Return the likeliest path of an item, with its probability where it is predicted."""
    from xmlrec.recommend.explaining import likeliest_path
    from xmlrec.taxonomy import SEPARATOR

    path = SEPARATOR.join(likeliest_path(parts, column))
    if not path or not parts.items.is_predicted[column]:
        return path
    return f"{path} ({100 * parts.items.P[[column]].max():.0f} %)"


def explained(item: "RecommendedItem", why: "Explanation") -> str:
    """Return the terms of a score as indented lines, and whose evidence it was."""
    lines = [f"  why {item.item_id}"]
    lines += [f"    {value:+9.3f}  {name}" for name, value in why.terms.items() if is_shown(value)]
    lines.append(f"    {item.score:+9.3f}  sum")
    for what, evidence in (("because of", why.because), ("sessions like it", why.neighbours)):
        if evidence:
            named = ", ".join(f"{name} {100 * share:.0f} %" for name, share in evidence[:N_SHOWN])
            lines.append(f"    {what}: {named}")
    return "\n".join(lines)


def is_shown(value: float) -> bool:
    """Say whether a number has a digit that is printed."""
    return abs(value) >= 0.0005
