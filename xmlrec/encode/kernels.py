"""Token vectors to text vectors, row by row."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def encode_rows(indptr, tokens, vectors, start, stop, rows):
    """Fill ``rows[start:stop]`` (zeros) with the sums of the texts' token vectors, unit length.

    Sums are float64, in the order of the tokens; a sum of zero stays zero.
    """
    dim = vectors.shape[1]
    total = np.empty(dim, dtype=np.float64)
    for row in range(start, stop):
        total[:] = 0.0
        for p in range(indptr[row], indptr[row + 1]):
            vector = vectors[tokens[p]]
            for d in range(dim):
                total[d] += vector[d]
        squared = 0.0
        for d in range(dim):
            squared += total[d] * total[d]
        if squared > 0.0:
            length = np.sqrt(squared)
            for d in range(dim):
                rows[row, d] = total[d] / length
