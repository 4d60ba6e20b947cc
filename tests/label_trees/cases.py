"""Data and trees for the tests of `label_trees`."""

import numpy as np
import scipy.sparse as sp

from label_trees.tree import LabelTree
from label_trees.weights import Block, TrainedTree, pack_weights


def random_case(seed, *, n_rows=300, n_features=40, n_labels=30):
    """Return sparse X with unit rows and Y with one to three labels a row, each label used."""
    rng = np.random.default_rng(seed)
    X = rng.random((n_rows, n_features)) * (rng.random((n_rows, n_features)) < 0.2)
    X[:, 0] += 0.1
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    Y = np.zeros((n_rows, n_labels))
    for extra in range(3):
        label = (np.arange(n_rows) * (extra + 1)) % n_labels
        Y[np.arange(n_rows), label] = rng.random(n_rows) < (1.0, 0.3, 0.1)[extra]
    Y[np.arange(n_rows), np.arange(n_rows) % n_labels] = 1.0
    return sp.csr_array(X.astype(np.float32)), sp.csr_array(Y.astype(np.float32))


def block_case(seed, *, n_labels, rows_per_label=4):
    """Return (X, Y) where a label's rows use three features that no other label's rows use."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(n_labels), rows_per_label)
    X = np.zeros((label.size, 3 * n_labels), dtype=np.float32)
    for row in range(label.size):
        X[row, 3 * label[row] : 3 * label[row] + 3] = rng.random(3) + 0.2
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    Y = np.zeros((label.size, n_labels), dtype=np.float32)
    Y[np.arange(label.size), label] = 1.0
    return sp.csr_array(X), sp.csr_array(Y)


def nested_tree(nested, *, n_labels):
    """Return the tree of nested lists: a number is a label, a list an inner node."""
    nodes, slot_indptr, slot_node, slot_label = [nested], [0], [], []
    for node in nodes:  # grows on the way: breadth first
        for child in node:
            if isinstance(child, list):
                slot_node.append(len(nodes))
                slot_label.append(-1)
                nodes.append(child)
            else:
                slot_node.append(-1)
                slot_label.append(child)
        slot_indptr.append(len(slot_node))
    arrays = (np.array(column, dtype=np.int32) for column in (slot_indptr, slot_node, slot_label))
    return LabelTree(*arrays, n_labels=n_labels)


def random_nested(rng, labels):
    """Hang ``labels`` into a random ragged tree, as nested lists."""
    if len(labels) <= 2:
        return [int(label) for label in labels]
    n_children = int(rng.integers(1, 4))
    here = int(rng.integers(0, 2))
    parts = np.array_split(labels[here:], n_children)
    below = [random_nested(rng, part) for part in parts if part.size]
    return [int(label) for label in labels[:here]] + below


def trained_tree(tree, W, *, max_outputs=1_000_000):
    """Give ``tree`` the dense weights ``W`` (n_slots, n_features + 1), the bias last.

    Its zeros are not stored. They are handed over in blocks of up to ``max_outputs`` outputs.
    """
    W = np.asarray(W, dtype=np.float32)
    places, blocks = [], []
    for node, first_slot in enumerate(tree.slot_indptr[:-1]):
        for start in range(0, int(tree.widths[node]), max_outputs):
            stop = min(start + max_outputs, int(tree.widths[node]))
            places.append((node, start))
            blocks.append(dense_block(W[first_slot + start : first_slot + stop]))
    return TrainedTree(tree, pack_weights(tree, W.shape[1] - 1, places, blocks))


def dense_block(W):
    """Return what the solver would hand over for dense weights (n_outputs, n_features + 1)."""
    by_feature = W[:, :-1].T
    counts = np.count_nonzero(by_feature, axis=1)
    feature, output = np.nonzero(by_feature)
    return Block(
        np.flatnonzero(counts).astype(np.int32),
        counts[counts > 0].astype(np.int32),
        output.astype(np.int32),
        by_feature[feature, output],
        W[:, -1],
    )


def small_weights(rng, tree, n_features):
    """Return small whole numbers as weights: scores are exact and ties are common."""
    return rng.integers(-1, 2, size=(tree.slot_node.size, n_features + 1)).astype(np.float32)


def forest_bytes(forest):
    """Return all the arrays of a forest as bytes."""
    return b"".join(
        array.tobytes()
        for trained in forest.trees
        for array in (
            trained.tree.slot_indptr,
            trained.tree.slot_node,
            trained.tree.slot_label,
            *trained.weights,
        )
    )


def ranking_bytes(ranking):
    """Return a ranking as bytes."""
    return ranking[0].tobytes() + ranking[1].tobytes()
