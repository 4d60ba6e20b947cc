"""Compressed files: of which kind they are, and their text in blocks, up to a limit."""

import bz2
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_TEXT_BYTES = 1 << 14  # what is lost before damage; more is hardly faster
_XZ_MEMORY = 1 << 28  # four times what `xz -9` asks for
_FREE_BYTES = 1 << 30
_MAX_RATIO = 200  # tables of repeated rows come to 50; gzip can reach 1,000, others a million


class Damage(Exception):
    """Why a file ends before its text does; raised and caught within this package."""

    def __init__(self, problem: str, next_step: str = "get the whole file again") -> None:
        super().__init__(problem, next_step)
        self.problem, self.next_step = problem, next_step


class _Decompressor(Protocol):
    """What the standard library gives for one member, stream or frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipMember:
    """`zlib.decompressobj` with the interface that the other kinds have."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        text = self._member.decompress(self._member.unconsumed_tail + data, max_length)
        # a full block may leave text behind within zlib, when all the data were taken
        self.needs_input = len(text) < max_length and not self._member.unconsumed_tail
        return text


class Compression(NamedTuple):
    """A kind of compression: its name, its suffix, how it starts, and what reads one member."""

    name: str
    suffix: str
    start: re.Pattern[bytes]
    open: Callable[[], _Decompressor]


COMPRESSIONS = (
    Compression("gzip", ".gz", re.compile(rb"\x1f\x8b"), _GzipMember),
    Compression(
        "bzip2",
        ".bz2",
        re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
        bz2.BZ2Decompressor,
    ),
    Compression(
        "xz",
        ".xz",
        re.compile(rb"\xfd7zXZ\0"),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    ),
    Compression(  # pzstd begins with a frame to be skipped
        "Zstandard",
        ".zst",
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
        zstd.ZstdDecompressor,
    ),
)
_ERRORS = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)


def split_suffix(name: str) -> tuple[str, Compression | None]:
    """Return a file's name in lower case without the suffix of a compression, and which it is."""
    lower = name.lower()
    for kind in COMPRESSIONS:
        if lower.endswith(kind.suffix):
            return lower.removesuffix(kind.suffix), kind
    return lower, None


def compression_of(start: bytes) -> Compression | None:
    """Return how the file that starts like this is compressed, if it is."""
    return next((kind for kind in COMPRESSIONS if kind.start.match(start)), None)


def decompress(
    blocks: Iterable[bytes], kind: Compression, max_bytes: int | None = None
) -> Iterator[bytes]:
    """Yield the text of members that follow one another, perhaps padded with zero bytes.

    Text comes in blocks of at most 16 KiB, however small its data are.

    Parameters
    ----------
    max_bytes : int, optional
        How much text there may be. By default 1 GiB, or 200 times the data if that is more.

    Raises
    ------
    Damage
        After all the text that is there, if the data end too soon, are damaged, or give too much.
    """
    member = kind.open()
    n_zipped = n_text = 0
    for block in blocks:
        n_zipped += len(block)
        zipped: bytes | None = block
        while zipped is not None:
            member, text, zipped = _step(kind, member, zipped)
            if text:
                n_text += len(text)
                check_size(n_zipped, n_text, max_bytes)
                yield text
    if not member.eof:
        raise Damage(f"the {kind.name} data end too soon")


def _step(
    kind: Compression, member: _Decompressor, zipped: bytes
) -> tuple[_Decompressor, bytes, bytes | None]:
    """Return the member in hand, its next text, and what is left of the data; None asks for more.

    It is b"" where a member has taken all of them but holds text back.
    """
    if member.eof:
        zipped = zipped.lstrip(b"\0")
        if not zipped:
            return member, b"", None
        member = kind.open()
    try:
        text = member.decompress(zipped, _TEXT_BYTES)
    except _ERRORS as error:
        raise Damage(f"the {kind.name} data are damaged ({error})") from None
    if member.eof:
        return member, text, member.unused_data
    return member, text, None if member.needs_input else b""


def check_size(n_zipped: int, n_text: int, max_bytes: int | None) -> None:
    """Raise `Damage` if data give more text than they may, see `decompress`."""
    if max_bytes is not None:
        limit, shown = max_bytes, f"the limit of {max_bytes:,}"
    else:
        limit = max(_FREE_BYTES, _MAX_RATIO * n_zipped)
        shown = f"{_FREE_BYTES:,} and more than {_MAX_RATIO} times as many"
    if n_text > limit:
        problem = f"{n_zipped:,} bytes gave {n_text:,} when decompressed, more than {shown}"
        raise Damage(
            problem, "if it is no decompression bomb, allow more: --max-decompressed BYTES"
        )
