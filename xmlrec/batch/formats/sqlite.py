"""SQLite databases: a table of items, and one of their paths."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from xmlrec.batch.formats.columns import FLAT, flat_values, header, with_carried
from xmlrec.batch.formats.parts import open_part
from xmlrec.batch.formats.texts import valid_text, valid_value
from xmlrec.catalog.output import written_aside
from xmlrec.catalog.results import SCHEMA, ResultRow, Value
from xmlrec.errors import InputError, OptionError

MAX_CARRIED = 1900
"""SQLite tables have at most 2,000 columns."""

Records = list[list[object]]

_OLDEST = (3, 37)  # it has STRICT tables
_WHOLE = ("id", "status", "reason", "error")
_PATHS = """
CREATE TABLE paths (
    row INTEGER NOT NULL REFERENCES results (row),
    place INTEGER NOT NULL,
    is_alternative INTEGER NOT NULL,
    category_id TEXT NOT NULL,
    path_text TEXT NOT NULL,
    score REAL NOT NULL,
    confidence REAL,
    level_confidence TEXT,
    PRIMARY KEY (row, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
    taxonomy TEXT NOT NULL,
    model TEXT NOT NULL,
    PRIMARY KEY (taxonomy, model)
) STRICT, WITHOUT ROWID;
"""
_COPY_PATHS = """
INSERT INTO paths
SELECT row + ?, place, is_alternative, category_id, path_text, score, confidence, level_confidence
FROM part.paths
"""
# the file has its name only when it is whole, so that there is nothing to roll back to
_BUILDING = f"""
PRAGMA main.journal_mode = OFF;
PRAGMA main.synchronous = OFF;
PRAGMA main.locking_mode = EXCLUSIVE;
PRAGMA main.cache_size = -65536;
PRAGMA main.user_version = {SCHEMA};
"""


def check_installed(path: str, *, n_carried: int) -> None:
    """Raise where SQLite is too old, or cannot have that many columns."""
    if sqlite3.sqlite_version_info < _OLDEST:
        problem = f"this Python has SQLite {sqlite3.sqlite_version}, and 3.37 is needed"
        raise InputError(path, problem, "write .jsonl, or use a newer Python")
    if n_carried > MAX_CARRIED:
        problem = f"{n_carried:,} columns do not fit into SQLite, at most {MAX_CARRIED:,} do"
        raise OptionError("--carry", problem, "carry fewer, or write .jsonl or .parquet")


@dataclass(frozen=True, slots=True)
class Sqlite:
    """The tables ``results``, ``paths`` and ``run``; in the flat form only ``results``."""

    carried: tuple[str, ...] = ()
    flat: bool = False

    def encode(self, rows: Sequence[ResultRow]) -> bytes:
        """Return a database of these rows, without indexes."""
        records, paths = self._records(rows), [] if self.flat else _paths(rows)
        try:
            return self._database(rows, records, paths)
        except UnicodeEncodeError:
            return self._database(rows, _valid(records), _valid(paths))

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Copy the parts into one database at ``path``, and index it."""
        with written_aside(path) as aside:
            try:
                with closing(_connect(aside)) as database:
                    self._fill(database, parts)
            except sqlite3.Error as error:
                raise InputError(path, f"it cannot be written ({error})") from None

    def _records(self, rows: Sequence[ResultRow]) -> Records:
        ours = flat_values if self.flat else _whole_values
        return [with_carried(row, ours(row), self.carried) for row in rows]

    def _database(self, rows: Sequence[ResultRow], records: Records, paths: Records) -> bytes:
        names = self._names()
        marks = ",".join("?" * len(names))
        with closing(_connect(":memory:")) as database:
            database.executescript(self._tables())
            database.execute("BEGIN")
            statement = f"INSERT INTO results ({_quoted(names)}) VALUES ({marks})"
            database.executemany(statement, records)
            if not self.flat:
                database.executemany("INSERT INTO paths VALUES (?,?,?,?,?,?,?,?)", paths)
                runs = dict.fromkeys((row["taxonomy"], row["model"]) for row in rows)
                database.executemany("INSERT INTO run VALUES (?,?)", runs)
            database.execute("COMMIT")
            return database.serialize()

    def _fill(self, database: sqlite3.Connection, parts: Iterable[Path]) -> None:
        database.executescript(_BUILDING + self._tables())
        names = _quoted(self._names())
        n_rows = 0
        for part in parts:
            open_part(part).close()  # what SQLite cannot open, it does not name
            uri = f"{part.resolve().as_uri()}?mode=ro&immutable=1"
            database.execute("ATTACH ? AS part", (uri,))
            added = database.execute(
                f"INSERT INTO results ({names}) SELECT {names} FROM part.results ORDER BY row"
            )
            if not self.flat:
                database.execute(_COPY_PATHS, (n_rows,))
                database.execute("INSERT OR IGNORE INTO run SELECT * FROM part.run")
            database.execute("DETACH part")
            n_rows += added.rowcount
        database.execute("CREATE INDEX results_id ON results (id)")
        table = "results" if self.flat else "paths"
        database.execute(f"CREATE INDEX {table}_category_id ON {table} (category_id)")

    def _names(self) -> list[str]:
        """Return the columns of ``results`` but ``row``, which counts by itself."""
        ours = FLAT if self.flat else _WHOLE
        return [valid_text(name) for name in header((*ours, "row"), self.carried)[:-1]]

    def _tables(self) -> str:
        kinds = {"id": "TEXT NOT NULL", "status": "TEXT NOT NULL"}
        if self.flat:
            kinds["confidence"] = "REAL"
        columns = [f"{_quoted([name])} {kinds.get(name, 'TEXT')}" for name in self._names()]
        results = f"CREATE TABLE results (row INTEGER PRIMARY KEY, {', '.join(columns)}) STRICT;"
        return results if self.flat else results + _PATHS


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, uri=True)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def _whole_values(row: ResultRow) -> list[Value]:
    return [row["id"], row["status"], row["reason"], row["error"]]


def _paths(rows: Sequence[ResultRow]) -> Records:
    records: Records = []
    for number, row in enumerate(rows, 1):
        n_held = len(row["paths"])
        for place, path in enumerate(row["paths"] + row["alternatives"], 1):
            levels = path["level_confidence"]
            records.append([
                number,
                place,
                place > n_held,
                path["category_id"],
                path["path_text"],
                path["score"],
                path["confidence"],
                None if levels is None else json.dumps(levels),
            ])  # fmt: skip
    return records


def _valid(records: Records) -> Records:
    return [[valid_value(value) for value in record] for record in records]
