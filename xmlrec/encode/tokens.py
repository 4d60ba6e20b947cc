"""Texts to word pieces: BERT's uncased WordPiece tokens, as arrays of numbers.

The library `tokenizers` reads the texts; a text is lower-cased, loses its accents, is split at
spaces and punctuation, and each word into the longest pieces of a fixed list.
"""

import os
from collections.abc import Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from label_trees.parallel import count_threads, thread_map

MAX_TOKENS = 256
MAX_CHARS = 8192
"""Characters of a text that are read: a bound on time, far beyond `MAX_TOKENS` of real text."""

MAX_KNOWN = 2**16
"""Pieces of text between blanks whose tokens are remembered."""

UNKNOWN = "[UNK]"
BATCH_TEXTS = 512


class Tokens(NamedTuple):
    """Token numbers of texts: text ``t`` has ``tokens[indptr[t]:indptr[t + 1]]``."""

    indptr: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int32]


class WordPieces:
    """The pieces that texts are split into; a token is the number of its piece.

    Parameters
    ----------
    pieces : sequence of str
        Lower case, each once; a piece that does not begin a word starts with ``##``.

    Raises
    ------
    ValueError
        If a piece is empty, repeated, has a space in it, or is ``[UNK]``.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        numbers = {piece: number for number, piece in enumerate(self.pieces)}
        if len(numbers) < len(self.pieces):
            raise ValueError(f"{len(self.pieces) - len(numbers)} pieces are repeated")
        if UNKNOWN in numbers or any(piece.split() != [piece] for piece in self.pieces):
            raise ValueError(f"a piece is empty, has a space in it, or is {UNKNOWN}")
        single_threaded_tokenizers()
        numbers[UNKNOWN] = len(numbers)
        self._tokenizer = Tokenizer(WordPiece(numbers, unk_token=UNKNOWN))
        self._tokenizer.normalizer = BertNormalizer()
        self._tokenizer.pre_tokenizer = BertPreTokenizer()
        self._known: dict[str, list[int]] = {}

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.pieces)

    def tokenize(self, texts: Sequence[str], *, n_threads: int | None = None) -> Tokens:
        """Return the tokens of ``texts``, each cut at `MAX_TOKENS`; unknown words have none.

        Raises
        ------
        TypeError
            If ``texts`` is a single text.
        """
        check_sequence(texts)
        starts = range(0, len(texts), BATCH_TEXTS)
        batches = [texts[start : start + BATCH_TEXTS] for start in starts]
        parts = thread_map(self._tokenize_batch, batches, count_threads(n_threads))
        indptr = np.zeros(len(texts) + 1, dtype=np.int64)
        tokens = np.zeros(0, dtype=np.int32)
        if parts:
            np.cumsum(np.concatenate([lengths for lengths, _ in parts]), out=indptr[1:])
            tokens = np.concatenate([part for _, part in parts])
        is_known = tokens < len(self)
        n_known = np.zeros(tokens.size + 1, dtype=np.int64)
        np.cumsum(is_known, out=n_known[1:])
        return Tokens(n_known[indptr], tokens[is_known])

    def _tokenize_batch(
        self, texts: Sequence[str]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        split = [text.split(" ") for text in clean_texts(texts)]  # no token reaches over a blank
        known = self._known
        if len(known) > MAX_KNOWN:
            known = self._known = {}  # other threads go on with theirs
        new = [part for part in set(chain.from_iterable(split)) if part not in known]
        encodings = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        known.update(zip(new, (encoding.ids for encoding in encodings), strict=True))
        tokens = (chain.from_iterable(map(known.__getitem__, row)) for row in split)
        rows = [list(islice(of_text, MAX_TOKENS)) for of_text in tokens]
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        return lengths, np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=lengths.sum())


def single_threaded_tokenizers() -> None:
    """Let `tokenizers` start no threads of its own, unless the environment says otherwise.

    Ours call it side by side, so that ``n_threads`` holds and a fork later is safe and silent.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def check_sequence(texts: Sequence[str]) -> None:
    """Raise `TypeError` if ``texts`` is a single text."""
    if isinstance(texts, str):
        raise TypeError("texts must be a sequence of texts, got a single text")


def clean_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts cut to `MAX_CHARS`, with "?" for lone surrogates, which UTF-8 lacks."""
    cut = [text[:MAX_CHARS] for text in texts]
    try:
        "".join(cut).encode()
    except UnicodeEncodeError:
        return [text.encode("utf-8", "replace").decode() for text in cut]
    return cut
