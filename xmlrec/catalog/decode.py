"""Blocks of gzip data, or of text in another encoding, as blocks of UTF-8."""

import codecs
import zlib
from collections.abc import Iterable, Iterator

_ZIPPED_BYTES = 1 << 13  # of which gzip makes at most 1032 times as much at once
_MARK = "xmlrec.mark"


def gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text of gzip members that follow one another, perhaps padded with zero bytes.

    Raises
    ------
    EOFError
        After all the text that is there, if the last member has no end.
    zlib.error
        After the text before the damage.
    """
    member = zlib.decompressobj(wbits=31)
    for block in blocks:
        for start in range(0, len(block), _ZIPPED_BYTES):
            zipped = block[start : start + _ZIPPED_BYTES]
            while zipped:
                if member.eof:
                    zipped = zipped.lstrip(b"\0")
                    if not zipped:
                        break
                    member = zlib.decompressobj(wbits=31)
                if text := member.decompress(zipped):
                    yield text
                zipped = member.unused_data
    if not member.eof:
        raise EOFError


def as_utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield text in ``encoding`` as UTF-8; UTF-8 itself passes unseen, bad bytes and all.

    What cannot be decoded becomes the byte FF, which is never UTF-8: damage is then found in one
    place, line by line, whatever the encoding.
    """
    codec = codecs.lookup(encoding)
    if codec.name.startswith("utf-8"):
        yield from blocks
        return
    codecs.register_error(_MARK, _mark)
    decoder = codec.incrementaldecoder(errors=_MARK)
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode("utf-8", "surrogateescape")
    if text := decoder.decode(b"", final=True):
        yield text.encode("utf-8", "surrogateescape")


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end
