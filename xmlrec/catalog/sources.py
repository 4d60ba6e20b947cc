"""Open a catalog file or standard input as blocks of UTF-8 text."""

import codecs
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import BinaryIO, Self

from xmlrec.catalog.compression import Damage, compression_of, decompress, split_suffix
from xmlrec.catalog.decode import as_utf8
from xmlrec.catalog.guess import check_is_text
from xmlrec.errors import InputError

_BLOCK_BYTES = 1 << 16
STDIN = "-"
EMPTY = "the file is empty"


class Source:
    """A file or standard input as blocks of UTF-8 bytes; a context manager.

    Compression is recognised by the first bytes and undone up to a limit, see `decompress`.

    Parameters
    ----------
    name : str
        A path, or "-" for standard input.
    encoding : str, optional
        A codec's name. None is UTF-8 after a look at the first bytes: what looks like Latin-1 is
        refused, while "utf-8" reads it, bad bytes and all.
    max_decompressed : int, optional
        How many bytes a compressed file may give.

    Attributes
    ----------
    sample : bytes
        The first 64 KiB or so of the text, without a byte order mark; b"" if the file is empty.
    start : int
        Byte offset of the sample in the text: 3 after a byte order mark, else 0.
    name : str
        What messages call it: the path, or "standard input".
    damage : Damage or None
        Why the blocks ended before the text did. Half a gzip file gives all that is there first.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, or is not text in the encoding. If it is empty
        where that is no way to say that there are no rows: a pipe, or compressed data cut to none.
    """

    def __init__(
        self, name: str, encoding: str | None = None, max_decompressed: int | None = None
    ) -> None:
        self.name = "standard input" if name == STDIN else name
        self.damage: Damage | None = None
        self._max_decompressed = max_decompressed
        self._is_stdin = name == STDIN
        self._file = _stdin() if self._is_stdin else open_file(name)
        self._state = file_state(self._file)
        try:
            self._blocks = self._text_blocks(encoding)
            first = next(self._blocks, b"")
            self.start = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
            self.sample = first[self.start :]
            if self.damage is not None and not self.sample:
                raise InputError(self.name, self.damage.problem, self.damage.next_step)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def n_read_bytes(self) -> int:
        """How much of the file was read, as it lies on the disk; 0 of a pipe, and once closed."""
        return 0 if self._state is None or self._file.closed else self._file.tell()

    def blocks(self) -> Iterator[bytes]:
        """Yield the text from the sample on, once, in non-empty blocks."""
        return chain([self.sample], self._blocks)

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if not self._is_stdin:
            self._file.close()

    def _text_blocks(self, encoding: str | None) -> Iterator[bytes]:
        blocks = self._unzipped_blocks()
        sample = b""
        while len(sample) < _BLOCK_BYTES and (block := next(blocks, b"")):
            sample += block
        check_is_text(self.name, sample, encoding)
        return as_utf8(chain([sample] if sample else [], blocks), encoding or "utf-8")

    def _unzipped_blocks(self) -> Iterator[bytes]:
        blocks = self._undamaged(self._read())
        first = next(blocks, b"")
        whole = chain([first] if first else [], blocks)
        if kind := compression_of(first):
            return self._undamaged(decompress(whole, kind, self._max_decompressed))
        if named := split_suffix(self.name)[1]:
            problem = f"it is not {named.name} although its name ends in {named.suffix}"
            raise InputError(self.name, problem if first else EMPTY)
        if not first and self._state is None:
            raise InputError(self.name, EMPTY)
        return whole

    def _read(self) -> Iterator[bytes]:
        try:
            while block := self._file.read(_BLOCK_BYTES):
                yield block
        except OSError as error:
            raise Damage(f"it cannot be read ({error.strerror})") from None
        if file_state(self._file) != self._state:
            raise Damage("it changed while it was read", "read it again when it is written")

    def _undamaged(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from blocks
        except Damage as damage:
            self.damage = self.damage or damage  # the data also end too soon where reading failed


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise InputError("standard input", "it is closed")
    return sys.stdin.buffer


def open_file(name: str) -> BinaryIO:
    """Open a file; raise `InputError` if it cannot be."""
    try:
        return open(name, "rb")
    except FileNotFoundError:
        raise InputError(name, "there is no such file") from None
    except IsADirectoryError:
        raise InputError(name, "it is a folder, not a file", "name a file in it") from None
    except OSError as error:
        raise InputError(name, f"it cannot be read ({error.strerror})") from None


def file_state(file: BinaryIO) -> tuple[int, int] | None:
    """Return the size and the time of the last change of a file; None of a pipe."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
