"""One balanced spherical 2-means split over sparse rows; see `label_trees.cluster`.

A split keeps one dense vector, the sum of the rows of side 1. With ``totals``, each row's product
with the sum of all, one product a row and iteration gives everything: the product with the sum of
side 0 is the difference, and a sum's squared length is the sum of its rows' products with it.
"""

import numpy as np
from numba import njit

MAX_ITERATIONS = 20
MIN_GAIN = 1e-4
SMALLEST_SQUARE = 1e-12


@njit(cache=True, nogil=True)
def dot_rows(indptr, indices, data, rows, vector, dots):
    """Fill ``dots`` with the products of ``rows`` and the dense ``vector``.

    Four running sums hide the latency of additions; an unsigned index is never wrapped around.
    """
    for i in range(rows.shape[0]):
        start, stop = indptr[rows[i]], indptr[rows[i] + 1]
        features, values = indices[start:stop], data[start:stop]
        n_fours = features.shape[0] // 4
        a = b = c = d = np.float32(0.0)
        for four in range(n_fours):
            p = 4 * four
            a += vector[np.uint32(features[p])] * values[p]
            b += vector[np.uint32(features[p + 1])] * values[p + 1]
            c += vector[np.uint32(features[p + 2])] * values[p + 2]
            d += vector[np.uint32(features[p + 3])] * values[p + 3]
        for p in range(4 * n_fours, features.shape[0]):
            a += vector[np.uint32(features[p])] * values[p]
        dots[i] = (a + b) + (c + d)


@njit(cache=True, nogil=True)
def add_row(indptr, indices, data, row, factor, vector):
    """Add ``factor`` times a row to the dense ``vector``."""
    start, stop = indptr[row], indptr[row + 1]
    features, values = indices[start:stop], data[start:stop]
    for p in range(features.shape[0]):
        vector[np.uint32(features[p])] += factor * values[p]


@njit(cache=True, nogil=True)
def clear_row(indptr, indices, row, vector):
    """Set the dense ``vector`` to zero wherever a row has an entry."""
    features = indices[indptr[row] : indptr[row + 1]]
    for p in range(features.shape[0]):
        vector[np.uint32(features[p])] = 0.0


