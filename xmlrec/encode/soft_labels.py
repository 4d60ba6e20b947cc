"""What a teacher, such as a fine-tuned encoder, tells other models of its candidates."""

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking

LOWEST_COSINE = -1.1
MIN_SOFT = 0.01
"""Soft labels below it are left out."""


def soft_labels(ranking: Ranking, n_labels: int, *, temperature: float) -> sp.csr_array:
    """Return what a teacher believes of its candidates: the softmax of each row's scores.

    To teach label trees, take the larger of these and the true labels (Buvanesh et al., LEVER,
    ICLR 2024): ``Y.maximum(soft)``.

    Parameters
    ----------
    ranking : Ranking
        Nearest labels and their cosines.
    n_labels : int
    temperature : float
        Cosines are divided by it; that of training makes shares of what training minimised.

    Returns
    -------
    csr_array of float32, shape (n_instances, n_labels)
        In (0, 1]; shares below `MIN_SOFT` are left out.
    """
    labels, scores = ranking
    exponentials = np.exp((scores - np.maximum(scores[:, :1], LOWEST_COSINE)) / temperature)
    shares = exponentials / np.maximum(exponentials.sum(axis=1, keepdims=True), 1e-30)
    rows, places = np.nonzero((labels >= 0) & (shares >= MIN_SOFT))
    values = shares[rows, places].astype(np.float32)
    return sp.csr_array((values, (rows, labels[rows, places])), shape=(len(labels), n_labels))
