"""Parts that become the output by being written one after the other."""

import gzip
import io
import shutil
from collections.abc import Iterable
from pathlib import Path

from xmlrec.batch.formats.parts import open_part
from xmlrec.catalog.output import written_aside

_COPY_BYTES = 1 << 20
_GZIP_LEVEL = 6


def part_bytes(text: str, *, gz: bool) -> bytes:
    r"""Return ``text`` in UTF-8, as a gzip member of its own if ``gz``.

    Half a surrogate pair, which UTF-8 does not have, becomes ``\udXXX``: in JSON the escape that
    it needs.
    """
    content = text.encode("utf-8", "backslashreplace")
    if not gz:
        return content
    member = io.BytesIO()
    with gzip.GzipFile("", "wb", _GZIP_LEVEL, member, mtime=0) as zipped:  # no name, no time
        zipped.write(content)
    return member.getvalue()


def join_parts(head: bytes, parts: Iterable[Path], path: str, *, gz: bool) -> None:
    """Write ``head`` and the content of ``parts`` to ``path``; gzip members make a gzip file."""
    with written_aside(path) as aside, open(aside, "wb") as output:
        output.write(head)
        for part in parts:
            with open_part(part) as content:
                shutil.copyfileobj(content, output, _COPY_BYTES)
        if output.tell() == 0:
            output.write(part_bytes("", gz=gz))  # no bytes at all are no gzip file
