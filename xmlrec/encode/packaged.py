"""The static encoder inside the package, made from all-MiniLM-L6-v2.

``data/static`` holds the tokens, int8 vectors and a float32 scale a row; its README says where they
come from, and ``scripts/make_static_encoder.py`` makes them.
"""

import hashlib
import io
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np

from xmlrec.encode.contract import Vectors
from xmlrec.encode.static import StaticEncoder
from xmlrec.encode.tokens import WordPieces
from xmlrec.errors import EncoderError

NAME = "static-minilm-l6-256"
FOLDER = files("xmlrec.encode") / "data" / "static"
FILES = ("tokens.txt", "vectors.npy", "scales.npy")
DIGEST = "b8cebc54d4642187b5ac180b29803ca73baed7d775078b6bdb16521370d214ac"


def packaged_encoder(folder: Traversable = FOLDER) -> StaticEncoder:
    """Open the packaged encoder: 256 dimensions, 29,500 word pieces, English; no torch.

    Raises
    ------
    EncoderError
        If a file is missing or changed.
    """
    try:
        contents = [(folder / name).read_bytes() for name in FILES]
    except OSError as error:
        problem = f"a packaged file cannot be read ({error})"
        raise EncoderError(NAME, problem, "install xmlrec again") from None
    if files_digest(contents) != DIGEST:
        problem = "a packaged file was changed, the digest is wrong"
        raise EncoderError(NAME, problem, "install xmlrec again")
    lines, codes, scales = contents
    pieces = WordPieces(lines.decode().split())
    return StaticEncoder(pieces, _from_codes(codes, scales), name=NAME)


def files_digest(contents: Iterable[bytes]) -> str:
    """Return the sha256 of the packaged files, in the order of `FILES`."""
    digests = [hashlib.sha256(content).digest() for content in contents]
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _from_codes(codes: bytes, scales: bytes) -> Vectors:
    rows = np.load(io.BytesIO(codes), allow_pickle=False)
    lengths = np.load(io.BytesIO(scales), allow_pickle=False)
    vectors: Vectors = rows * lengths[:, None]
    return vectors
