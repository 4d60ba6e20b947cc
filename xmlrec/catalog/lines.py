"""Physical lines of a text, with their number and byte offset, in bounded memory."""

from collections.abc import Iterator
from typing import NamedTuple

from xmlrec.catalog.sources import Source

MAX_LINE_BYTES = 12 << 20
_HEAD_BYTES = 1024
_JOINED_BYTES = 1 << 20

Line = tuple[int, int, bytes, bool]
"""Number from 1, byte offset from 0, the bytes with their line break, and whether they are only
the first kilobyte of a line longer than `MAX_LINE_BYTES`."""


class Chunk(NamedTuple):
    """Lines that follow one another, with the number and byte offset of the first.

    Where ``is_cut``, there is one line, of which only the first kilobyte is kept.
    """

    number: int
    byte: int
    lines: list[bytes]
    is_cut: bool


def split_lines(source: Source) -> Iterator[Line]:
    """Yield the lines of ``source`` one by one, see `read_chunks`."""
    for number, byte, lines, is_cut in read_chunks(source):
        for line in lines:
            yield number, byte, line, is_cut
            number += 1
            byte += len(line)


def read_chunks(source: Source) -> Iterator[Chunk]:
    r"""Yield the lines of ``source``, without the half line where a damaged file breaks off.

    A line ends at ``\n``, ``\r\n`` or ``\r``, whatever the lines before ended with. One block and
    one line are in memory, of a line that is too long only a kilobyte.
    """
    number, byte, n_dropped, tail = 1, source.start, 0, b""
    for block in _larger(source.blocks()):
        text = tail + block
        lines = text.splitlines(keepends=True)
        # the last line may go on in the next block, and a \r there may be half of a \r\n
        tail = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if lines and not n_dropped and len(text) <= MAX_LINE_BYTES:
            yield Chunk(number, byte, lines, False)
            number += len(lines)
            byte += len(text) - len(tail)
            continue
        for line in lines:
            is_cut = n_dropped > 0 or len(line) > MAX_LINE_BYTES
            yield Chunk(number, byte, [line[:_HEAD_BYTES] if is_cut else line], is_cut)
            number += 1
            byte += len(line) + n_dropped
            n_dropped = 0
        if len(tail) > (_HEAD_BYTES if n_dropped else MAX_LINE_BYTES):
            n_dropped += len(tail) - _HEAD_BYTES
            tail = tail[: _HEAD_BYTES - 1] + tail[-1:]
    if tail and source.damage is None:
        yield Chunk(number, byte, [tail], n_dropped > 0)


def _larger(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Join blocks without the end of a line, so that a long line is not copied with each block."""
    joined: list[bytes] = []
    n_bytes = 0
    for block in blocks:
        joined.append(block)
        n_bytes += len(block)
        if n_bytes > _JOINED_BYTES or b"\n" in block or b"\r" in block:
            yield b"".join(joined)
            joined.clear()
            n_bytes = 0
    if n_bytes:
        yield b"".join(joined)
