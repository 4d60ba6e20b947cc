"""A taxonomy file that has been parsed but not judged, and the way to its text."""

import gzip
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from xmlrec.errors import InputError
from xmlrec.taxonomy.lint import Problem
from xmlrec.taxonomy.node import Node

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True)
class Draft:
    """The nodes of a file, the line of each (None: unknown), and rows that gave no node."""

    nodes: list[Node] = field(default_factory=list)
    lines: list[int | None] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, node: Node, line: int | None) -> None:
        """Add a node."""
        self.nodes.append(node)
        self.lines.append(line)

    def reject(self, line: int | None, message: str, code: str = "bad_row") -> None:
        """Add a row that gave no node, or not a whole one."""
        self.problems.append(Problem("error", code, "", line, message))


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, plain or gzip, with or without a byte order mark.

    Raises
    ------
    InputError
        If the file is missing, a folder, empty, a damaged gzip or not UTF-8.
    """
    data = _read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"line {line} is not UTF-8 (byte 0x{data[error.start]:02x})"
        raise InputError(str(path), problem, "save the file as UTF-8") from error
    if not text.strip():
        raise InputError(str(path), "the file is empty", "give a file with at least one category")
    return text


def first_line(text: str) -> str:
    """Return the first line that is not blank, whatever ends it."""
    return text.lstrip().partition("\n")[0].partition("\r")[0]


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP_MAGIC):
            return gzip.decompress(data)
    except FileNotFoundError as error:
        raise InputError(str(path), "no such file", "check the path") from error
    except IsADirectoryError as error:
        raise InputError(str(path), "is a folder", "name the taxonomy file in it") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        problem = f"the gzip file is cut short or damaged ({error})"
        raise InputError(str(path), problem, "fetch or compress the file again") from error
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}", "check it") from error
    if path.suffix == ".gz" and data:
        raise InputError(str(path), "is named .gz but is not gzip", "rename or compress it")
    return data
