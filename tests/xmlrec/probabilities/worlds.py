"""Taxonomies, candidates and judged items that are made up."""

import numpy as np
import scipy.sparse as sp

from xmlrec.probabilities import N_BEST, Best, Judged, LabelFrame
from xmlrec.probabilities.kernels import N_FEATURES

N_SCORES = 11


def random_parents(rng, n_labels, n_roots=1):
    """Return a forest: the parent of a label is an earlier one, or none."""
    parents = [-1 if label < n_roots else rng.integers(-1, label) for label in range(n_labels)]
    return np.array(parents, dtype=np.int32)


def paths_of(parents):
    """Return the columns from the root to each label, -1 below it."""
    lines = []
    for label in range(len(parents)):
        line = [label]
        while parents[line[0]] >= 0:
            line.insert(0, int(parents[line[0]]))
        lines.append(line)
    paths = np.full((len(lines), max(map(len, lines))), -1, dtype=np.int32)
    for label, line in enumerate(lines):
        paths[label, : len(line)] = line
    return paths


def frame_of(parents, *, counts=None, new=()):
    """Return the frame of labels with these parents; ``new`` ones came after training."""
    parents = np.array(parents, dtype=np.int32)
    counts = np.ones(parents.size) if counts is None else counts
    is_new = np.isin(np.arange(parents.size), list(new))
    return LabelFrame(np.array(counts, dtype=np.int32), parents, is_new, paths_of(parents))


def random_candidates(rng, n_rows, k, n_labels):
    """Return different labels in any order with -1s between them, tied scores, and features."""
    labels = np.full((n_rows, k), -1, dtype=np.int32)
    for row in labels:
        n = min(k, n_labels)
        row[rng.permutation(k)[:n]] = rng.permutation(n_labels)[:n]
    labels[rng.random(labels.shape) < 0.2] = -1
    labels[rng.random(n_rows) < 0.2] = -1  # none at all
    scores = (rng.integers(-6, 7, size=labels.shape) / 2).astype(np.float32)
    F = rng.normal(size=(n_rows, k, N_SCORES)).astype(np.float32)
    return labels, scores, F


def random_rows(rng, n_rows, k, n_labels):
    """Return different labels, -1s last, as the best candidates are."""
    labels = np.full((n_rows, k), -1, dtype=np.int32)
    for row in labels:
        n = rng.integers(0, min(k, n_labels) + 1)
        row[:n] = rng.permutation(n_labels)[:n]
    return labels


def random_chances(rng, labels, *, is_single):
    """Return probabilities that fall along a row, 0 for none; they may add up to 1 if single."""
    P = np.sort(rng.random(labels.shape) ** rng.integers(1, 6), axis=1)[:, ::-1]
    P = np.where(labels >= 0, P, 0.0)
    if is_single:
        P = P / np.maximum(P.sum(axis=1, keepdims=True), 1.0)
    return P.astype(np.float32)


def padded(labels, k=N_BEST):
    """Return rows of labels as wide as the best candidates are."""
    out = np.full((len(labels), k), -1, dtype=np.int32)
    for row, of_row in zip(out, labels, strict=True):
        row[: len(of_row)] = of_row
    return out


def one_label_each(labels, n_labels):
    """Return label columns; -1 is none."""
    labels = np.asarray(labels)
    rows = np.flatnonzero(labels >= 0)
    ones = np.ones(rows.size, dtype=np.float32)
    return sp.csr_array((ones, (rows, labels[rows])), shape=(labels.size, n_labels))


def judged_by_feature(rng, n_items, truth, *, n_labels=4, feature=2, new=()):
    """Return items with two candidates each that are right by chance.

    The first candidate is right with probability ``truth(z)``, where ``z`` is one of its features
    and normal; else the second one is with a chance of a half. The other features say nothing.
    """
    frame = frame_of([-1] * n_labels, new=new)
    pairs = np.array([rng.permutation(n_labels)[:2] for _ in range(n_items)]).reshape(-1, 2)
    labels = padded(pairs.tolist())
    Z = np.zeros((n_items, N_BEST, N_FEATURES), dtype=np.float32)
    Z[:, :2] = rng.normal(size=(n_items, 2, N_FEATURES))
    is_first = rng.random(n_items) < truth(Z[:, 0, feature].astype(np.float64))
    is_second = ~is_first & (rng.random(n_items) < 0.5)
    Y = one_label_each(np.select([is_first, is_second], [labels[:, 0], labels[:, 1]], -1), n_labels)
    scores = np.where(labels >= 0, -np.arange(N_BEST), -np.inf).astype(np.float32)
    return Judged(Best(labels, scores, Z), Y, np.ones(n_items), frame)
