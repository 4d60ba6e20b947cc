"""Texts to word pieces: BERT's uncased WordPiece tokens, as arrays of numbers.

A text is lower-cased, loses its accents, is split at spaces and punctuation, and each word into the
longest pieces of a fixed list. What is done to a character is asked of the library `tokenizers`;
the pieces are found by kernels, faster than the library finds them.
"""

import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from label_trees.parallel import count_threads, thread_map
from xmlrec.encode.kernels import grow_trie, split_rows

MAX_TOKENS = 256
MAX_CHARS = 8192
"""Characters of a text that are read: a bound on time, far beyond `MAX_TOKENS` of real text."""

WITHIN = "##"
"""What a piece begins with that does not begin a word."""

UNKNOWN = "[UNK]"
BATCH_TEXTS = 512
IS_PUNCTUATION = np.array([chr(code) in string.punctuation for code in range(128)])


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
        different = set(self.pieces)
        if len(different) < len(self.pieces):
            raise ValueError(f"{len(self.pieces) - len(different)} pieces are repeated")
        if UNKNOWN in different or any(piece.split() != [piece] for piece in self.pieces):
            raise ValueError(f"a piece is empty, has a space in it, or is {UNKNOWN}")
        self._chars = Characters()
        self._trie = make_trie(self.pieces)

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
        if not parts:
            return Tokens(indptr, np.zeros(0, dtype=np.int32))
        np.cumsum(np.concatenate([lengths for lengths, _ in parts]), out=indptr[1:])
        return Tokens(indptr, np.concatenate([tokens for _, tokens in parts]))

    def _tokenize_batch(
        self, texts: Sequence[str]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Return the number of tokens of each text, and the tokens."""
        plain = [self._chars.plain(text) for text in clean_texts(texts)]
        indptr, chars = code_points(plain)
        lengths = np.empty(len(texts), dtype=np.int64)
        out = np.empty(chars.size, dtype=np.int32)  # a token takes a character at least
        n_tokens = split_rows(indptr, chars, IS_PUNCTUATION, self._trie, MAX_TOKENS, lengths, out)
        return lengths, out[:n_tokens]


class Characters(dict[int, str]):
    """What becomes of characters: lower case, without accents, or several, or none.

    White space becomes a space. Punctuation, and what is a word by itself in Chinese, is put
    between spaces unless it is ASCII. Filled by need, for `str.translate`.
    """

    def __missing__(self, code: int) -> str:
        """Ask the library what becomes of a character."""
        normalized: str = BertNormalizer().normalize_str(chr(code))
        parts = [part for part, _ in BertPreTokenizer().pre_tokenize_str(f"a{normalized}a")]
        between = " ".join(parts)[1:-1]
        self[code] = normalized if normalized.isascii() and normalized.strip() else between
        return self[code]

    def plain(self, text: str) -> str:
        """Return a text of which only spaces and ASCII punctuation part words."""
        is_plain = text.isascii() and text.isprintable()
        return text.lower() if is_plain else text.translate(self)


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


def code_points(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return texts as numbers of characters: text ``t`` is ``chars[indptr[t]:indptr[t + 1]]``."""
    indptr = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=indptr[1:])
    return indptr, np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.int32)


class Trie(NamedTuple):
    """The arrays of `xmlrec.encode.kernels.grow_trie`."""

    keys: npt.NDArray[np.int64]
    children: npt.NDArray[np.int32]
    tokens: npt.NDArray[np.int32]


def make_trie(pieces: Sequence[str]) -> Trie:
    """Return the pieces as a trie."""
    is_within = np.array([piece.startswith(WITHIN) for piece in pieces], dtype=np.bool_)
    indptr, chars = code_points([piece.removeprefix(WITHIN) for piece in pieces])
    keys = np.full(1 << (chars.size + 2).bit_length(), -1, dtype=np.int64)
    children = np.zeros(keys.size, dtype=np.int32)
    tokens = np.full(chars.size + 2, -1, dtype=np.int32)
    n_nodes = grow_trie(indptr, chars, is_within, keys, children, tokens)
    return Trie(keys, children, tokens[:n_nodes].copy())
