"""Small encoders that the tests share."""

import numpy as np

from xmlrec.encode import StaticEncoder, WordPieces

PIECES = ("red", "shoe", "##s", "a", "##b", "b", "##a", "-", "garden", "hose", "日")


def small_encoder(dim=5, seed=0):
    """Return an encoder of `PIECES` with random vectors; that of ``b`` is minus that of ``a``."""
    vectors = np.random.default_rng(seed).normal(size=(len(PIECES), dim)).astype(np.float32)
    vectors[PIECES.index("b")] = -vectors[PIECES.index("a")]
    return StaticEncoder(WordPieces(PIECES), vectors, name="small")
