"""Small worlds of sessions whose next item, or its category, is known."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from xmlrec.encode.sessions import ItemContent, SessionSettings

N_LEAVES, PER_LEAF, LEAVES_OF_PARENT = 8, 8, 2
N_ROOTS = N_LEAVES // LEAVES_OF_PARENT
N_ITEMS = N_LEAVES * PER_LEAF
PARENTS = np.r_[np.full(N_ROOTS, -1), np.arange(N_LEAVES) // LEAVES_OF_PARENT]
ALL_ITEMS = np.arange(N_ITEMS)
LEAF_OF_ITEM = ALL_ITEMS // PER_LEAF

SMALL = SessionSettings(
    dim=16, max_length=5, epochs=10, batch_size=32, lr=0.01, n_negatives=32, dropout=0.1
)


@dataclass
class Rows:
    """Sessions as CSR rows."""

    indptr: np.ndarray
    items: np.ndarray


def rows_of(sessions):
    lengths = [len(session) for session in sessions]
    return Rows(np.r_[0, np.cumsum(lengths)], np.array([i for s in sessions for i in s], np.int32))


def content_of(leaf_of_item, text=None):
    """Return items of one path each, below the roots of `PARENTS`."""
    n = len(leaf_of_item)
    entries = np.ones(n, np.float32), (np.arange(n), N_ROOTS + np.asarray(leaf_of_item))
    P = sp.csr_array(entries, shape=(n, len(PARENTS)))
    return ItemContent(P=P, parents=PARENTS, text=text)


N_CYCLE = 20


def cycle(n_sessions=120, length=6):
    """Return sessions in which item ``i`` of the first `N_CYCLE` is followed by item ``i + 1``."""
    starts = np.random.default_rng(0).integers(N_CYCLE, size=n_sessions)
    return rows_of([(start + np.arange(length)) % N_CYCLE for start in starts])


def category_walk(n_sessions=200, length=6, *, known=ALL_ITEMS, seed=0):
    """Return sessions in which a leaf is followed by the next one, by any ``known`` item of it."""
    rng = np.random.default_rng(seed)
    of_leaf = [known[LEAF_OF_ITEM[known] == leaf] for leaf in range(N_LEAVES)]
    starts = rng.integers(N_LEAVES, size=n_sessions)
    return rows_of(
        [[rng.choice(of_leaf[(at + j) % N_LEAVES]) for j in range(length)] for at in starts]
    )
