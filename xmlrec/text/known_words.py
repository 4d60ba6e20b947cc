"""How many words of items are known, and how many would be if the items were like the first ones.

The share of words that new items have and training items lack is estimated from the training items
alone by Good and Turing's rule: the words that one training item has, of all words (Good, "The
population frequencies of species and the estimation of population parameters", Biometrika 40, 1953,
equation 9). A word counts once for each item that has it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from xmlrec.text.blocks import block_arrays, field_names
from xmlrec.text.features import TextFeatures
from xmlrec.text.kernels import find_known
from xmlrec.text.texts import Item, scan_items
from xmlrec.text.vocabulary import count_texts

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IdfArray = np.ndarray[Any, np.dtype[np.float32]]


class WordCounts(NamedTuple):
    """Words of some items.

    Attributes
    ----------
    n_items : int
    n_words : int
        Each once for every item that has it.
    n_known : int
        Of these, the ones that the features know.
    unknown : Counter of str
        The others.
    """

    n_items: int
    n_words: int
    n_known: int
    unknown: Counter[str]


class ExpectedWords(NamedTuple):
    """What `count_words` of items like those of the training would give.

    Attributes
    ----------
    per_item : float
        Words of an item.
    unknown_share : float
        Share of them that the features do not know, 0 to 1.
    """

    per_item: float
    unknown_share: float


def count_words(features: TextFeatures, items: Sequence[Item]) -> WordCounts:
    """Count the words of ``items`` in the fields of the first block, which is one of words."""
    blocks = features.blocks[:1]
    batches = scan_items(items, field_names(blocks), features.classes_)
    entries = count_texts(batches, block_arrays(blocks))
    is_known = np.empty(len(entries.keys), dtype=np.bool_)
    find_known(entries.keys, features.vocabulary_.table, is_known)
    stops = np.cumsum(entries.name_sizes)
    names = entries.name_bytes.tobytes()
    unknown = Counter(
        {
            names[stops[at] - entries.name_sizes[at] : stops[at]].decode(): int(entries.n_items[at])
            for at in np.flatnonzero(~is_known).tolist()
        }
    )
    n_words = int(entries.n_items.sum())
    return WordCounts(len(items), n_words, n_words - unknown.total(), unknown)


def expected_words(
    features: TextFeatures, names: sp.csr_array, n_items: int
) -> ExpectedWords | None:
    """Return what items like those of the training would have; None without any word.

    Parameters
    ----------
    names : csr_array, shape (n_labels, n_features)
        The features of the labels' names, each of which the training read as one more item.
    n_items : int
        Training items without the names.
    """
    n_words = int(features.vocabulary_.block_starts[1])
    of_names = np.bincount(names.indices, minlength=features.n_features)[:n_words]
    n_with = items_with(features.vocabulary_.idf[:n_words])
    of_items = n_with - of_names
    if of_items.sum() <= 0 or n_items <= 0:
        return None
    n_once = int(((n_with == 1) & (of_names == 0)).sum())
    return ExpectedWords(float(of_items.sum() / n_items), float(n_once / of_items.sum()))


def items_with(idf: IdfArray) -> FloatArray:
    """Return in how many items each n-gram is, of which some are in one: idf falls with it.

    See `xmlrec.text.blocks.NgramBlock` for ``idf``.
    """
    factors = np.exp(idf.max(initial=0.0) - idf.astype(np.float64))
    n_with: FloatArray = np.rint(2.0 * factors - 1.0)
    return n_with
