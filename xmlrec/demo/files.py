"""The demo's files: a taxonomy, labelled rows, an unlabelled dump, items and sessions."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from xmlrec.demo.catalog import make_catalog
from xmlrec.demo.product import Product
from xmlrec.demo.sessions import Event, make_sessions
from xmlrec.demo.vocabulary import taxonomy_csv

TEST_SHARE = 0.2
ITEM_COLUMNS = ("id", "title", "brand", "description")
DUMP_COLUMNS = ("id", "title", "brand", "description", "price")
BROKEN_LINES = (
    b"x-0001,Cordless kettle, stainless steel,Hearthwyn,1.7 L,29.99\n",  # a comma too many
    b"x-0002,Garden hose 20 m\n",  # ends after two fields
    b"x-0003,,,,\n",  # no text
    b"x-0004,Caf\xe9 table,Nordhult,Round table for small rooms.,89.00\n",  # Latin-1
    b'x-0005,"Arc lamp with marble base,Casavelo,Quote never closed.,119.00\n',
    b"x-0006,Desk\x00organizer,Deskwright,With six compartments.,14.95\n",
)


def write_demo(
    folder: Path, *, n: int = 6000, n_dump: int = 2000, n_sessions: int = 3000, seed: int = 0
) -> dict[str, int]:
    """Write the demo's files into a folder, by the names of what is returned.

    A fifth of every category goes to the test rows. The dump holds ``n_dump`` other products
    without labels, and a few broken lines between them. The items of the sessions are the test
    rows, in ``items.csv`` without their paths.

    Returns
    -------
    dict of str to int
        Rows per file, broken lines included, headers not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    train, test = split(make_catalog(n, seed), seed)
    taxonomy = taxonomy_csv()
    (folder / "taxonomy.csv").write_bytes(taxonomy)
    (folder / "train.jsonl").write_bytes(_json_lines(train))
    (folder / "test.jsonl").write_bytes(_json_lines(test))
    (folder / "dump.csv").write_bytes(_dump(make_catalog(n_dump, seed + 1)))
    first, last = make_sessions(test, n_sessions, seed)
    (folder / "items.csv").write_bytes(b"".join(_table(test, ITEM_COLUMNS)))
    for name, events in (("sessions.csv", first), ("last_sessions.csv", last)):
        lines = map(_csv_line, [Event._fields, *events])
        (folder / name).write_bytes(b"".join(lines))
    return {
        "taxonomy.csv": taxonomy.count(b"\n") - 1,
        "train.jsonl": len(train),
        "test.jsonl": len(test),
        "dump.csv": n_dump + len(BROKEN_LINES),
        "items.csv": len(test),
        "sessions.csv": len(first),
        "last_sessions.csv": len(last),
    }


def split(products: Sequence[Product], seed: int) -> tuple[list[Product], list[Product]]:
    """Split into train and test: a fifth of every category is test, in the catalog's order."""
    rows_of: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, product in enumerate(products):
        rows_of[tuple(product["paths"][0])].append(row)
    rng = Random(seed)
    in_test = {
        row for rows in rows_of.values() for row in rng.sample(rows, round(TEST_SHARE * len(rows)))
    }
    return (
        [product for row, product in enumerate(products) if row not in in_test],
        [product for row, product in enumerate(products) if row in in_test],
    )


def _json_lines(products: Iterable[Product]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in products).encode()


def _dump(products: Sequence[Product]) -> bytes:
    """Return the products as CSV, with the broken lines spread evenly between them."""
    lines = _table(products, DUMP_COLUMNS)
    step = len(lines) // (len(BROKEN_LINES) + 1)
    for number, broken in reversed(list(enumerate(BROKEN_LINES, start=1))):
        lines.insert(number * step + 1, broken)
    return b"".join(lines)


def _table(products: Sequence[Product], columns: Sequence[str]) -> list[bytes]:
    """Return the lines of a CSV file, the header first."""
    rows = ([str(row.get(name, "")) for name in columns] for row in products)
    return [_csv_line(columns), *map(_csv_line, rows)]


def _csv_line(values: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()
