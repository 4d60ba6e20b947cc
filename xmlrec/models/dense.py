"""The dense side of a ranker: an encoder, and what it makes of labels and labelled items."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from indexes import LabelIndex
from label_trees.parallel import count_threads, thread_map
from xmlrec.encode import Encoder
from xmlrec.encode.label_texts import (
    LabelTextWeights,
    encode_variants,
    label_texts,
    label_vectors,
)
from xmlrec.fuse import Examples
from xmlrec.models.example_texts import ExampleTexts
from xmlrec.models.ranker_training import LabelFacts
from xmlrec.text import Item, normalize_text

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_SIMILAR = 20
"""Labels near an item that are candidates."""

MAX_EXAMPLES = 32
"""Items of a label that are kept as examples."""

ROWS_PER_JOB = 1024

TEXT_WEIGHTS = LabelTextWeights(
    name=0.0, path=0.0, name_path=1.0, definition=0.5, aliases=0.5, kappa=2.0
)
"""A label with no more than a name has the vector of its training text. Of one with five examples,
``kappa`` 2 finds up to 5 in 100 more items than 5 among the first ten, and 1 to 2 more than 1."""


class DenseSide:
    """Finds labels near an item.

    Attributes
    ----------
    encoder : Encoder
    labels : LabelIndex
        Vectors of the labels that can be found, under their columns.
    example_texts : ExampleTexts
        What is shown of the items whose vectors are kept as examples.
    """

    def __init__(
        self, encoder: Encoder, label_vectors: FloatArray, example_texts: ExampleTexts
    ) -> None:
        from indexes import FaissIndex  # imports faiss, which the preset fast need not

        self.encoder, self.example_texts = encoder, example_texts
        self.labels: LabelIndex = FaissIndex(encoder.dim)
        columns = np.flatnonzero(label_vectors.any(axis=1))
        self.labels.add(columns, label_vectors[columns])

    def similar_labels(
        self, E: FloatArray, allowed: BoolArray | None, *, n_threads: int | None = None
    ) -> IntArray:
        """Return the columns of the `N_SIMILAR` labels nearest to each vector, -1 for none."""
        out = np.empty((len(E), N_SIMILAR), dtype=np.int32)

        def fill(lo: int) -> None:
            rows = slice(lo, lo + ROWS_PER_JOB)
            out[rows] = self.labels.search(E[rows], N_SIMILAR, allowed=allowed)[0]

        starts = range(0, len(E), ROWS_PER_JOB)
        n_threads = min(count_threads(n_threads), len(starts))
        with threadpool_limits(1) if n_threads > 1 else nullcontext():  # threads of ours instead
            thread_map(fill, starts, n_threads)
        return out


def choose_examples(E: FloatArray, Y: sp.csr_array, *, seed: int) -> tuple[Examples, IntArray]:
    """Keep up to `MAX_EXAMPLES` items of each label, drawn at random; say which ones, rising.

    Parameters
    ----------
    E : float32 array, shape (n_items, dim)
    Y : csr_array, shape (n_items, n_labels)
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(Y.shape[0]).astype(np.int32)
    by_label = Y[order].T.tocsr()
    places = np.arange(by_label.nnz) - np.repeat(by_label.indptr[:-1], np.diff(by_label.indptr))
    kept = order[by_label.indices[places < MAX_EXAMPLES]]
    items, rows = np.unique(kept, return_inverse=True)
    sizes = np.minimum(np.diff(by_label.indptr), MAX_EXAMPLES)
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Examples(E[items], indptr, rows.astype(np.int32)), items


def no_vectors(n_labels: int) -> FloatArray:
    """Return vectors of length 0, which say nothing."""
    return np.zeros((n_labels, 0), dtype=np.float32)


def no_examples(n_labels: int) -> Examples:
    """Return examples of no label."""
    vectors = np.zeros((0, 0), dtype=np.float32)
    return Examples(vectors, np.zeros(n_labels + 1, dtype=np.int64), np.zeros(0, dtype=np.int32))


def check_examples(examples: Examples) -> Examples:
    """Return examples whose parts fit together: kernels trust their numbers.

    Raises
    ------
    ValueError
        If they do not.
    """
    vectors, indptr, rows = examples
    is_rising = indptr.size and indptr[0] == 0 and (np.diff(indptr) >= 0).all()
    is_inside = not rows.size or 0 <= rows.min() <= rows.max() < len(vectors)
    if not (is_rising and is_inside and indptr[-1] == rows.size):
        raise ValueError("examples of labels are damaged")
    return examples


def joined_text(item: Item) -> str:
    """Return what an encoder reads of an item: its fields, in their order; "" without a word."""
    fields = (item,) if isinstance(item, str) else item.values()
    text = ". ".join([normalize_text(str(field)) for field in fields])
    return text if any(map(str.isalnum, text)) else ""


def fact_vectors(encoder: Encoder, facts: Sequence[LabelFacts]) -> FloatArray:
    """Return the vectors of labels from their texts and examples, float32 (n, dim)."""
    texts = label_texts(
        [fact.name for fact in facts],
        [fact.path for fact in facts],
        [fact.definition for fact in facts],
        [fact.aliases for fact in facts],
    )
    examples = [example for fact in facts for example in fact.examples]
    E = encoder.encode(examples)
    sums = np.zeros((len(facts), encoder.dim), dtype=np.float32)
    np.add.at(sums, np.repeat(np.arange(len(facts)), [len(fact.examples) for fact in facts]), E)
    return label_vectors(encode_variants(texts, encoder.encode), TEXT_WEIGHTS, sums=sums)


def known_or_made_vectors(encoder: Encoder, facts: Sequence[LabelFacts]) -> FloatArray:
    """Return the vectors of labels, float32 (n, dim); one that the facts hold is taken over."""
    unknown = [fact for fact in facts if fact.vector is None]
    made = iter(fact_vectors(encoder, unknown) if unknown else ())
    rows = [next(made) if fact.vector is None else fact.vector for fact in facts]
    return np.array(rows, dtype=np.float32).reshape(len(facts), encoder.dim)