@njit(cache=True, nogil=True)
def select(values, rank):
    """Return the value of ``rank`` (0: the smallest), reordering ``values`` (Hoare, 1961)."""
    lo, hi = 0, values.shape[0] - 1
    while lo < hi:
        pivot = values[(lo + hi) // 2]
        i, j = lo, hi
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank > j:
            lo = i
        if rank < i:
            hi = j
    return values[rank]


@njit(cache=True, nogil=True)
def cut(scores, side):
    """Put the better half by score on side 1, the rest on 0; of equals, earlier ones go first."""
    n_rows = scores.shape[0]
    n_first = (n_rows + 1) // 2
    threshold = select(scores.copy(), n_rows - n_first)
    side[:] = 0
    for i in range(n_rows):
        if scores[i] > threshold:
            side[i] = 1
            n_first -= 1
    for i in range(n_rows):
        if scores[i] == threshold and n_first > 0:
            side[i] = 1
            n_first -= 1


@njit(cache=True, nogil=True)
def start_split(indptr, indices, data, rows, first, second, vector):
    """Make ``vector`` the difference of the two starting rows."""
    add_row(indptr, indices, data, rows[first], np.float32(1.0), vector)
    add_row(indptr, indices, data, rows[second], np.float32(-1.0), vector)


@njit(cache=True, nogil=True)
def cut_by_start(indptr, indices, data, rows, first, second, dots, side, vector):
    """Cut by the products with the starting rows; make ``vector`` the sum of all rows."""
    cut(dots, side)
    clear_row(indptr, indices, rows[first], vector)
    clear_row(indptr, indices, rows[second], vector)
    for row in rows:
        add_row(indptr, indices, data, row, np.float32(1.0), vector)


@njit(cache=True, nogil=True)
def leave_second(indptr, indices, data, rows, side, vector):
    """Make ``vector``, the sum of all rows, that of side 1."""
    for i in range(rows.shape[0]):
        if side[i] == 0:
            add_row(indptr, indices, data, rows[i], np.float32(-1.0), vector)


@njit(cache=True, nogil=True)
def improve(indptr, indices, data, rows, dots, totals, side, vector):
    """Cut anew by the difference of the cosines to both means; return whether to go on.

    Done when no row changes side, or those that do raise the mean cosine by less than MIN_GAIN.
    """
    n_rows = rows.shape[0]
    scores, before = np.empty(n_rows, dtype=np.float32), side.copy()
    first_square = second_square = 0.0
    for i in range(n_rows):
        if side[i]:
            first_square += np.float64(dots[i])
        else:
            second_square += np.float64(totals[i] - dots[i])
    first_norm = np.sqrt(max(first_square, SMALLEST_SQUARE))
    second_norm = np.sqrt(max(second_square, SMALLEST_SQUARE))
    for i in range(n_rows):
        scores[i] = dots[i] / first_norm - (totals[i] - dots[i]) / second_norm
    cut(scores, side)
    gain = 0.0
    for i in range(n_rows):
        if side[i] != before[i]:
            gain += np.float64(scores[i] if side[i] else -scores[i])
    if gain < MIN_GAIN * n_rows:
        return False
    for i in range(n_rows):
        if side[i] != before[i]:
            factor = np.float32(1.0 if side[i] else -1.0)
            add_row(indptr, indices, data, rows[i], factor, vector)
    return True


@njit(cache=True, nogil=True)
def split_balanced(indptr, indices, data, rows, first, second, side, vector):
    """Fill ``side`` (n_rows, uint8): 1 for the first cluster, which is larger by one if n is odd.

    ``rows[first]`` and ``rows[second]`` are the starting means. ``vector`` (n_features) must hold
    zeros and is left so.
    """
    dots = np.empty(rows.shape[0], dtype=np.float32)
    totals = np.empty(rows.shape[0], dtype=np.float32)
    start_split(indptr, indices, data, rows, first, second, vector)
    dot_rows(indptr, indices, data, rows, vector, dots)
    cut_by_start(indptr, indices, data, rows, first, second, dots, side, vector)
    dot_rows(indptr, indices, data, rows, vector, totals)
    leave_second(indptr, indices, data, rows, side, vector)
    for _ in range(MAX_ITERATIONS):
        dot_rows(indptr, indices, data, rows, vector, dots)
        if not improve(indptr, indices, data, rows, dots, totals, side, vector):
            break
    for row in rows:
        clear_row(indptr, indices, row, vector)


@njit(cache=True, nogil=True)
def reorder(rows, side):
    """Put the rows of side 1 before those of side 0, each in their order."""
    before = rows.copy()
    n_first, n_second = 0, (rows.shape[0] + 1) // 2
    for i in range(rows.shape[0]):
        if side[i]:
            rows[n_first] = before[i]
            n_first += 1
        else:
            rows[n_second] = before[i]
            n_second += 1


@njit(cache=True, nogil=True)
def copy_rows(indptr, indices, data, rows, out_indptr, out_indices, out_data):
    """Copy ``rows`` one behind the other."""
    for i in range(rows.shape[0]):
        start, stop = indptr[rows[i]], indptr[rows[i] + 1]
        lo = out_indptr[i]
        hi = lo + stop - start
        out_indices[lo:hi] = indices[start:stop]
        out_data[lo:hi] = data[start:stop]
        out_indptr[i + 1] = hi


@njit(cache=True, nogil=True)
def halve(indptr, indices, data, members, bounds, starts, vector, copy):
    """Reorder each cluster ``members[bounds[c]:bounds[c + 1]]`` into its two halves.

    ``starts`` (n_clusters, 2) are the positions in a cluster of its starting means; ``vector`` as
    in `split_balanced`. A cluster whose rows fit is copied into the arrays of ``copy``, where
    they are read faster than scattered over memory.
    """
    copy_indptr, copy_indices, copy_data = copy
    everyone = np.arange(copy_indptr.shape[0]).astype(np.int32)
    for c in range(starts.shape[0]):
        rows = members[bounds[c] : bounds[c + 1]]
        side = np.empty(rows.shape[0], dtype=np.uint8)
        first, second = starts[c, 0], starts[c, 1]
        n_entries = 0
        for row in rows:
            n_entries += indptr[row + 1] - indptr[row]
        if n_entries <= copy_data.shape[0]:
            copy_rows(indptr, indices, data, rows, copy_indptr, copy_indices, copy_data)
            here = everyone[: rows.shape[0]]
            split_balanced(copy_indptr, copy_indices, copy_data, here, first, second, side, vector)
        else:
            split_balanced(indptr, indices, data, rows, first, second, side, vector)
        reorder(rows, side)
