"""Laying out the weights of a node for look-up, and rounding them."""

import numpy as np
from numba import njit


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
