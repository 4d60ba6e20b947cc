"""Open a catalog file or standard input as blocks of UTF-8 text."""

import codecs
import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import BinaryIO, Self

from xmlrec.catalog.decode import as_utf8, gunzip
from xmlrec.catalog.guess import check_is_text
from xmlrec.errors import InputError

_BLOCK_BYTES = 1 << 16
_STDIN = "-"
_GZIP_MAGIC = b"\x1f\x8b"


class Source:
    """A file or standard input as blocks of UTF-8 bytes; a context manager.

    Gzip is recognised by its first two bytes and read to the end of its last member.

    Parameters
    ----------
    name : str
        A path, or "-" for standard input.
    encoding : str, optional
        A codec's name. None is UTF-8 after a look at the first bytes: what looks like Latin-1 is
        refused, while "utf-8" reads it, bad bytes and all.

    Attributes
    ----------
    sample : bytes
        The first 64 KiB or so of the text, without a byte order mark.
    start : int
        Byte offset of the sample in the text: 3 after a byte order mark, else 0.
    name : str
        What messages call it: the path, or "standard input".
    damage : str or None
        Why the blocks ended before the text did. Half a gzip file gives all that is there first.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, is empty, or is not text in the encoding.
    """

    def __init__(self, name: str, encoding: str | None = None) -> None:
        self.name = "standard input" if name == _STDIN else name
        self.damage: str | None = None
        self._is_stdin = name == _STDIN
        self._file = _stdin() if self._is_stdin else _open(name)
        try:
            self._blocks = self._text_blocks(encoding)
            first = next(self._blocks, b"")
            self.start = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
            self.sample = first[self.start :]
            if not self.sample:
                raise InputError(self.name, self.damage or "the file is empty")
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
        blocks = self._read()
        first = next(blocks, b"")
        whole = chain([first] if first else [], blocks)
        if first.startswith(_GZIP_MAGIC):
            return self._gunzipped(whole)
        if first and self.name.lower().endswith(".gz"):
            raise InputError(self.name, "it is not gzip although its name ends in .gz")
        return whole

    def _read(self) -> Iterator[bytes]:
        try:
            while block := self._file.read(_BLOCK_BYTES):
                yield block
        except OSError as error:
            self.damage = f"it cannot be read ({error.strerror})"

    def _gunzipped(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from gunzip(blocks)
        except EOFError:
            self.damage = self.damage or "the gzip data end too soon"
        except zlib.error as error:
            self.damage = f"the gzip data are damaged ({error})"


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise InputError("standard input", "it is closed")
    return sys.stdin.buffer


def _open(name: str) -> BinaryIO:
    try:
        return open(name, "rb")
    except FileNotFoundError:
        raise InputError(name, "there is no such file") from None
    except IsADirectoryError:
        raise InputError(name, "it is a folder, not a file", "name a file in it") from None
    except OSError as error:
        raise InputError(name, f"it cannot be read ({error.strerror})") from None
