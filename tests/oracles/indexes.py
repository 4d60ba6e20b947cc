"""Slow, obvious twin of `indexes`: a dictionary of vectors, plain Python numbers."""

import numpy as np


def score_reference(query, vector):
    """Multiply and add in the order of the dimensions, then round to float32."""
    total = 0.0
    for x, y in zip(query, vector, strict=True):
        total += float(x) * float(y)
    return np.float32(total)


def search_reference(vectors, queries, k, allowed=None):
    """Sort the allowed ids of ``vectors`` (id -> vector) by falling score, then rising id."""
    ids = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    for row, query in enumerate(queries):
        if not any(query):
            continue
        candidates = [i for i in vectors if allowed is None or i in allowed]
        best = sorted((-score_reference(query, vectors[i]), i) for i in candidates)[:k]
        for slot, (negated_score, label) in enumerate(best):
            ids[row, slot], scores[row, slot] = label, -negated_score
    return ids, scores
