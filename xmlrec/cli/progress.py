"""How a long run is going: a bar on a terminal, a line now and then elsewhere."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from xmlrec.batch import Tally

PROGRESS = ("auto", "bar", "lines", "json", "none")
SECONDS_BETWEEN_LINES = 10.0


class Reader(Protocol):
    """Knows how much was read."""

    @property
    def share_read(self) -> float | None:
        """How much of all, between 0 and 1; None where that is not known."""


OnPart = Callable[["Tally", Reader], None]


@dataclass(slots=True)
class Pace:
    """What was done since the run started, and how fast.

    Attributes
    ----------
    share_read : float or None
        How much of the catalog's bytes has been read, None where that is not known.
    """

    started: float = field(default_factory=lambda: time.monotonic())
    n_rows: int = 0
    n_rejects: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    share_read: float | None = None
    first_share: float | None = None

    def add(self, tally: "Tally", share_read: float | None) -> None:
        """Take what another part counts."""
        if self.first_share is None:
            self.first_share = 0.0 if share_read is None else share_read
        self.share_read = share_read
        self.n_rows += tally.n_rows
        self.n_rejects += tally.rejected.total()
        for status, n in tally.by_status.items():
            self.by_status[status] = self.by_status.get(status, 0) + n

    def facts(self) -> dict[str, Any]:
        """Return the figures of this moment; seconds that are left are None until known."""
        seconds = max(time.monotonic() - self.started, 1e-3)
        return {
            "rows": self.n_rows,
            "rejects": self.n_rejects,
            "rows_per_s": round(self.n_rows / seconds),
            "left_s": self._left_s(seconds),
            "share_read": None if self.share_read is None else round(self.share_read, 4),
            **{
                f"{status}_share": round(n / max(self.n_rows, 1), 4)
                for status, n in sorted(self.by_status.items())
            },
        }

    def _left_s(self, seconds: float) -> int | None:
        """Return what is left to read at the pace so far; what an earlier run did took no time."""
        if self.share_read is None or self.first_share is None:
            return None
        read = self.share_read - self.first_share
        return round(seconds * (1 - self.share_read) / read) if read > 0 else None


@contextmanager
def show_progress(mode: str) -> Iterator[OnPart]:
    """Give a function that shows on stderr how a run is going, each time a part is done.

    ``auto`` is a bar on a terminal and else a line every ten seconds; ``json`` gives a JSON object
    for every part.
    """
    if mode not in PROGRESS:
        raise typer.BadParameter(f"{mode!r} is not one of {', '.join(PROGRESS)}")
    if mode == "auto":
        mode = "bar" if sys.stderr is not None and sys.stderr.isatty() else "lines"
    pace = Pace()
    if mode == "bar":
        with bar() as shown:
            yield on_part(pace, shown)
    elif mode == "json":
        yield on_part(pace, lambda pace: typer.echo(json.dumps(pace.facts()), err=True))
    elif mode == "lines":
        yield on_part(pace, Lines())
    else:
        yield lambda tally, reader: None


def on_part(pace: Pace, show: Callable[[Pace], None]) -> OnPart:
    """Return a function that counts a part and shows the pace."""

    def take(tally: "Tally", reader: Reader) -> None:
        pace.add(tally, reader.share_read)
        show(pace)

    return take


class Lines:
    """Prints a line when ten seconds have gone by since the last."""

    def __init__(self) -> None:
        self._due = time.monotonic() + SECONDS_BETWEEN_LINES

    def __call__(self, pace: Pace) -> None:
        """Print a line if one is due."""
        if (now := time.monotonic()) >= self._due:
            self._due = now + SECONDS_BETWEEN_LINES
            typer.echo(told(pace), err=True)


def told(pace: Pace) -> str:
    """Return the pace as a line for people."""
    facts = pace.facts()
    parts = [f"{pace.n_rows:,} rows", f"{facts['rows_per_s']:,} a second"]
    if facts["left_s"] is not None:
        parts.append(f"{clock(facts['left_s'])} left")
    parts.append(f"{pace.n_rejects:,} rejected")
    parts += [f"{100 * n / max(pace.n_rows, 1):.0f} % {status}" for status, n in statuses(pace)]
    return ", ".join(parts)


def statuses(pace: Pace) -> list[tuple[str, int]]:
    """Return the statuses met, in the order of their names, with their rows."""
    return sorted(pace.by_status.items())


def clock(seconds: int) -> str:
    """Return ``1:02:03`` or ``2:03``."""
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


@contextmanager
def bar() -> Iterator[Callable[[Pace], None]]:
    """Show a bar of the share that is read, with `told` beside it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = BarColumn(), TaskProgressColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("opening the model", total=1.0)
        yield lambda pace: shown.update(
            task, completed=pace.share_read or 0.0, description=told(pace)
        )
