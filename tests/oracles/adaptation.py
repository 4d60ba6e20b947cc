"""Slow, obvious twins of `xmlrec.encode.adaptation`: float64, one text at a time."""

import numpy as np


def tokens_of(texts, row):
    """Return the tokens of a text; ``texts`` are ``(indptr, tokens)``."""
    indptr, tokens = texts
    return tokens[indptr[row] : indptr[row + 1]].tolist()


def sum_tokens_reference(texts, rows, vectors):
    """Return the sum of the token vectors of each of some texts."""
    sums = np.zeros((len(rows), vectors.shape[1]))
    for i, row in enumerate(rows):
        for token in tokens_of(texts, row):
            sums[i] += vectors[token]
    return sums


def token_gradients_reference(texts, rows, row_gradients, n_tokens):
    """Return what each token gets: the gradient of a text, once for each place it has there."""
    gradients = np.zeros((n_tokens, row_gradients.shape[1]))
    for gradient, row in zip(row_gradients, rows, strict=True):
        for token in tokens_of(texts, row):
            gradients[token] += gradient
    return gradients


def adam_reference(vectors, gradients_of_steps, rate):
    """Return vectors after some steps of Adam, each vector by itself.

    Algorithm 1 of Kingma and Ba, with epsilon where the end of their section 2 has it. A step is a
    mapping of token to gradient; a token that is not in it rests.
    """
    vectors = vectors.astype(np.float64)
    first, second = np.zeros_like(vectors), np.zeros_like(vectors)
    for step, gradients in enumerate(gradients_of_steps, start=1):
        for token, g in gradients.items():
            first[token] = 0.9 * first[token] + 0.1 * g
            second[token] = 0.999 * second[token] + 0.001 * g**2
            first_hat = first[token] / (1 - 0.9**step)
            bias = np.sqrt(1 - 0.999**step)
            second_root = (np.sqrt(second[token]) + 1e-8) / bias
            vectors[token] -= rate * first_hat / second_root
    return vectors


def unit_vectors(texts, rows, vectors):
    """Return the sums of token vectors, scaled to unit length; a sum of zeros stays."""
    sums = sum_tokens_reference(texts, rows, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.where(lengths > 0, lengths, 1)


def loss_reference(vectors, items, labels, Y, temperature):
    """Return the loss of a batch, a mean over its pairs, one pair after the other.

    ``items`` and ``labels`` are each ``(texts, rows)``, ``Y`` is dense.
    """
    E, L = unit_vectors(*items, vectors), unit_vectors(*labels, vectors)
    scores = E @ L.T / temperature
    n_pairs, total = len(scores), 0.0
    for i in range(n_pairs):
        wrong_labels = [j for j in range(n_pairs) if j != i and not Y[items[1][i], labels[1][j]]]
        wrong_items = [j for j in range(n_pairs) if j != i and not Y[items[1][j], labels[1][i]]]
        by_label = sum(np.exp(scores[i, j]) for j in [i, *wrong_labels])
        by_item = sum(np.exp(scores[j, i]) for j in [i, *wrong_items])
        total -= np.log(np.exp(scores[i, i]) / by_label) + np.log(np.exp(scores[i, i]) / by_item)
    return total / (2 * n_pairs)
