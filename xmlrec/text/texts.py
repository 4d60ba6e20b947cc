"""Items to scanned texts: the words and characters of every field of a batch of items."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xmlrec.text.blocks import BlockArrays
from xmlrec.text.kernels import scan_texts
from xmlrec.text.normalize import normalize_text

Item = str | Mapping[str, str]

BATCH_CHARS = 1 << 16


class Texts(NamedTuple):
    """The texts of a batch, item by item and field by field, split into words.

    ``chars[char_offsets[t]:char_offsets[t + 1]]`` are the runs of text ``t`` with one space before,
    between and after them; its words are ``word_offsets[t]:word_offsets[t + 1]``, and word ``w`` is
    ``chars[word_starts[w]:word_stops[w]]``.
    """

    chars: NDArray[np.uint32]
    char_offsets: NDArray[np.int64]
    word_starts: NDArray[np.int32]
    word_stops: NDArray[np.int32]
    word_hashes: NDArray[np.uint64]
    word_offsets: NDArray[np.int64]

    def n_items(self, blocks: BlockArrays) -> int:
        """Return the number of items in the batch."""
        return (len(self.char_offsets) - 1) // blocks.n_fields

    def most_grams(self, blocks: BlockArrays, over: np.ufunc) -> int:
        """Bound the n-grams of all items (over ``np.add``) or of any one (``np.maximum``).

        They start at every word, or at every character and once more at the space before a run.
        """
        words = over.reduce(np.diff(self.word_offsets).reshape(-1, blocks.n_fields))
        chars = over.reduce(np.diff(self.char_offsets).reshape(-1, blocks.n_fields))
        n_fields = np.diff(blocks.field_offsets)
        starts = words[blocks.fields] + chars[blocks.fields] * np.repeat(~blocks.is_word, n_fields)
        return int(starts @ np.repeat(blocks.n_max - blocks.n_min + 1, n_fields))


def scan_items(
    items: Sequence[Item], fields: Sequence[str], classes: NDArray[np.uint8]
) -> Iterator[Texts]:
    """Yield the scanned ``fields`` of the items in batches of about `BATCH_CHARS` characters.

    A string is the text of the first field; a missing field is empty.

    Raises
    ------
    TypeError
        If a field of an item holds neither text nor None.
    """
    texts: list[str] = []
    n_chars = 0
    for item in items:
        values = {fields[0]: item} if isinstance(item, str) else item
        for field in fields:
            text = values.get(field)
            if text is None:
                text = ""
            elif not isinstance(text, str):
                raise TypeError(f"field {field!r} of an item holds {type(text).__name__}, not text")
            texts.append(normalize_text(text))
            n_chars += len(text)
        if n_chars > BATCH_CHARS:
            yield scan(texts, classes)
            texts, n_chars = [], 0
    if texts:
        yield scan(texts, classes)


def scan(texts: Sequence[str], classes: NDArray[np.uint8]) -> Texts:
    """Return the words and characters of normalised ``texts``."""
    data = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(data, dtype=np.uint32)
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    scanned = Texts(
        chars=np.empty(len(codes) + 2 * len(texts), dtype=np.uint32),
        char_offsets=np.empty(len(offsets), dtype=np.int64),
        word_starts=np.empty(len(codes), dtype=np.int32),
        word_stops=np.empty(len(codes), dtype=np.int32),
        word_hashes=np.empty(len(codes), dtype=np.uint64),
        word_offsets=np.empty(len(offsets), dtype=np.int64),
    )
    scan_texts(codes, offsets, classes, scanned)
    return scanned
