"""Candidates of items and their scores, one row of candidates after the other."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def pair_dots(X_indptr, X_indices, X_data, L_indptr, L_indices, L_data, labels, lo, hi, row, out):
    """Fill ``out`` (n_rows, k) with the dot products of rows ``lo .. hi - 1`` and their labels.

    A label -1 is skipped. ``row`` (n_features) must hold zeros and is left so.
    """
    for i in range(lo, hi):
        for p in range(X_indptr[i], X_indptr[i + 1]):
            row[X_indices[p]] = X_data[p]
        for c in range(labels.shape[1]):
            label = labels[i, c]
            if label >= 0:
                total = 0.0
                for p in range(L_indptr[label], L_indptr[label + 1]):
                    total += row[L_indices[p]] * L_data[p]
                out[i, c] = total
        for p in range(X_indptr[i], X_indptr[i + 1]):
            row[X_indices[p]] = 0.0


@njit(cache=True, nogil=True)
def known_entries(X_indptr, X_indices, X_data, places, lo, hi):
    """Return rows ``lo .. hi - 1`` with the places of their features; those without (-1) go."""
    indptr = np.empty(hi - lo + 1, dtype=np.int64)
    at = np.empty(X_indptr[hi] - X_indptr[lo], dtype=np.int32)
    data = np.empty(at.shape[0], dtype=np.float32)
    n_entries = 0
    for i in range(lo, hi):
        indptr[i - lo] = n_entries
        for p in range(X_indptr[i], X_indptr[i + 1]):
            place = places[X_indices[p]]
            if place >= 0:
                at[n_entries], data[n_entries] = place, X_data[p]
                n_entries += 1
    indptr[hi - lo] = n_entries
    return indptr, at, data


@njit(cache=True, nogil=True)
def write_texts(names, paths, label, is_kept, table):
    """Write a label's two texts into the columns of ``table``, or zeros in their places."""
    indptr, at, data = names
    for p in range(indptr[label], indptr[label + 1]):
        table[at[p], 0] = data[p] if is_kept else np.float32(0.0)
    indptr, at, data = paths
    for p in range(indptr[label], indptr[label + 1]):
        table[at[p], 1] = data[p] if is_kept else np.float32(0.0)


@njit(cache=True, nogil=True)
def text_dots(X_indptr, X_indices, X_data, texts, labels, order, lo, hi, table, out):
    """Fill ``out`` (n_rows, k, 2) with what `pair_dots` gives for two texts of each label.

    Pairs go label by label: ``order`` sorts those of rows ``lo .. hi - 1`` so. A label's texts are
    longer than what an item has of their features, and are written out once for all its pairs.
    ``texts`` are the ``places`` of features, and ``(indptr, places, data)`` of names and of paths;
    ``table`` (n_places, 2) must hold zeros and is left so.
    """
    places, names, paths = texts
    indptr, at, data = known_entries(X_indptr, X_indices, X_data, places, lo, hi)
    k, label = labels.shape[1], -1
    for pair in order:
        i, c = pair // k, pair % k
        if labels[lo + i, c] < 0:
            continue
        if labels[lo + i, c] != label:
            if label >= 0:
                write_texts(names, paths, label, False, table)
            label = labels[lo + i, c]
            write_texts(names, paths, label, True, table)
        of_name, of_path = 0.0, 0.0
        for p in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
            place = np.uint32(at[p])  # unsigned: not checked for counting from the end
            of_name += data[p] * table[place, 0]
            of_path += data[p] * table[place, 1]
        out[lo + i, c, 0], out[lo + i, c, 1] = of_name, of_path
    if label >= 0:
        write_texts(names, paths, label, False, table)


@njit(cache=True, nogil=True)
def add_taught(X_indices, X_data, T_indptr, T_indices, T_data, first, last, totals):
    """Add what the features ``first .. last - 1`` of an item say for labels to ``totals``."""
    for p in range(first, last):
        feature, x = X_indices[p], X_data[p]
        for q in range(T_indptr[feature], T_indptr[feature + 1]):
            totals[T_indices[q]] += x * T_data[q]


@njit(cache=True, nogil=True)
def clear_taught(X_indices, T_indptr, T_indices, first, last, totals):
    """Make 0 again what `add_taught` added."""
    for p in range(first, last):
        for q in range(T_indptr[X_indices[p]], T_indptr[X_indices[p] + 1]):
            totals[T_indices[q]] = 0.0


@njit(cache=True, nogil=True)
def taught_scores(
    X_indptr, X_indices, X_data, T_indptr, T_indices, T_data, labels, lo, hi, totals, out
):
    """Fill ``out`` (n_rows, k) with what features of rows ``lo .. hi - 1`` say for their labels.

    ``T`` (n_features, n_labels) has what each feature says. A label -1 is skipped. ``totals``
    (n_labels) must hold zeros and is left so.
    """
    for i in range(lo, hi):
        first, last = X_indptr[i], X_indptr[i + 1]
        add_taught(X_indices, X_data, T_indptr, T_indices, T_data, first, last, totals)
        for c in range(labels.shape[1]):
            if labels[i, c] >= 0:
                out[i, c] = totals[labels[i, c]]
        clear_taught(X_indices, T_indptr, T_indices, first, last, totals)


