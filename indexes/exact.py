"""The index that other indexes are compared with: every score is computed as the contract says."""

import numpy as np

from indexes.blocks import Blocks, row_ids
from indexes.contract import Found, Vectors
from indexes.flat import FlatIndex
from indexes.ranking import best_first, columns, dot_in_order

QUERIES_AT_ONCE = 16
ROWS_AT_ONCE = 4096


class ExactIndex(FlatIndex):
    """A `LabelIndex` in plain numpy; some tens of milliseconds a query for 100,000 vectors."""

    def _search(self, blocks: Blocks, queries: Vectors, k: int) -> Found:
        ids = row_ids(blocks)
        parts = []
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            scores = _score_all(blocks, queries[start : start + QUERIES_AT_ONCE])
            parts.append(best_first(np.broadcast_to(ids, scores.shape), scores, k))
        return np.concatenate([part[0] for part in parts]), np.concatenate([p[1] for p in parts])


def _score_all(blocks: Blocks, queries: Vectors) -> Vectors:
    """Return the scores (n_queries, n_rows) of all rows, those that count no more too."""
    Q = columns(queries)[:, :, np.newaxis]
    parts = [
        dot_in_order(Q, columns(block.vectors[start : start + ROWS_AT_ONCE])[:, np.newaxis, :])
        for block in blocks
        for start in range(0, len(block.vectors), ROWS_AT_ONCE)
    ]
    return np.concatenate(parts, axis=1)
