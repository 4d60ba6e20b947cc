"""Balanced spherical 2-means over label features (Prabhu et al., WWW 2018, section 3.1).

A split maximises the sum of cosines between labels and their cluster's mean under the constraint
that both clusters have the same size: labels are sorted by the difference of their cosines to the
two means and cut in the middle, until no label changes side.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees.kernels.cluster import split_balanced
from label_trees.parallel import thread_map

IntArray = np.ndarray[Any, np.dtype[np.int32]]

MAX_ITERATIONS = 20
"""Rounds of one split; most stop earlier (Yu et al., 2022, use the same bound)."""


def halve_clusters(
    Z: sp.csr_array, clusters: list[IntArray], *, seed: int, n_threads: int
) -> list[IntArray]:
    """Split every cluster in two of (almost) equal size.

    Parameters
    ----------
    Z : csr_array of float32, shape (n_labels, n_features)
        Label features of unit length.
    clusters : list of int32 arrays
        Rows of Z, at least two in each.
    seed : int
        Draws the starting labels of each split, independently of the number of threads.

    Returns
    -------
    list of int32 arrays
        Twice as many clusters; the halves of cluster ``i`` are ``2 * i`` and ``2 * i + 1``.
    """

    def halve(job: tuple[int, IntArray]) -> tuple[IntArray, IntArray]:
        number, members = job
        rng = np.random.default_rng((seed, len(clusters), number))
        first, second = rng.choice(members, size=2, replace=False)
        members = members.copy()
        work = np.zeros((2, Z.shape[1]))
        half = split_balanced(
            Z.indptr, Z.indices, Z.data, members, first, second, MAX_ITERATIONS, work
        )
        return members[:half], members[half:]

    pairs = thread_map(halve, list(enumerate(clusters)), n_threads)
    return [half for pair in pairs for half in pair]
