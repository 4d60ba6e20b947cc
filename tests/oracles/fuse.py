"""Slow, obvious twins of `xmlrec.fuse`: one candidate at a time."""

import math

import numpy as np


def pair_dots_reference(X, L, labels):
    """Return the dot products of dense rows and the rows of their labels, 0 for no label."""
    out = np.zeros(labels.shape)
    for i, of_row in enumerate(labels.tolist()):
        for c, label in enumerate(of_row):
            if label >= 0:
                out[i, c] = sum(float(x) * float(y) for x, y in zip(X[i], L[label], strict=True))
    return out


def example_matches_reference(E, V, indptr, rows, counts, labels, sharpness):
    """Return the soft maximum over the examples of each label, 0 without label or examples."""
    out = np.zeros(labels.shape)
    for i, of_row in enumerate(labels.tolist()):
        for c, label in enumerate(of_row):
            examples = rows[indptr[label] : indptr[label + 1]] if label >= 0 else []
            powers = [math.exp(sharpness * float(E[i] @ V[example])) for example in examples]
            if powers:
                total = int(counts[label]) * sum(powers) / len(powers)
                out[i, c] = math.log(total) / sharpness
    return out


def join_lists_reference(first, second, width):
    """Return the different labels of both lists in their order, cut or padded to ``width``."""
    out = np.full((len(first), width), -1)
    for i, both in enumerate(np.hstack([first, second]).tolist()):
        labels = [label for label in dict.fromkeys(both) if label >= 0][:width]
        out[i, : len(labels)] = labels
    return out


def lineage(label, parents):
    """Return a label, its ancestors, and -1, the parent of a root."""
    line = [label]
    while line[-1] >= 0:
        line.append(int(parents[line[-1]]))
    return line


def route_reference(labels, scores, parents, is_new):
    """Return the scores, with those of a new label replaced by what lies below its parent."""
    out = scores.astype(np.float64)
    for i, of_row in enumerate(labels.tolist()):
        for c, label in enumerate(of_row):
            if label >= 0 and is_new[label]:
                out[i, c] = sum(
                    float(score)
                    for other, score in zip(of_row, scores[i], strict=True)
                    if other >= 0
                    and not is_new[other]
                    and int(parents[label]) in lineage(other, parents)
                )
    return out


def order_reference(candidates, fused, k):
    """Sort each row's candidates by falling score, then rising label."""
    labels = np.full((len(candidates), k), -1)
    scores = np.full((len(candidates), k), -np.inf)
    for i, of_row in enumerate(candidates.tolist()):
        pairs = zip((-fused[i]).tolist(), of_row, strict=True)
        best = sorted(pair for pair in pairs if pair[1] >= 0)[:k]
        for place, (negated, label) in enumerate(best):
            labels[i, place], scores[i, place] = label, -negated
    return labels, scores


def taught_reference(X, T, labels, is_allowed, k):
    """Return what rows say for their labels, and the ``k`` allowed labels they say most for."""
    scores = X.astype(np.float64) @ T
    out, best = np.zeros(labels.shape), np.full((len(X), k), -1)
    for i, of_row in enumerate(scores.tolist()):
        out[i] = [of_row[label] if label >= 0 else 0 for label in labels[i].tolist()]
        wanted = [label for label, score in enumerate(of_row) if score > 0 and is_allowed[label]]
        wanted = sorted(wanted, key=lambda label: (-of_row[label], label))[:k]
        best[i, : len(wanted)] = wanted
    return out, best
