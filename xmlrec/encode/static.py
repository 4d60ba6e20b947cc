"""The static encoder: a text's vector is the sum of its tokens' vectors, scaled to unit length.

Token vectors are those of model2vec (van Dongen and Tulkens 2024, github.com/MinishLab/model2vec):
each token alone through a sentence transformer, fewer dimensions by PCA, frequent tokens made
short. A weight of a token is the length of its vector.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from label_trees.parallel import count_threads, thread_map
from xmlrec.encode.contract import Vectors
from xmlrec.encode.kernels import encode_rows
from xmlrec.encode.tokens import Tokens, WordPieces

FORMAT = 1
RUN_ROWS = 4096


class StaticEncoder:
    """An `Encoder` that looks vectors up; see the module.

    Parameters
    ----------
    pieces : WordPieces
        How texts become tokens.
    vectors : array of float32, shape (n_tokens, dim)
        A row for each token, kept without a copy and never written to; the values are trusted.
    name : str
        What people call it.

    Raises
    ------
    ValueError
        If ``vectors`` are not as said.
    """

    def __init__(self, pieces: WordPieces, vectors: Vectors, *, name: str = "static") -> None:
        if vectors.dtype != np.float32 or vectors.ndim != 2 or 0 in vectors.shape:
            raise ValueError(
                f"vectors must be a matrix of float32, got {vectors.dtype} of shape {vectors.shape}"
            )
        if len(vectors) != len(pieces):
            raise ValueError(f"there are {len(pieces)} tokens and {len(vectors)} vectors")
        self._pieces = pieces
        self._vectors = np.ascontiguousarray(vectors).view()
        self._vectors.flags.writeable = False
        self.name = name

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return int(self._vectors.shape[1])

    @property
    def vectors(self) -> Vectors:
        """The tokens' vectors, read-only, shape (n_tokens, dim)."""
        return self._vectors

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text of every token."""
        return self._pieces.pieces

    @cached_property
    def digest(self) -> str:
        """The sha256 of tokens and vectors, in hexadecimal digits."""
        digest = hashlib.sha256(_to_lines(self.pieces))
        digest.update(f"{self.vectors.shape}".encode())
        digest.update(self._vectors.data)
        return digest.hexdigest()

    def tokenize(self, texts: Sequence[str], *, n_threads: int | None = None) -> Tokens:
        """Return the tokens of ``texts``; see `WordPieces.tokenize`."""
        return self._pieces.tokenize(texts, n_threads=n_threads)

    def encode(self, texts: Sequence[str], *, n_threads: int | None = None) -> Vectors:
        """Return one vector a text, the same bytes in any batch; see `Encoder.encode`."""
        return self.encode_tokens(self.tokenize(texts, n_threads=n_threads), n_threads=n_threads)

    def encode_tokens(self, tokens: Tokens, *, n_threads: int | None = None) -> Vectors:
        """Return the vectors (n_texts, dim) of texts that `tokenize` has read.

        Raises
        ------
        ValueError
            If a token has no vector.
        """
        if tokens.tokens.size and not 0 <= tokens.tokens.min() <= tokens.tokens.max() < len(
            self._pieces
        ):
            raise ValueError(f"tokens must be between 0 and {len(self._pieces) - 1}")
        n_texts = len(tokens.indptr) - 1
        rows = np.zeros((n_texts, self.dim), dtype=np.float32)

        def encode_run(start: int) -> None:
            encode_rows(*tokens, self._vectors, start, min(start + RUN_ROWS, n_texts), rows)

        thread_map(encode_run, range(0, n_texts, RUN_ROWS), count_threads(n_threads))
        return rows

    def with_vectors(self, vectors: Vectors) -> Self:
        """Return an encoder of the same tokens with other vectors, of any dimension."""
        return type(self)(self._pieces, vectors, name=self.name)

    def save(self, folder: Path) -> None:
        """Write the encoder into ``folder``, which is made if it does not exist.

        Equal encoders make equal bytes.
        """
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "vectors.npy", partial(np.save, arr=self.vectors))
        (folder / "tokens.txt").write_bytes(_to_lines(self.pieces))
        facts = {
            "format": FORMAT,
            "name": self.name,
            "n_tokens": len(self.pieces),
            "dim": self.dim,
            "digest": self.digest,
        }
        text = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
        (folder / "encoder.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; the vectors stay on disk until they are used.

        Raises
        ------
        ValueError
            If the folder is of another format, or a file is missing, damaged, or does not fit the
            rest. The values of vectors are not checked.
        """
        facts = _read_facts(folder)
        try:
            lines = (folder / "tokens.txt").read_bytes().decode()
            pieces = WordPieces(lines.removesuffix("\n").split("\n"))
            vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
            encoder = cls(pieces, np.asarray(vectors), name=facts["name"])
        except Exception as error:  # numpy parses headers as Python: damage raises almost anything
            raise ValueError(f"{folder} holds a damaged encoder: {error}") from None
        if (len(pieces), encoder.dim) != (facts["n_tokens"], facts["dim"]):
            raise ValueError(
                f"{folder} holds a damaged encoder: {len(pieces)} tokens and vectors of length "
                f"{encoder.dim}, expected {facts['n_tokens']} and {facts['dim']}"
            )
        encoder.digest = facts["digest"]
        return encoder


def _to_lines(pieces: Sequence[str]) -> bytes:
    return "".join([f"{piece}\n" for piece in pieces]).encode()


def _write(path: Path, save: Callable[[BinaryIO], None]) -> None:
    aside = path.with_name(f"{path.name}.part")  # path may be the file that vectors are mapped from
    with aside.open("wb") as file:
        save(file)
    aside.replace(path)


def _read_facts(folder: Path) -> dict[str, Any]:
    """Return what ``encoder.json`` says, with the right types."""
    path = folder / "encoder.json"
    try:
        facts = dict(json.loads(path.read_text(encoding="utf-8")))
        numbers = {name: int(facts[name]) for name in ("format", "n_tokens", "dim")}
        texts = {name: str(facts[name]) for name in ("name", "digest")}
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be read: {error!r}") from None
    if numbers["format"] != FORMAT:
        raise ValueError(
            f"{folder} is of format {numbers['format']}, this version reads {FORMAT}; train again"
        )
    return numbers | texts
