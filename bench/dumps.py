"""Catalog dumps of any size, made of the test rows of a set: repeated, with fresh ids and edits."""

import csv
import gzip
import io
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

COLUMNS = ("id", "title", "description")
CASES = (str.upper, str.lower, str.title)
BROKEN = "one field too many"


def write_dump(
    rows: Sequence[dict], path: Path, n_rows: int, *, seed: int = 0, break_every: int = 0
) -> None:
    """Write ``n_rows`` rows to a ``.csv.gz``; a smaller dump of the same seed is its beginning.

    Every ``break_every``-th row, if any, has a field too many, so that it is to be rejected.
    """
    rng = random.Random(seed)
    with open_text(path) as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for number in range(n_rows):
            row = rows[number % len(rows)]
            fields = [row_id(number), *edited(row, rows, rng)]
            if break_every and (number + 1) % break_every == 0:
                fields.append(BROKEN)
            writer.writerow(fields)


def write_rows(rows: Sequence[dict], path: Path) -> None:
    """Write the rows as they are, with their numbers as ids."""
    with open_text(path) as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for number, row in enumerate(rows):
            writer.writerow((row_id(number), row["title"], row["description"]))


def row_id(number: int) -> str:
    return f"{number:09d}"


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Give a text file that is compressed into the same bytes every time."""
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as out,
    ):
        yield out


def edited(row: dict, rows: Sequence[dict], rng: random.Random) -> tuple[str, str]:
    """Return title and description as another shop might write them."""
    title = edit_words(row["title"], rows, rng)
    if rng.random() < 0.3:
        title = rng.choice(CASES)(title)
    if rng.random() < 0.5:
        title = f"{title} {chr(rng.randrange(65, 91))}{rng.randrange(100, 100_000)}"
    description = row["description"]
    return title, edit_words(description, rows, rng) if description else description


def edit_words(text: str, rows: Sequence[dict], rng: random.Random) -> str:
    """Return a text without one of its words, with a word of another title, or as it was."""
    words = text.split(" ")
    draw, place = rng.random(), rng.randrange(len(words))
    if draw < 0.3 and len(words) > 2:
        del words[place]
    elif draw < 0.6:
        other = rng.choice(rows)["title"].split()
        words.insert(place, rng.choice(other) if other else "new")
    return " ".join(words)