@njit(cache=True, nogil=True)
def best_taught(
    X_indptr, X_indices, X_data, T_indptr, T_indices, T_data, is_allowed, lo, hi, totals, out
):
    """Fill rows ``lo .. hi - 1`` of ``out``, all -1, with the labels that `taught_scores` favours.

    Best first, ties to the lower label; one without a score above 0 is not among them.
    """
    k = out.shape[1]
    scores = np.empty(k, dtype=np.float32)
    for i in range(lo, hi):
        first, last = X_indptr[i], X_indptr[i + 1]
        add_taught(X_indices, X_data, T_indptr, T_indices, T_data, first, last, totals)
        n_found = 0
        for p in range(first, last):
            for q in range(T_indptr[X_indices[p]], T_indptr[X_indices[p] + 1]):
                label = T_indices[q]
                score = totals[label]
                totals[label] = 0.0  # met again with another feature, it is passed over
                if score <= 0.0 or not is_allowed[label]:
                    continue
                slot = n_found
                while slot > 0 and (
                    score > scores[slot - 1]
                    or (score == scores[slot - 1] and label < out[i, slot - 1])
                ):
                    if slot < k:
                        scores[slot], out[i, slot] = scores[slot - 1], out[i, slot - 1]
                    slot -= 1
                if slot < k:
                    scores[slot], out[i, slot] = score, label
                    n_found = min(n_found + 1, k)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def dot(first, second):
    """Return the product of two vectors; added up in lanes, which is eight times as fast."""
    total = np.float32(0.0)
    for d in range(first.shape[0]):
        total += first[d] * second[d]
    return total


@njit(cache=True, nogil=True)
def vector_dots(E, L, labels, lo, hi, out):
    """Fill ``out`` (n_rows, k) with the dot products of vectors ``lo .. hi - 1`` and their labels.

    A label -1 is skipped.
    """
    for i in range(lo, hi):
        for c in range(labels.shape[1]):
            if labels[i, c] >= 0:
                out[i, c] = dot(E[i], L[labels[i, c]])


@njit(cache=True, nogil=True)
def example_matches(E, V, indptr, rows, counts, labels, lo, hi, sharpness, out):
    """Fill ``out`` (n_rows, k) with how well vectors ``lo .. hi - 1`` match examples of the labels.

    With the cosines ``c`` of the examples of a label, ``V[rows[indptr[label] : ...]]``, which stand
    for ``counts[label]`` items, that is ``log(counts * mean(exp(sharpness * c))) / sharpness``: a
    soft maximum. A label -1 is skipped, and one without examples.
    """
    for i in range(lo, hi):
        for c in range(labels.shape[1]):
            label = labels[i, c]
            if label < 0 or indptr[label] == indptr[label + 1]:
                continue
            total = 0.0
            for p in range(indptr[label], indptr[label + 1]):
                total += np.exp(sharpness * (dot(E[i], V[rows[p]]) - 1.0))
            share = counts[label] / (indptr[label + 1] - indptr[label])
            out[i, c] = 1.0 + np.log(share * total) / sharpness


@njit(cache=True, nogil=True)
def append_new(found, labels, n_labels):
    """Write those of ``found`` after the first ``n_labels`` of ``labels`` that are not there yet.

    -1 is skipped, and so is what finds no room. Returns how many labels there are then.
    """
    for label in found:
        if label < 0 or n_labels == labels.shape[0]:
            continue
        is_known = False
        for c in range(n_labels):
            is_known |= labels[c] == label
        if not is_known:
            labels[n_labels] = label
            n_labels += 1
    return n_labels


@njit(cache=True, nogil=True)
def join_lists(first, second, lo, hi, out):
    """Fill rows ``lo .. hi - 1`` of ``out``, all -1, with two lists, each label once."""
    for i in range(lo, hi):
        n_labels = append_new(first[i], out[i], 0)
        append_new(second[i], out[i], n_labels)


@njit(cache=True, nogil=True)
def route(labels, scores, parents, is_new, lo, hi):
    """Give each new candidate the scores of all candidates below its parent, added up.

    ``scores`` (n_rows, k) hold those of the trees, 0 where a tree found nothing.
    """
    for i in range(lo, hi):
        for c in range(labels.shape[1]):
            if labels[i, c] < 0 or not is_new[labels[i, c]]:
                continue
            parent, total = parents[labels[i, c]], np.float32(0.0)
            for other in range(labels.shape[1]):
                label = labels[i, other]
                if label < 0 or is_new[label]:
                    continue
                while label >= 0 and label != parent:
                    label = parents[label]
                if label == parent:
                    total += scores[i, other]
            scores[i, c] = total


@njit(cache=True, nogil=True)
def complete_scores(labels, logs, sizes, above_mean, times_size, lo, hi, F):
    """Fill what is left of rows ``lo .. hi - 1`` of ``F`` (n_rows, k, n_scores).

    ``logs`` (hi - lo, k), those of the trees' scores, come first; then stand the scores between,
    which are there already, the size, and those at ``times_size`` times the size above its mean. A
    label -1 has zeros.
    """
    size = F.shape[2] - times_size.shape[0] - 1
    for i in range(lo, hi):
        for c in range(labels.shape[1]):
            label = labels[i, c]
            if label < 0:
                continue
            F[i, c, 0] = logs[i - lo, c]
            F[i, c, size] = sizes[label]
            for j in range(times_size.shape[0]):
                F[i, c, size + 1 + j] = above_mean[label] * F[i, c, times_size[j]]
