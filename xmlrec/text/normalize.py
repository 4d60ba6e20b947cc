"""One spelling for equal texts: entities and tags resolved, NFKC, case folded, cut to a limit.

All steps take time linear in the text. ``html.unescape`` is called on single entities only, since
it fails on numbers of thousands of digits; NFKC is called on pieces, since its reordering of marks
takes quadratic time (20 s for 100,000 marks).
"""

import html
import re
import unicodedata
from collections.abc import Iterator

MAX_CHARS = 100_000
PIECE_CHARS = 1_000
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
TAG = re.compile(r"<[A-Za-z/!?][^<>]*+>")


def normalize_text(text: str) -> str:
    """Return ``text`` without entities and tags, in NFKC, case folded.

    A text longer than ``MAX_CHARS`` characters is cut there, before and after. Entities need
    their semicolon; a tag is ``<`` with a letter, ``/``, ``!`` or ``?`` after it, up to ``>``, and
    becomes a space. Escaped tags (``&lt;b&gt;``) are tags too.
    """
    if len(text) > MAX_CHARS:
        text = text[:MAX_CHARS]
    if "&" in text:
        text = ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if "<" in text:
        text = TAG.sub(" ", text)
    if text.isascii():
        return text.lower()
    return _nfkc(_nfkc(text).casefold())[:MAX_CHARS]


def _nfkc(text: str) -> str:
    if len(text) <= PIECE_CHARS:
        return unicodedata.normalize("NFKC", text)
    return "".join(unicodedata.normalize("NFKC", piece) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Cut before a space, across which nothing composes, or after ``PIECE_CHARS`` without one."""
    start = 0
    while start < len(text):
        stop = start + PIECE_CHARS
        if stop < len(text):
            space = text.rfind(" ", start + 1, stop + 1)
            stop = space if space > start else stop
        yield text[start:stop]
        start = stop
