"""Slow, obvious twin of `xmlrec.encode.kernels`: plain Python numbers."""

import math

import numpy as np


def encode_rows_reference(indptr, tokens, vectors):
    """Add the vectors of each text's tokens in their order; divide by the length, round once."""
    n_texts, dim = len(indptr) - 1, vectors.shape[1]
    rows = np.zeros((n_texts, dim), dtype=np.float32)
    for row in range(n_texts):
        total = [0.0] * dim
        for token in tokens[indptr[row] : indptr[row + 1]]:
            total = [x + float(y) for x, y in zip(total, vectors[token], strict=True)]
        squared = 0.0
        for x in total:
            squared += x * x
        if squared > 0:
            rows[row] = [np.float32(x / math.sqrt(squared)) for x in total]
    return rows


def word_pieces_reference(text, pieces):
    """Split an ASCII text at spaces and punctuation, each word into its longest known pieces."""
    words = "".join(c if c.isalnum() else f" {c} " for c in text.lower()).split()
    return [token for word in words for token in _split_word(word, pieces)]


def _split_word(word, pieces):
    tokens, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        stops = range(len(word), start, -1)
        stop = next((stop for stop in stops if prefix + word[start:stop] in pieces), None)
        if stop is None:
            return []
        tokens.append(pieces.index(prefix + word[start:stop]))
        start = stop
    return tokens
