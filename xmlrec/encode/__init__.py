"""Texts to float32 vectors of unit length: the packaged static encoder, or a transformer."""

from xmlrec.encode.cache import cached_encode
from xmlrec.encode.contract import Encoder, Vectors
from xmlrec.encode.joined import JoinedEncoder, load_encoder
from xmlrec.encode.packaged import packaged_encoder
from xmlrec.encode.sentence import SentenceEncoder
from xmlrec.encode.static import StaticEncoder
from xmlrec.encode.tokens import Tokens, WordPieces

__all__ = [
    "Encoder",
    "JoinedEncoder",
    "SentenceEncoder",
    "StaticEncoder",
    "Tokens",
    "Vectors",
    "WordPieces",
    "cached_encode",
    "load_encoder",
    "packaged_encoder",
]
