"""Read a catalog whole, for tests."""

from pathlib import Path
from typing import NamedTuple

from xmlrec.catalog import CatalogReader, CatalogSettings, Reject, Row, read_catalog


class WholeFile(NamedTuple):
    rows: list[Row]
    rejects: list[Reject]
    reader: CatalogReader

    @property
    def ids(self):
        return [row.id for row in self.rows]

    @property
    def titles(self):
        return [row.fields["title"] for row in self.rows]

    @property
    def faults(self):
        """What was rejected: line and code."""
        return [(reject.line, reject.code) for reject in self.rejects]


def read_whole(path, **settings):
    rejects = []
    with read_catalog(str(path), CatalogSettings(**settings), rejects.append) as reader:
        return WholeFile(list(reader), rejects, reader)


def write_file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
