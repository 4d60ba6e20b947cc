"""PIFA, positive instance feature aggregation, label by label; see `label_trees.label_features`.

A label's features are met in any order and must leave in rising order. A bit set of two levels
sorts them: bits of ``words`` stand for features, bits of ``groups`` for words that are not empty.
"""

import numpy as np
from numba import njit

BIT_OF = np.zeros(67, dtype=np.int64)
for _bit in range(64):
    BIT_OF[2**_bit % 67] = _bit  # powers of two differ modulo 67


@njit(cache=True, nogil=True)
def lowest_bit(word):
    """Return the number of the lowest set bit of a uint64 ``word`` above 0."""
    return BIT_OF[(word & (~word + np.uint64(1))) % np.uint64(67)]


@njit(cache=True, nogil=True)
def count_features(X_indptr, X_indices, Y_indptr, Y_indices, start, stop, n_features, counts):
    """Fill ``counts[start:stop]`` with the number of features of each label's instances.

    ``Y_indptr, Y_indices`` hold the instances of each label: Y by columns.
    """
    last_label = np.full(n_features, -1, dtype=np.int32)
    for label in range(start, stop):
        n_met = 0
        for row in Y_indices[Y_indptr[label] : Y_indptr[label + 1]]:
            features = X_indices[X_indptr[row] : X_indptr[row + 1]]
            for p in range(features.shape[0]):
                feature = np.uint32(features[p])  # an unsigned index is never wrapped around
                n_met += last_label[feature] != label
                last_label[feature] = label
        counts[label] = n_met


@njit(cache=True, nogil=True)
def add_instance(features, values, factor, sums, words, groups):
    """Add ``factor`` times an instance to the dense ``sums`` and its features to the bit set."""
    one = np.uint64(1)
    for p in range(features.shape[0]):
        feature = np.uint32(features[p])
        sums[feature] += factor * values[p]
        words[feature >> np.uint32(6)] |= one << np.uint64(feature & np.uint32(63))
        word_bit = np.uint64((feature >> np.uint32(6)) & np.uint32(63))
        groups[feature >> np.uint32(12)] |= one << word_bit


@njit(cache=True, nogil=True)
def drain(sums, words, groups, features, values):
    """Move what was added to ``features`` (rising) and ``values``; return how many there are."""
    n_drained = 0
    for g in range(groups.shape[0]):
        group = groups[g]
        groups[g] = 0
        while group:
            w = 64 * g + lowest_bit(group)
            group &= group - np.uint64(1)
            word = words[w]
            words[w] = 0
            while word:
                feature = 64 * w + lowest_bit(word)
                word &= word - np.uint64(1)
                features[n_drained] = feature
                values[n_drained] = sums[feature]
                sums[feature] = 0.0
                n_drained += 1
    return n_drained


@njit(cache=True, nogil=True)
def keep_largest(n_kept, features, values, magnitudes):
    """Move the ``n_kept`` values of largest magnitude to the front; of equals, the first ones.

    ``features`` move with their ``values``, in their order; ``magnitudes``, as many, is room.
    """
    if n_kept == values.shape[0]:
        return
    for p in range(values.shape[0]):
        magnitudes[p] = abs(values[p])
    least = np.partition(magnitudes, values.shape[0] - n_kept)[values.shape[0] - n_kept]
    n_equal = n_kept
    for p in range(values.shape[0]):
        n_equal -= abs(values[p]) > least
    q = 0
    for p in range(values.shape[0]):
        is_equal = abs(values[p]) == least and n_equal > 0
        if is_equal or abs(values[p]) > least:
            features[q], values[q] = features[p], values[p]
            q += 1
            n_equal -= is_equal


@njit(cache=True, nogil=True)
def aggregate_instances(
    X_indptr, X_indices, X_data, Y_indptr, Y_indices, Y_data,
    start, stop, n_features, Z_indptr, Z_indices, Z_data,
):  # fmt: skip
    """Fill rows ``start .. stop - 1`` of Z, of unit length, into the room that ``Z_indptr`` gives.

    A label with more features than that keeps its largest.
    ``Y_indptr, Y_indices, Y_data`` hold the instances of each label: Y by columns.
    """
    sums = np.zeros(n_features, dtype=np.float32)
    words = np.zeros(n_features // 64 + 1, dtype=np.uint64)
    groups = np.zeros(n_features // 4096 + 1, dtype=np.uint64)
    features = np.empty(n_features, dtype=np.int32)
    values = np.empty(n_features, dtype=np.float32)
    magnitudes = np.empty(n_features, dtype=np.float32)
    for label in range(start, stop):
        for q in range(Y_indptr[label], Y_indptr[label + 1]):
            lo, hi = X_indptr[Y_indices[q]], X_indptr[Y_indices[q] + 1]
            add_instance(X_indices[lo:hi], X_data[lo:hi], Y_data[q], sums, words, groups)
        lo = Z_indptr[label]
        n_met = drain(sums, words, groups, features, values)
        n_kept = Z_indptr[label + 1] - lo
        keep_largest(n_kept, features[:n_met], values[:n_met], magnitudes[:n_met])
        square = 0.0  # float32 would under- and overflow
        for p in range(n_kept):
            square += np.float64(values[p]) * np.float64(values[p])
        scale = 1.0 / np.sqrt(square) if square > 0 else 0.0
        for p in range(n_kept):
            Z_indices[lo + p] = features[p]
            Z_data[lo + p] = values[p] * scale
