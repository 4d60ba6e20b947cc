"""Sums of token vectors of some texts, their gradients, and Adam on the vectors they touch."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def sum_tokens(indptr, tokens, rows, vectors, out):
    """Fill ``out`` (n_rows, dim) with the sums of the token vectors of ``rows``."""
    for i in range(rows.shape[0]):
        total = out[i]
        total[:] = 0.0
        for p in range(indptr[rows[i]], indptr[rows[i] + 1]):
            vector = vectors[tokens[p]]
            for d in range(out.shape[1]):
                total[d] += vector[d]


@njit(cache=True, nogil=True)
def add_gradients(indptr, tokens, rows, row_gradients, gradients, is_touched, touched, n_touched):
    """Add each row's gradient (n_rows, dim) to those of its tokens.

    ``touched`` lists the tokens that ``is_touched`` marks. Returns how many there are now.
    """
    for i in range(rows.shape[0]):
        for p in range(indptr[rows[i]], indptr[rows[i] + 1]):
            token = tokens[p]
            if not is_touched[token]:
                is_touched[token] = True
                touched[n_touched] = token
                n_touched += 1
            gradient = gradients[token]
            for d in range(gradient.shape[0]):
                gradient[d] += row_gradients[i, d]
    return n_touched


@njit(cache=True, nogil=True)
def adam_step(touched, step, rate, gradients, first, second, is_touched, vectors):
    """Take one step of Adam (Kingma and Ba, ICLR 2015, Algorithm 1) for the touched vectors.

    Moments of other vectors rest. Gradients and marks are cleared.
    """
    scale = np.float32(rate * np.sqrt(1.0 - 0.999**step) / (1.0 - 0.9**step))
    old, new = np.float32(0.9), np.float32(0.1)
    old_square, new_square = np.float32(0.999), np.float32(0.001)
    for token in touched:
        is_touched[token] = False
        g, m, v, w = gradients[token], first[token], second[token], vectors[token]
        for d in range(g.shape[0]):
            m[d] = old * m[d] + new * g[d]
            v[d] = old_square * v[d] + new_square * g[d] * g[d]
            w[d] -= scale * m[d] / (np.sqrt(v[d]) + np.float32(1e-8))
            g[d] = 0.0
