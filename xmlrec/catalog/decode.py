"""Blocks of text in another encoding as blocks of UTF-8."""

import codecs
from collections.abc import Iterable, Iterator

_MARK = "xmlrec.mark"


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
