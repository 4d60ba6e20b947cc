"""What fusion knows of labels: before training, and after the taxonomy has changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.fuse import LabelRows
from xmlrec.models.dense import TEXT_WEIGHTS, no_examples, no_vectors
from xmlrec.models.ranker_training import KnownLabels, LabelFacts, replace_rows, spread_rows
from xmlrec.text import TextFeatures

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


def known_rows(features: TextFeatures, known: KnownLabels, Y: sp.csr_array) -> LabelRows:
    """Return what fusion knows of the labels before training: no vectors, none of them new."""
    title, n_labels = features.blocks[0].fields[0], Y.shape[1]
    names, paths = (
        spread_rows(features.transform([{title: text} for text in texts]), known.columns, n_labels)
        for texts in (known.names, known.paths)
    )
    return LabelRows(
        names=names,
        paths=paths,
        taught=sp.csr_array((features.n_features, n_labels), dtype=np.float32),
        vectors=no_vectors(n_labels),
        examples=no_examples(n_labels),
        counts=np.bincount(Y.indices, minlength=n_labels).astype(np.int32),
        parents=known.parents,
        is_new=np.zeros(n_labels, dtype=np.bool_),
    )


def example_words(
    features: TextFeatures, facts: Sequence[LabelFacts], is_new: BoolArray
) -> sp.csr_array:
    """Return the features of each new label's examples added up, (n_labels, n_features).

    Rows of other labels, and of those without examples, are empty: what items of a label say is
    known to the trees.
    """
    texts_of = [fact.examples if new else () for fact, new in zip(facts, is_new, strict=True)]
    indptr = np.concatenate([[0], np.cumsum([len(texts) for texts in texts_of])])
    texts = [text for texts in texts_of for text in texts]
    ones, places = np.ones(len(texts), dtype=np.float32), np.arange(len(texts))
    owners = sp.csr_array((ones, places, indptr), shape=(len(facts), len(texts)))
    title = features.blocks[0].fields[0]
    return sp.csr_array(owners @ features.transform([{title: text} for text in texts]))


def add_words(rows: sp.csr_array, examples: sp.csr_array) -> sp.csr_array:
    """Return rows of unit length that have the words of examples too.

    As in a label's vector, a text weighs as much as `TEXT_WEIGHTS.kappa` examples. Where
    ``examples`` (of the same shape) has an empty row, nothing changes.
    """
    joined = sp.csr_array(np.float32(TEXT_WEIGHTS.kappa) * rows + examples)
    lengths = np.sqrt(joined.multiply(joined).sum(axis=1))
    factors = np.repeat(1.0 / np.where(lengths > 0, lengths, 1.0), np.diff(joined.indptr))
    data = (factors * joined.data).astype(np.float32)
    return sp.csr_array((data, joined.indices, joined.indptr), shape=rows.shape)


def changed_rows(
    before: LabelRows,
    features: TextFeatures,
    known: KnownLabels,
    changed: Mapping[int, LabelFacts],
    vectors: FloatArray,
    *,
    is_new: BoolArray,
) -> LabelRows:
    """Return what fusion knows of the labels ``known`` now.

    Parameters
    ----------
    changed : mapping of int to LabelFacts
        Columns, rising, that were added, or are called or described otherwise.
    vectors : float32 array, shape (n_changed, dim)
        Of the changed labels.
    is_new : bool array, shape (n_labels,)
        Whether the trees lack a label.
    """
    title, n_labels = features.blocks[0].fields[0], known.parents.size
    columns = np.array(list(changed), dtype=np.int32)
    facts = list(changed.values())
    names = features.transform([{title: fact.name} for fact in facts])
    paths = features.transform([{title: fact.path} for fact in facts])
    examples = example_words(features, facts, is_new[columns])
    if examples.nnz:
        names, paths = add_words(names, examples), add_words(paths, examples)
    is_known = np.isin(np.arange(n_labels), known.columns)
    counts = np.zeros(n_labels, dtype=np.int32)
    counts[: before.counts.size] = before.counts
    every = np.zeros((n_labels, before.vectors.shape[1]), dtype=np.float32)
    every[: len(before.vectors)] = before.vectors
    every[columns] = vectors
    every[~is_known] = 0.0
    indptr = before.examples.indptr
    indptr = np.pad(indptr, (0, n_labels + 1 - indptr.size), mode="edge")
    taught = before.taught.data, before.taught.indices, before.taught.indptr
    return LabelRows(
        names=replace_rows(before.names, columns, names, n_labels),
        paths=replace_rows(before.paths, columns, paths, n_labels),
        taught=sp.csr_array(taught, shape=(before.taught.shape[0], n_labels)),
        vectors=every,
        examples=before.examples._replace(indptr=indptr),
        counts=counts,
        parents=known.parents,
        is_new=is_new & is_known,
    )
