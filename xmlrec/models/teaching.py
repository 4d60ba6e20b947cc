"""What an encoder teaches a ranker that does without: which words speak for which label.

A fine-tuned transformer knows of words what no linear classifier can learn from a few rows. Each
word of the student's features is encoded by itself, and says for a label

    max(0, e(word) . e(label) - mean over labels of e(word) . e(label)) ,

for `N_LABELS` labels at most; all is scaled so that 1 is said in the mean. The student adds these
up over the words of an item, a table look-up. (Soft labels of training rows, as in LEVER,
Buvanesh et al., ICLR 2024, taught trees nothing: they take the negatives away.)

How far a teacher is to be believed cannot be learned on rows that it was trained on: it knows
their answers. Where fusion is fitted a stand-in teaches, the packaged encoder trained on the rows
that are left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.encode import Encoder
from xmlrec.text import TextFeatures

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

N_LABELS = 128
"""Labels that a word speaks for: with half as many, held-out items were up to 1.0 worse in P@1,
with twice as many up to 0.3 better."""

WORDS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """A trained encoder, and where it has the labels.

    Attributes
    ----------
    encoder : Encoder
    columns : int array
        The labels, as the student numbers them.
    vectors : float32 array, shape (columns.size, dim)
        Theirs.
    """

    encoder: Encoder
    columns: IntArray
    vectors: FloatArray

    def teach(
        self, words: Mapping[int, str], shape: tuple[int, int], *, n_threads: int | None = None
    ) -> sp.csr_array:
        """Return what each feature says for each label, float32 of ``shape``; see the module.

        Parameters
        ----------
        words : mapping of int to str
            The features that are words, rising.
        """
        E = self.encoder.encode(list(words.values()), n_threads=n_threads)
        of_words = [
            largest(self._say(E[start : start + WORDS_AT_ONCE]), N_LABELS)
            for start in range(0, len(E), WORDS_AT_ONCE)
        ]
        said = sp.vstack(of_words).tocoo() if of_words else sp.coo_array((0, self.columns.size))
        features = np.fromiter(words, dtype=np.int32, count=len(words))
        places = features[said.row], self.columns[said.col]
        scaled = (said.data / said.data.mean() if said.nnz else said.data).astype(np.float32)
        taught = sp.csr_array((scaled, places), shape=shape)
        taught.sort_indices()
        return taught

    def _say(self, E: FloatArray) -> FloatArray:
        S: FloatArray = E @ self.vectors.T
        S -= S.mean(axis=1, keepdims=True)
        return S


def word_features(features: TextFeatures) -> dict[int, str]:
    """Return the features that are single words, rising."""
    blocks = [block.name for block in features.blocks if (block.unit, block.n_max) == ("word", 1)]
    starts = tuple(f"{name}|" for name in blocks)
    return {
        feature: name.rpartition("|")[2]
        for feature, name in enumerate(features.feature_names())
        if name.startswith(starts)
    }


def largest(S: FloatArray, n: int) -> sp.csr_array:
    """Return the ``n`` largest values of each row, those above 0; more where they tie."""
    if n < S.shape[1]:
        least = -np.partition(-S, n - 1, axis=1)[:, n - 1 : n]
        S = np.where(least > S, 0, S)
    return sp.csr_array(np.maximum(S, 0))
