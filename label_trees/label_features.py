"""Label features: what a label looks like in the space of the instances.

PIFA, positive instance feature aggregation (Prabhu et al., WWW 2018, section 3.1; Yu et al.,
JMLR 23, 2022, section 3.1): the sum of a label's instances, scaled to unit length. Only its largest
features stay: the long tail of a frequent label costs time and hides what the label is about.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.checks import read_only
from label_trees.kernels.label_features import aggregate_instances, count_features
from label_trees.parallel import thread_map

Array = np.ndarray[Any, np.dtype[Any]]

BLOCKS_PER_THREAD = 8
"""Labels differ in weight: more blocks than threads let these finish together."""


def csr_arrays(S: sp.csr_array) -> tuple[Array, Array, Array]:
    """Return ``(indptr, indices, data)`` as kernels take them: int64, int32, float32, read-only."""
    return (
        read_only(S.indptr.astype(np.int64, copy=False)),
        read_only(S.indices.astype(np.int32, copy=False)),
        read_only(S.data.astype(np.float32, copy=False)),
    )


def pifa(
    X: sp.csr_array, Y: sp.csr_array, *, max_features: int = 512, n_threads: int = 1
) -> sp.csr_array:
    """Return PIFA label features of shape (n_labels, n_features), rows of unit length.

    Parameters
    ----------
    X : csr_array of float32, shape (n_instances, n_features)
    Y : csr_array of float32, shape (n_instances, n_labels)
        An instance counts for each of its labels with the value that stands in Y.
    max_features : int
        Features kept of a label: those of largest magnitude; of equals, the first.
    n_threads : int
        The result does not depend on it.

    Returns
    -------
    csr_array of float32
        Indices rise within a row. A label without instances has an empty row.
    """
    X_indptr, X_indices, X_data = csr_arrays(X)
    by_label = csr_arrays(Y.T.tocsr())
    counts = np.zeros(Y.shape[1], dtype=np.int64)
    blocks = cut_evenly(np.diff(X_indptr), *by_label[:2], BLOCKS_PER_THREAD * n_threads)

    def count(block: tuple[int, int]) -> None:
        count_features(X_indptr, X_indices, *by_label[:2], *block, X.shape[1], counts)

    thread_map(count, blocks, n_threads)
    Z = sp.csr_array((Y.shape[1], X.shape[1]), dtype=np.float32)
    Z.indptr = np.concatenate([[0], np.cumsum(np.minimum(counts, max_features))])
    Z.indices = np.empty(Z.indptr[-1], dtype=np.int32)
    Z.data = np.empty(Z.indptr[-1], dtype=np.float32)
    into = (read_only(Z.indptr), Z.indices, Z.data)

    def aggregate(block: tuple[int, int]) -> None:
        aggregate_instances(X_indptr, X_indices, X_data, *by_label, *block, X.shape[1], *into)

    thread_map(aggregate, blocks, n_threads)
    return Z


def cut_evenly(
    row_lengths: Array, indptr: Array, indices: Array, n_blocks: int
) -> list[tuple[int, int]]:
    """Return ``(start, stop)`` of blocks of labels whose instances have about as many entries."""
    work = np.concatenate([[0], np.cumsum(row_lengths[indices])])[indptr]
    inner = np.searchsorted(work, np.arange(1, n_blocks) * (work[-1] / n_blocks))
    cuts = np.unique(np.concatenate([[0], inner, [indptr.size - 1]]))
    return [(int(start), int(stop)) for start, stop in zip(cuts, cuts[1:], strict=False)]
