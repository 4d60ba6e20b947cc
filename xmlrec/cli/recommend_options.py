"""Options that the commands of ``xmlrec recommend`` share."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xmlrec.recommend import Reranking

EventsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="EVENTS...",
        help="Rows of session_id, item_id[, timestamp, weight]; files as of a catalog",
    ),
]
SessionColumnOption = Annotated[
    str | None,
    typer.Option("--session-column", metavar="COLUMN", help="Default: session_id, else user_id"),
]
ItemsOption = Annotated[int, typer.Option("-k", min=1, help="Items a session")]
WithinOption = Annotated[
    str | None, typer.Option("--within", metavar="PATH", help="Only items of this category")
]
ExcludeItemsOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="IDS", help="Items not to recommend; repeatable"),
]
SeenOption = Annotated[
    bool | None,
    typer.Option(
        "--exclude-seen/--include-seen",
        help="Whether a session's own items are left out; default: if sessions hardly repeat any",
        show_default=False,
    ),
]
DiversifyOption = Annotated[
    float, typer.Option("--diversify", min=0, max=1, help="How much different categories count")
]
CalibrateOption = Annotated[
    float,
    typer.Option("--calibrate", min=0, max=1, help="How much the session's categories count"),
]
CapOption = Annotated[
    int | None, typer.Option("--cap", min=1, help="Items of one category, at most")
]
LevelOption = Annotated[
    int | None,
    typer.Option("--level", min=1, help="Of the categories of --calibrate and --cap, 1 the top"),
]


def split_ids(text: str) -> list[str]:
    """Return the ids between commas; one that holds a comma or blanks at its ends is in quotes."""
    import csv

    return [
        item_id for row in csv.reader([text], skipinitialspace=True) for item_id in row if item_id
    ]


def excluded_ids(exclude: list[str] | None) -> tuple[str, ...]:
    """Return the ids of all ``--exclude``."""
    return tuple([item_id for text in exclude or () for item_id in split_ids(text)])


def choose_reranking(
    diversify: float, calibrate: float, cap: int | None, level: int | None
) -> "Reranking | None":
    """Return how lists are made, None if they are the best items; `OptionError` as `Reranking`."""
    from xmlrec.errors import OptionError
    from xmlrec.recommend import Reranking

    if not diversify and not calibrate and cap is None:
        if level is not None:
            step = "give one of them too"
            raise OptionError("--level", "it is of the categories of --calibrate and --cap", step)
        return None
    return Reranking(diversify=diversify, calibrate=calibrate, cap=cap, level=level)
