"""The session model within a recommender: trained on its sessions, with its items' paths and texts.

Texts are read by the packaged static encoder, which needs no torch; the model itself does.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from xmlrec.encode import packaged_encoder
from xmlrec.recommend.categories import as_kernel
from xmlrec.recommend.content import text_fields
from xmlrec.recommend.held_out import HeldOut
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.scoring import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from indexes import FaissIndex
    from xmlrec.encode.sessions import ItemContent, SessionModel

logger = logging.getLogger(__name__)

N_NEAR = 200
"""Items nearest to a session's query that are candidates."""


def item_content(items: ItemTable, rows: IntArray | None = None) -> "ItemContent":
    """Return paths and texts of items, or of some, as the session model takes them."""
    from xmlrec.encode.sessions import ItemContent

    fields = text_fields(items)
    P = items.P if rows is None else sp.csr_array(items.P[rows])
    text = None
    if fields:
        texts = items.texts(fields)
        chosen = texts if rows is None else [texts[row] for row in rows]
        text = packaged_encoder().encode(chosen)
    return ItemContent(P=P, parents=items.taxonomy.primary_parents, text=text)


def train_model(
    held: HeldOut, items: ItemTable, *, seed: int, n_threads: int | None, folder: Path | None
) -> "SessionModel":
    """Train on what is learned from, until the held-out events get no better."""
    from xmlrec.encode.sessions import SessionQueries, SessionSettings, train_session_model

    valid = SessionQueries(
        indptr=held.sessions.indptr,
        items=held.sessions.items,
        targets=held.targets,
        exclude_seen=not held.repeats,
    )
    return train_session_model(
        held.train.indptr,
        held.train.items,
        item_content(items),
        settings=SessionSettings(seed=seed),
        valid=valid,
        folder=folder,
        n_threads=n_threads,
    )


def index_items(vectors: FloatArray) -> "FaissIndex":
    """Return an index of the vectors of items; zeros are left out."""
    from indexes import FaissIndex

    index = FaissIndex(vectors.shape[1])
    lengths = np.linalg.norm(vectors, axis=1)
    rows = np.flatnonzero(lengths > 0)
    index.add(rows, vectors[rows] / lengths[rows, None])
    return index


def nearest_items(
    index: "FaissIndex", queries: FloatArray, n_items: int, *, allowed: BoolArray | None
) -> sp.csr_array:
    """Return csr_array (n_sessions, n_items): cosines of the `N_NEAR` items nearest to each query.

    Parameters
    ----------
    allowed : bool array, shape (n_items,), optional
        Items that count.
    """
    lengths = np.linalg.norm(queries, axis=1, keepdims=True)
    units = np.divide(queries, lengths, out=np.zeros_like(queries), where=lengths > 0)
    items, cosines = index.search(units, N_NEAR, allowed=allowed)
    rows, places = np.nonzero((items >= 0) & (cosines > 0))
    entries = cosines[rows, places], (rows, items[rows, places])
    return as_kernel(sp.csr_array(entries, shape=(len(queries), n_items)))


def item_vectors(model: "SessionModel", items: ItemTable, *, is_cold: bool = False) -> FloatArray:
    """Return the vectors of items, float32 (n_items, dim); as if none had events if ``is_cold``."""
    ids = np.full(len(items), -1) if is_cold else None
    return model.item_vectors(item_content(items), ids)
