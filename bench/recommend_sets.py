"""Events and item catalogs for next-item recommendation, and the files that a user would have.

What is asked differs by set. Candidates are always all items of the catalog and of the events.
"""

import csv
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.datasets import WORK, data_file, load_text_set
from bench.recommend_rows import Rows

LEVELS = ("department", "product_category", "product_type")
TUNING_SHARE = 0.05  # of the sessions, the latest, where sessions are short
TUNING_QUERIES = 5_000  # at most
LATER_SHARE = 0.1  # of the events that are after the split by time
HISTORY = 50  # events of a household that a query knows

Event = tuple[int, str]  # the column of an item; the time as the file writes it, or ""
History = Sequence[Event]


@dataclass(frozen=True)
class Split:
    """Sessions to learn from, and queries: a history each, the next item, and its session."""

    train: Sequence[History]
    queries: Sequence[History]
    targets: np.ndarray
    sessions: np.ndarray

    @classmethod
    def of(cls, train: Sequence[History], asked: Sequence[tuple[int, History, int]]) -> "Split":
        """Return the split whose queries are ``(session, history, target)``."""
        sessions, queries, targets = zip(*asked, strict=True)
        return cls(train, queries, np.array(targets, np.int32), np.array(sessions, np.int64))

    def thinned(self, n_queries: int) -> "Split":
        """Return the split with every n-th query, so that at most ``n_queries`` are left."""
        step = -(-len(self.queries) // n_queries)
        return Split(self.train, self.queries[::step], self.targets[::step], self.sessions[::step])


@dataclass(frozen=True)
class EventSet:
    """A set: the split that is measured, and one of its training events for choices of settings.

    ``item_ids`` are those of the rows of ``catalog``, then those that only events name.
    """

    name: str
    item_ids: Sequence[str]
    catalog: Sequence[dict]
    final: Split
    tuning: Split
    may_repeat: bool

    @cached_property
    def digest(self) -> str:
        """The sha256 of everything."""
        digest = hashlib.sha256(repr((self.item_ids, self.catalog, self.may_repeat)).encode())
        for split in (self.final, self.tuning):
            digest.update(repr((split.train, split.queries)).encode())
            digest.update(split.targets.tobytes())
        return digest.hexdigest()

    def folder(self) -> Path:
        """Return the folder of ``events.csv``, ``items.jsonl``, ``queries.csv`` and the arrays.

        It is written at the first call. Only ``tuning.npz`` has targets.
        """
        folder = WORK / "recommend" / f"{self.name}-{self.digest[:16]}"
        if not folder.exists():
            aside = folder.with_name(f"{folder.name}.{os.getpid()}")
            aside.mkdir(parents=True)
            self.write_events(self.final.train, aside / "events.csv")
            self.write_events(self.final.queries, aside / "queries.csv")
            lines = [json.dumps(row, ensure_ascii=False) for row in self.catalog]
            (aside / "items.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
            np.savez(aside / "final.npz", **arrays(self.final))
            np.savez(aside / "tuning.npz", **arrays(self.tuning), targets=self.tuning.targets)
            aside.rename(folder)
        return folder

    def write_events(self, histories: Sequence[History], path: Path) -> None:
        """Write a line an event; sessions are called by their number."""
        has_times = any(time for history in histories for _, time in history)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("session_id", "item_id", "timestamp")[: 2 + has_times])
            for session, history in enumerate(histories):
                for item, time in history:
                    writer.writerow((session, self.item_ids[item], time)[: 2 + has_times])


def arrays(split: Split) -> dict[str, np.ndarray]:
    """Return what the peers get of a split."""
    train, queries = (Rows.of(list(map(items_of, rows))) for rows in (split.train, split.queries))
    return {
        "train_indptr": train.indptr,
        "train_items": train.items,
        "query_indptr": queries.indptr,
        "query_items": queries.items,
    }


def items_of(history: History) -> list[int]:
    return [item for item, _ in history]


def load_recommend_set(name: str) -> EventSet:
    """Return one of `RECOMMEND_SETS`."""
    return LOADERS[name]()


def load_diginetica() -> EventSet:
    """Read click sessions in the order of their dates; those of the last week are asked.

    Every prefix of such a session is a query, for the item that came next.
    """
    path = data_file("diginetica", "item_category.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    catalog = [{"id": row["item_id"], "paths": [[row["category_id"]]]} for row in rows]
    columns = columns_of(catalog)
    train, test = (
        [[(columns[item], "") for item in items] for items in read_lines("diginetica", file)]
        for file in ("train_sessions.txt.gz", "test_sessions.txt.gz")
    )
    early = round(len(train) * (1 - TUNING_SHARE))
    tuning = every_prefix(train[:early], train[early:]).thinned(TUNING_QUERIES)
    final = every_prefix(train, test)
    return EventSet("diginetica", tuple(columns), catalog, final, tuning, may_repeat=True)


def load_amazon_sports() -> EventSet:
    """Read purchase histories; the last item of each is asked, and never one that came before.

    The file has no times; purchases of one day keep its order.
    """
    texts = load_text_set("amazon-sports")
    catalog = [
        {name: row[name] for name in ("id", "title", "brand", "paths")}
        for row in sorted(texts.train + texts.test, key=lambda row: int(row["id"]))
    ]
    columns = columns_of(catalog)
    users = [
        [(columns[item], "") for item in items]
        for _, *items in read_lines("amazon-sports", "sequences.txt.gz")
    ]
    final = last_left_out(users)
    tuning = last_left_out(final.train).thinned(TUNING_QUERIES)
    return EventSet("amazon-sports", tuple(columns), catalog, final, tuning, may_repeat=False)


def load_completejourney() -> EventSet:
    """Read histories of households; the first item that each buys after a date is asked.

    Items of one basket share their time and keep the order of the file.
    """
    catalog = list(map(product_row, read_table("products.csv.gz")))
    columns = columns_of(catalog)
    households: dict[str, list[Event]] = {}
    bought = read_table("transactions_sample.csv.gz")
    for row in sorted(bought, key=lambda row: row["transaction_timestamp"]):
        column = columns.setdefault(row["product_id"], len(columns))
        event = column, row["transaction_timestamp"]
        households.setdefault(row["household_id"], []).append(event)
    final = next_after_date(list(households.values()))
    tuning = next_after_date(final.train)
    return EventSet("completejourney", tuple(columns), catalog, final, tuning, may_repeat=True)


LOADERS: dict[str, Callable[[], EventSet]] = {
    "diginetica": load_diginetica,
    "amazon-sports": load_amazon_sports,
    "completejourney": load_completejourney,
}
RECOMMEND_SETS = tuple(LOADERS)


def read_lines(name: str, file: str) -> Iterator[list[str]]:
    with gzip.open(data_file(name, file), "rt", encoding="ascii") as lines:
        yield from map(str.split, lines)


def read_table(file: str) -> Iterator[dict[str, str]]:
    path = data_file("completejourney", file)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def columns_of(catalog: Sequence[dict]) -> dict[str, int]:
    return {row["id"]: column for column, row in enumerate(catalog)}


def product_row(row: dict[str, str]) -> dict:
    """Return the row of a grocery product, which has no name but its type."""
    path = [row[level] for level in LEVELS if row[level]]
    title = f"{row['product_type']} {row['package_size']}".strip()
    return {"id": row["product_id"], "title": title, "brand": row["brand"], "paths": [path]}


def every_prefix(train: Sequence[History], test: Sequence[History]) -> Split:
    """Ask for every event of the test sessions but the first."""
    asked = [
        (session, history[:length], history[length][0])
        for session, history in enumerate(test)
        for length in range(1, len(history))
    ]
    return Split.of(train, asked)


def last_left_out(sessions: Sequence[History]) -> Split:
    """Ask for the last event of every session, and learn from all before."""
    train = [history[:-1] for history in sessions]
    asked = [
        (session, history[:-1], history[-1][0])
        for session, history in enumerate(sessions)
        if len(history) > 1
    ]
    return Split.of(train, asked)


def next_after_date(sessions: Sequence[History]) -> Split:
    """Ask for the first event of every session after a date, and learn from all before it.

    Sessions that begin after the date are left out; the others know their last `HISTORY` events.
    """
    times = sorted(time for history in sessions for _, time in history)
    date = times[round(len(times) * (1 - LATER_SHARE))]
    train, asked = [], []
    for history in sessions:
        n_before = sum(time < date for _, time in history)
        if 0 < n_before < len(history):
            asked.append((len(train), history[:n_before][-HISTORY:], history[n_before][0]))
        if n_before:
            train.append(history[:n_before])
    return Split.of(train, asked)
