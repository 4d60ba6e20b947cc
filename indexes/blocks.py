"""Immutable blocks of vectors; a change makes new blocks and shares the untouched ones.

A tuple of blocks is one version of an index: whoever holds it can read on while others change the
index. Removing marks rows, so that vectors are rarely copied; adding copies the last, small block.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexes.contract import Ids, Vectors

REMOVED = -1
MAX_TAIL_ROWS = 1024
"""Rows up to which the last block is copied to take more: a millisecond or two."""


@dataclass(frozen=True, slots=True)
class Block:
    """Vectors (n, dim) and their ids (n,), `REMOVED` where a row counts no more."""

    vectors: Vectors
    ids: Ids


Blocks = tuple[Block, ...]


def row_ids(blocks: Blocks) -> Ids:
    """Return the ids of all rows, in their order, `REMOVED` among them."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *(block.ids for block in blocks)])


def known_ids(blocks: Blocks, ids: Ids) -> Ids:
    """Return those of ``ids`` that are in ``blocks``, in the order of the blocks."""
    known = (block.ids[np.isin(block.ids, ids)] for block in blocks)
    return np.concatenate([np.zeros(0, dtype=np.int64), *known])


def take_rows(blocks: Blocks, rows: Ids, *, dim: int) -> Vectors:
    """Return the vectors of ``rows``, counted through all blocks; of row -1 zeros."""
    vectors = np.zeros((rows.size, dim), dtype=np.float32)
    start = 0
    for block in blocks:
        inside = np.flatnonzero((rows >= start) & (rows < start + block.ids.size))
        vectors[inside] = block.vectors[rows[inside] - start]
        start += block.ids.size
    return vectors


def with_rows(blocks: Blocks, ids: Ids, vectors: Vectors) -> Blocks:
    """Return ``blocks`` and copies of new rows."""
    if ids.size == 0:
        return blocks
    if blocks and blocks[-1].ids.size + ids.size <= MAX_TAIL_ROWS:
        tail = blocks[-1]
        vectors, ids = np.concatenate([tail.vectors, vectors]), np.concatenate([tail.ids, ids])
        return (*blocks[:-1], Block(vectors, ids))
    return (*blocks, Block(vectors.copy(), ids.copy()))


def without_ids(blocks: Blocks, ids: Ids) -> Blocks:
    """Return ``blocks`` less ``ids``."""
    return _keep(blocks, [np.isin(block.ids, ids, invert=True) for block in blocks])


def only_ids(blocks: Blocks, ids: Ids) -> Blocks:
    """Return ``blocks`` less all but ``ids``."""
    return _keep(blocks, [np.isin(block.ids, ids) for block in blocks])


def _keep(blocks: Blocks, kept: list[npt.NDArray[np.bool_]]) -> Blocks:
    """Mark the other rows; copy what is left of a block of which less than half is."""
    changed = []
    for block, keep in zip(blocks, kept, strict=True):
        ids = np.where(keep, block.ids, REMOVED)
        live = np.flatnonzero(ids != REMOVED)
        if live.size * 2 < ids.size:
            changed.append(Block(block.vectors[live], ids[live]))
        elif live.size < ids.size:
            changed.append(Block(block.vectors, ids))
        else:
            changed.append(block)
    return tuple(block for block in changed if block.ids.size)
