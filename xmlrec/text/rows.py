"""Scanned texts to rows of features, batch by batch, and batches to one matrix."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from xmlrec.text.blocks import BlockArrays
from xmlrec.text.kernels import MOST_DIGIT_BITS, transform_rows
from xmlrec.text.texts import Texts
from xmlrec.text.vocabulary import Vocabulary


class Rows(NamedTuple):
    """Features of some items: how many each item has, and all of them in order."""

    sizes: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float32]


class Scratch(NamedTuple):
    """Room for the n-grams of one text and the features of one item."""

    grams: NDArray[np.uint64]
    spans: NDArray[np.int32]
    entries: NDArray[np.uint64]
    block_offsets: NDArray[np.int64]
    found: NDArray[np.uint32]
    spare: NDArray[np.uint32]
    starts: NDArray[np.int32]


def transform_texts(texts: Texts, blocks: BlockArrays, vocabulary: Vocabulary) -> Rows:
    """Return the features of a batch of items."""
    n_item = texts.most_grams(blocks, np.maximum)
    n_all = texts.most_grams(blocks, np.add)
    scratch = Scratch(
        grams=np.empty(n_item, dtype=np.uint64),
        spans=np.empty((n_item, 2), dtype=np.int32),
        entries=np.empty(n_item, dtype=np.uint64),
        block_offsets=np.empty(len(blocks.n_min) + 1, dtype=np.int64),
        found=np.empty(n_item, dtype=np.uint32),
        spare=np.empty(n_item, dtype=np.uint32),
        starts=np.empty((1 << MOST_DIGIT_BITS) + 1, dtype=np.int32),
    )
    indptr = np.empty(texts.n_items(blocks) + 1, dtype=np.int64)
    indices, values = np.empty(n_all, dtype=np.int32), np.empty(n_all, dtype=np.float32)
    transform_rows(texts, blocks, vocabulary, scratch, indptr, indices, values)
    n = indptr[-1]
    return Rows(np.diff(indptr), indices[:n].copy(), values[:n].copy())


def join_rows(parts: list[Rows], n_features: int) -> sp.csr_array:
    """Return the rows of all parts as one matrix with int32 indices."""
    sizes = np.concatenate([np.empty(0, dtype=np.int64), *(part.sizes for part in parts)])
    indptr = np.concatenate(([0], np.cumsum(sizes)))
    indices = np.concatenate([np.empty(0, dtype=np.int32), *(part.indices for part in parts)])
    values = np.concatenate([np.empty(0, dtype=np.float32), *(part.values for part in parts)])
    if len(indices) <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    X = sp.csr_array((values, indices, indptr), shape=(len(sizes), n_features))
    X.has_canonical_format = True
    return X
