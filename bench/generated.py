"""Data sets with the published shapes of extreme classification, drawn from a seed.

They stand in for sets that are not on this machine. Leaf topics of a few labels lie in parents of
``BRANCHING`` topics each, ``LEVELS`` levels deep. A label has a home: a leaf, or a topic above if
it is too frequent for a leaf. The labels of a row mostly share a home. Its words come from the
whole language, from its topics, and from its labels, which share words with their siblings.
Words follow the law of Zipf and Mandelbrot, ``p(rank) ~ 1 / (rank + offset)``, labels the same
law with an exponent, ``p(rank) ~ (rank + head) ** -decay``.

The shares were set by trials so that P@1 of one PECOS tree is near its published one. P@5 falls
off more steeply than on the real sets, most on Amazon-670K.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from bench.datasets import Problem
from bench.shapes import SHAPES, Shape

LEVELS = 3
BRANCHING = 16
LABELS_A_LEAF = 6
HOME_SHARE = 0.7  # a label is in at most this share of the rows of its home
STRAY_SHARE, LOST_SHARE = 0.1, 0.05  # of a label's rows that lie near its home; anywhere
TOPIC_WORDS, LABEL_WORDS = 60, 8
SIBLING_SHARE = 0.4  # of a label's words that are words of its leaf, too
TOPIC_SHARE = 0.35  # of a row's words that come from its topics
PROMINENCE = 1.2  # above 1 the first labels of a row get more of its words than the last
CLARITY = 0.7  # the lower, the more rows differ in how many words their labels get
CHUNK_ROWS = 20_000

GENERATED_SETS = tuple(SHAPES)


@dataclass(frozen=True)
class Labels:
    """Of every label: how many training rows it gets, and the leaves that its home covers."""

    counts: np.ndarray
    first_leaf: np.ndarray
    n_leaves: np.ndarray


@dataclass(frozen=True)
class Language:
    """Columns of X: all by falling frequency; those of topics, leaves first; those of labels."""

    columns: np.ndarray
    topics: tuple[np.ndarray, ...]
    labels: np.ndarray


@dataclass(frozen=True)
class Rows:
    """Leaf of every row and its run ``labels[starts : starts + lengths]``, which may repeat one."""

    leaves: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray

    def part(self, chosen: slice) -> "Rows":
        """Return some of the rows."""
        return Rows(self.leaves[chosen], self.starts[chosen], self.lengths[chosen], self.labels)

    def indicator(self, n_labels: int) -> sp.csr_array:
        """Return the 0/1 matrix of shape (n_rows, n_labels), float32."""
        slots = np.arange(self.lengths.sum()) - np.repeat(
            np.cumsum(self.lengths) - self.lengths, self.lengths
        )
        indices = self.labels[np.repeat(self.starts, self.lengths) + slots]
        indptr = np.append(0, np.cumsum(self.lengths))
        Y = sp.csr_array(
            (np.ones(len(indices), np.float32), indices.astype(np.int32), indptr.astype(np.int32)),
            shape=(len(self.lengths), n_labels),
        )
        Y.sum_duplicates()
        Y.data[:] = 1
        return Y


def generated_set(name: str) -> Problem:
    """Return one of `GENERATED_SETS`, on one machine the same matrices at every call."""
    return generate(SHAPES[name])


def scaled(name: str, share: float) -> Shape:
    """Return a named shape with ``share`` of its rows and of its labels, in (0, 1]."""
    shape = SHAPES[name]
    sizes = {
        field: max(1, round(share * getattr(shape, field)))
        for field in ("n_rows", "n_test", "n_labels")
    }
    return replace(shape, name=f"{name}-{share:g}", **sizes)


def generate(shape: Shape) -> Problem:
    """Draw a data set whose every label has a training row.

    Columns of X and Y are in random order, so heavy ones are not neighbours.
    """
    rng = np.random.default_rng(shape.seed)
    labels = draw_labels(shape, rng)
    language = draw_language(shape, labels, rng)
    rows = draw_rows(labels, labels.counts, shape.n_rows, rng)
    share = shape.n_test / shape.n_rows
    test_counts = (labels.counts * share + rng.random(shape.n_labels)).astype(np.int64)
    test_rows = draw_rows(labels, test_counts, shape.n_test, rng)
    n_words = words_for(shape, language, rows, rng)
    X, X_test = (
        draw_counts(shape, language, part, n_words=n_words, rng=rng) for part in (rows, test_rows)
    )
    idf = 1 + np.log((1 + shape.n_rows) / (1 + np.bincount(X.indices, minlength=X.shape[1])))
    for matrix in (X, X_test):
        weigh(matrix, idf.astype(np.float32))
    Y, Y_test = (part.indicator(shape.n_labels) for part in (rows, test_rows))
    return Problem(shape.name, X, Y, X_test, Y_test)


def zipf(rng: np.random.Generator, n: int, offset: float, size: int) -> np.ndarray:
    """Draw ranks 0 to n - 1 with ``p(rank) ~ 1 / (rank + offset)``, by inverting its integral."""
    steps = rng.random(size, dtype=np.float32) * np.float32(np.log((n + offset) / offset))
    return np.minimum(offset * np.expm1(steps), n - 1).astype(np.int32)


def draw_labels(shape: Shape, rng: np.random.Generator) -> Labels:
    """Give every label one row and its Zipf share of the others, and a home that can hold them."""
    n_leaves = -(-shape.n_labels // LABELS_A_LEAF)
    weights = (rng.permutation(shape.n_labels) + shape.head) ** -shape.decay
    n_more = shape.n_rows * shape.labels_a_row - shape.n_labels
    counts = 1 + (n_more * weights / weights.sum() + rng.random(shape.n_labels)).astype(np.int64)
    sizes = BRANCHING ** np.arange(LEVELS)
    room = HOME_SHARE * shape.n_rows / n_leaves * sizes
    home_size = np.append(sizes, n_leaves)[np.searchsorted(room, counts)]
    popularity = np.cumsum(rng.gamma(2.0, size=n_leaves))
    leaves = np.searchsorted(popularity, rng.random(shape.n_labels) * popularity[-1])
    first_leaf = leaves // home_size * home_size
    return Labels(counts, first_leaf, np.minimum(home_size, n_leaves - first_leaf))


def draw_language(shape: Shape, labels: Labels, rng: np.random.Generator) -> Language:
    """Choose words for topics and labels; those of labels are rarer."""
    n_leaves = -(-shape.n_labels // LABELS_A_LEAF)
    n_topics = [-(-n_leaves // BRANCHING**level) for level in range(LEVELS)]
    columns = rng.permutation(shape.n_features).astype(np.int32)
    topics = tuple(
        columns[zipf(rng, shape.n_features, shape.n_features / 50, n * TOPIC_WORDS)].reshape(n, -1)
        for n in n_topics
    )
    size = (shape.n_labels, LABEL_WORDS)
    words = columns[zipf(rng, shape.n_features, shape.n_features / 5, size[0] * size[1])]
    homes = labels.first_leaf + (rng.random(shape.n_labels) * labels.n_leaves).astype(np.int64)
    shared = topics[0][homes[:, None], rng.integers(TOPIC_WORDS, size=size)]
    is_shared = rng.random(size) < SIBLING_SHARE
    return Language(columns, topics, np.where(is_shared, shared, words.reshape(size)))


def draw_rows(labels: Labels, counts: np.ndarray, n_rows: int, rng: np.random.Generator) -> Rows:
    """Lay ``counts`` copies of every label along the leaves and cut them into rows."""
    copies = np.repeat(np.arange(len(counts)), counts)
    places = draw_places(labels, copies, counts, rng)
    order = np.resize(np.argsort(places), max(len(copies), n_rows))
    weights = rng.gamma(3.0, size=n_rows)
    lengths = 1 + rng.multinomial(len(order) - n_rows, weights / weights.sum())
    starts = np.cumsum(lengths) - lengths
    shuffled = rng.permutation(n_rows)
    starts, lengths = starts[shuffled], lengths[shuffled]
    return Rows(places[order[starts]].astype(np.int64), starts, lengths, copies[order])


def draw_places(
    labels: Labels, copies: np.ndarray, counts: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the place of each copy, a leaf and a fraction.

    The copies of a label lie evenly over its home, so that few meet in a row.
    """
    nth = np.arange(len(copies)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (nth + rng.random(len(copies))) / counts[copies] + rng.random(len(counts))[copies]
    n_leaves = int((labels.first_leaf + labels.n_leaves).max())
    first, width = labels.first_leaf[copies], labels.n_leaves[copies]
    fate = rng.random(len(copies))
    is_lost, is_stray = fate < LOST_SHARE, fate > 1 - STRAY_SHARE
    around = np.maximum(width, BRANCHING)
    first = np.where(is_stray, first // around * around, first)
    width = np.where(is_stray, np.minimum(around, n_leaves - first), width)
    first, width = np.where(is_lost, 0, first), np.where(is_lost, n_leaves, width)
    return np.minimum(first + along % 1 * width, np.nextafter(n_leaves, 0))


def words_for(shape: Shape, language: Language, rows: Rows, rng: np.random.Generator) -> float:
    """Return the mean number of words with which rows have ``nonzeros_a_row`` different ones."""
    pilot = rows.part(slice(2_000))
    n_words = shape.nonzeros_a_row
    for _ in range(4):
        X = draw_counts(shape, language, pilot, n_words=n_words, rng=rng)
        n_words *= shape.nonzeros_a_row * X.shape[0] / X.nnz
    return n_words


def draw_counts(
    shape: Shape, language: Language, rows: Rows, *, n_words: float, rng: np.random.Generator
) -> sp.csr_array:
    """Return how often each row has each word, of shape (n_rows, n_features), float32."""
    chunks = [
        draw_chunk(shape, language, rows.part(slice(at, at + CHUNK_ROWS)), n_words=n_words, rng=rng)
        for at in range(0, len(rows.leaves), CHUNK_ROWS)
    ]
    return sp.vstack(chunks, format="csr")


def draw_chunk(
    shape: Shape, language: Language, rows: Rows, *, n_words: float, rng: np.random.Generator
) -> sp.csr_array:
    """Draw the words of each source: the whole language, the topics of each level, the labels."""
    n_rows = len(rows.leaves)
    sizes = n_words * rng.gamma(6.0, 1 / 6.0, size=n_rows)
    label_sizes = shape.label_share * sizes * rng.gamma(CLARITY, 1 / CLARITY, size=n_rows)
    common_sizes = (1 - shape.label_share - TOPIC_SHARE) * sizes

    row = np.repeat(np.arange(n_rows), np.maximum(rng.poisson(common_sizes), 1))
    words = language.columns[zipf(rng, shape.n_features, 3.0, len(row))]
    keys = [row * shape.n_features + words]
    for level, words in enumerate(language.topics):
        row = np.repeat(np.arange(n_rows), rng.poisson(TOPIC_SHARE / LEVELS * sizes))
        ranks = zipf(rng, TOPIC_WORDS, 5.0, len(row))
        topics = rows.leaves[row] // BRANCHING**level
        keys.append(row * shape.n_features + words[topics, ranks])
    row = np.repeat(np.arange(n_rows), rng.poisson(label_sizes))
    slots = (rows.lengths[row] * rng.random(len(row)) ** PROMINENCE).astype(np.int64)
    ranks = zipf(rng, LABEL_WORDS, 4.0, len(row))
    labels = rows.labels[rows.starts[row] + slots]
    keys.append(row * shape.n_features + language.labels[labels, ranks])

    cells, counts = np.unique(np.concatenate(keys), return_counts=True)
    indptr = np.searchsorted(cells, np.arange(n_rows + 1) * shape.n_features)
    return sp.csr_array(
        (
            counts.astype(np.float32),
            (cells % shape.n_features).astype(np.int32),
            indptr.astype(np.int32),
        ),
        shape=(n_rows, shape.n_features),
    )


def weigh(X: sp.csr_array, idf: np.ndarray) -> None:
    """Turn counts into log-TF-IDF with rows of unit L2 norm, in place."""
    X.data = (1 + np.log(X.data)) * idf[X.indices]
    norms = np.sqrt(np.add.reduceat(X.data**2, X.indptr[:-1]))  # no row is empty
    X.data /= np.repeat(norms, np.diff(X.indptr))
