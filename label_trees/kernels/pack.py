"""From what the solver found for a node to what is stored: pruned, laid out, rounded."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def count_kept(W, U, n_outputs, own, min_weight, counts, row_of):
    """Count each feature's weights of at least ``min_weight``: shared features, then own ones.

    ``row_of`` (n_own,) becomes the row that an own feature belongs to.
    """
    own_indptr, _, own_data = own
    n_shared = W.shape[0] - 1
    for j in range(n_shared):
        for b in range(n_outputs):
            counts[j] += abs(W[j, b]) >= min_weight
    for i in range(U.shape[0]):
        largest = np.float32(0.0)
        for b in range(n_outputs):
            largest = max(largest, abs(U[i, b]))
        for s in range(own_indptr[i], own_indptr[i + 1]):
            row_of[s] = i
            if abs(largest * own_data[s]) >= min_weight:
                for b in range(n_outputs):
                    counts[n_shared + s] += abs(U[i, b] * own_data[s]) >= min_weight


@njit(cache=True, nogil=True)
def collect_kept(W, U, n_outputs, own, min_weight, kept, row_of, outputs, values):
    """Write the weights that were counted, of the features ``kept``, in this order."""
    own_data = own[2]
    n_shared = W.shape[0] - 1
    q = 0
    for place in kept:
        s = place - n_shared
        factor = np.float32(1.0) if s < 0 else own_data[s]
        source = W[place] if s < 0 else U[row_of[s]]
        for b in range(n_outputs):
            value = factor * source[b]
            if abs(value) >= min_weight:
                outputs[q], values[q] = b, value
                q += 1


@njit(cache=True, nogil=True)
def pack_node(
    features, counts, outputs, values, row_sizes, shift, bucket_row, bucket_weight, row_feature,
    row_count, output, value,
):  # fmt: skip
    """Fill one node's parts of the arrays of `label_trees.weights.NodeWeights`.

    ``features`` rise and have ``counts`` weights each in ``outputs`` and ``values``. A row whose
    size in ``row_sizes`` is larger has a weight for every output, zeros included.
    """
    q, w, bucket = 0, 0, 0
    for r in range(features.shape[0]):
        while bucket <= features[r] >> shift:
            bucket_row[bucket], bucket_weight[bucket] = r, w
            bucket += 1
        row_feature[r] = features[r] & ((1 << shift) - 1)
        row_count[r] = row_sizes[r] - 1
        if row_sizes[r] > counts[r]:
            for b in range(row_sizes[r]):
                output[w + b], value[w + b] = b, 0.0
            for p in range(q, q + counts[r]):
                value[w + outputs[p]] = values[p]
        else:
            for p in range(counts[r]):
                output[w + p], value[w + p] = outputs[q + p], values[q + p]
        q += counts[r]
        w += row_sizes[r]
    while bucket < bucket_row.shape[0]:
        bucket_row[bucket], bucket_weight[bucket] = features.shape[0], w
        bucket += 1


@njit(cache=True, nogil=True)
def round_node(output, value, scale, code):
    """Round one node's ``value`` to 8 bits: ``code * scale[output]`` is nearest to it."""
    for w in range(value.shape[0]):
        scale[output[w]] = max(scale[output[w]], abs(value[w]) / np.float32(127.0))
    for w in range(value.shape[0]):
        if scale[output[w]] > 0:
            code[w] = np.int8(np.rint(value[w] / scale[output[w]]))
