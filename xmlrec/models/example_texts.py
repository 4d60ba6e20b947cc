"""What is shown of the labelled items that are kept as examples."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from xmlrec.text import Item

MAX_CHARS = 200
"""Characters of a title that are kept."""


class ExampleTexts(NamedTuple):
    """Texts as arrays, which may be files mapped into memory: a text is read when it is shown.

    Attributes
    ----------
    text_bytes : uint8 array
        All texts in UTF-8, one after the other.
    text_starts : int64 array, shape (n_texts + 1,)
        Text ``i`` is ``text_bytes[text_starts[i]:text_starts[i + 1]]``.
    """

    text_bytes: np.ndarray[Any, np.dtype[np.uint8]]
    text_starts: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Return these texts; half a surrogate pair becomes a question mark."""
        encoded = [text.encode("utf-8", "replace") for text in texts]
        starts = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in encoded], out=starts[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), starts)

    def text(self, number: int) -> str:
        """Return one of the texts."""
        start, stop = self.text_starts[number : number + 2].tolist()
        return self.text_bytes[start:stop].tobytes().decode("utf-8", "replace")

    def check(self, n_texts: int) -> None:
        """Raise `ValueError` unless these are ``n_texts`` texts.

        Raises
        ------
        ValueError
            If there are more or fewer, or their parts do not fit together.
        """
        starts, size = self.text_starts, self.text_bytes.size
        is_whole = starts.ndim == 1 and starts.size == n_texts + 1 and starts[-1] == size
        if not is_whole or starts[0] != 0 or (np.diff(starts) < 0).any():
            raise ValueError(f"texts of examples are damaged: there should be {n_texts}")


def shown_text(item: Item) -> str:
    """Return the first field of an item on one line, the title if it has one, cut short."""
    text = item if isinstance(item, str) else next(iter(item.values()), "")
    shown = " ".join(str(text)[: 10 * MAX_CHARS].split())[:MAX_CHARS]
    return shown if shown.isprintable() else "".join(filter(str.isprintable, shown))
