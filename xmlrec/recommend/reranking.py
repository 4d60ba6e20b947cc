"""Re-rank scored candidates: lists of different categories, or of those of the session.

A list is made greedily. The next item is the candidate of highest

    (1 - d - c) * relevance(i) - d * max_{j in list} similarity(i, j) - c * KL(p || q of list + i) ,

and items of a category that is full are passed over. ``d`` is ``diversify``, ``c`` ``calibrate``.

- relevance is the score from 0, the row's lowest, to 1, its highest: it stays the same whatever
  the scale of scores, and has the range of the similarity. Where all are equal it is 1.
- with ``d`` alone this is maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), with
  the similarity of taxonomy paths, see `xmlrec.recommend.item_paths`.
- with ``c`` alone it is the greedy list of Steck ("Calibrated recommendations", RecSys 2018): ``p``
  is how the session divides among categories, ``q`` how the list does, smoothed as
  ``(1 - ALPHA) * q + ALPHA * p``. A place of the list without a category counts as a place.

Ties go to the higher score, then to the lower item column.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking, empty_ranking
from label_trees.parallel import count_threads, thread_map
from xmlrec.errors import OptionError
from xmlrec.recommend.item_paths import ROWS_PER_JOB, DoubleArray, ItemPaths
from xmlrec.recommend.kernels.lists import divergence_rows, rerank_rows
from xmlrec.recommend.sessions import FloatArray, IntArray, LongArray

ALPHA = 0.01
"""How much of the wanted categories is mixed into those of a list, so that the divergence is
finite: the value of the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranking:
    """How a list is made of scored candidates; by default it is the best of them.

    Attributes
    ----------
    diversify, calibrate : float
        How much different categories count, and how much those of the session, beside relevance;
        0 to 1, and both together at most 1.
    cap : int, optional
        How many items of a list may be of the same category.
    level : int, optional
        The level of the taxonomy whose nodes are the categories of ``calibrate`` and ``cap``, 1
        for the roots; by default the last node of each path.

    Raises
    ------
    OptionError
        If a value is out of its range.
    """

    diversify: float = 0.0
    calibrate: float = 0.0
    cap: int | None = None
    level: int | None = None

    def __post_init__(self) -> None:
        for name in ("diversify", "calibrate"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise OptionError(name, f"{value} is not in 0..1", "0 leaves the order as it is")
        if self.diversify + self.calibrate > 1:
            problem = f"{self.diversify} and calibrate {self.calibrate} are above 1 together"
            raise OptionError("diversify", problem, "lower one of them")
        for name in ("cap", "level"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(name, f"{value} is below 1", "leave it out for none")


def rerank(
    items: IntArray,
    scores: FloatArray,
    k: int,
    *,
    settings: Reranking,
    paths: ItemPaths,
    profiles: sp.csr_array | None = None,
    n_threads: int | None = None,
) -> Ranking:
    """Return lists of ``k`` of the candidates, as the module says.

    Parameters
    ----------
    items, scores : int32 and float32 array, shape (n_rows, n_candidates)
        Candidates in any order, each once in a row, -1 for none, and their finite scores.
    k : int
        Length of each list. One with fewer candidates, or whose categories are all full, is padded
        with -1 and -inf; more candidates than ``k`` are what there is to choose from.
    settings : Reranking
    paths : ItemPaths
        Of all items.
    profiles : csr_array, shape (n_rows, n_nodes), optional
        How each session divides among categories of ``settings.level``, see `ItemPaths.profiles`;
        needed to calibrate. An empty row leaves that out.

    Returns
    -------
    Ranking
        The items in the order of the list with their own scores, which need not fall.

    Raises
    ------
    OptionError
        If the taxonomy has no level ``settings.level``.
    ValueError
        If the arrays do not fit together, a score is not finite, or ``k`` is below 1.
    """
    _check_candidates(items, scores, paths)
    if profiles is None and settings.calibrate > 0:
        raise ValueError("calibrate needs the profiles of sessions")
    wanted = _as_profiles(profiles, len(items), paths)
    at_level = paths.at_level(settings.level)
    strengths = float(settings.diversify), float(settings.calibrate), ALPHA
    out_items, out_scores = empty_ranking(len(items), k)

    def fill(lo: int) -> None:
        rerank_rows(
            items, scores, paths.tree, at_level, wanted, strengths, settings.cap or 0,
            lo, min(lo + ROWS_PER_JOB, len(items)), out_items, out_scores,
        )  # fmt: skip

    thread_map(fill, range(0, len(items), ROWS_PER_JOB), count_threads(n_threads))
    return out_items, out_scores


def list_divergence(
    items: IntArray,
    paths: ItemPaths,
    profiles: sp.csr_array,
    *,
    level: int | None = None,
    n_threads: int | None = None,
) -> DoubleArray:
    """Return the KL divergence, in nats, of each list's categories from the session's.

    At most ``-ln ALPHA``, 4.6, for a list without any category of the session.

    Parameters
    ----------
    items : int32 array, shape (n_rows, k)
        Lists of items, padded with -1.
    profiles : csr_array, shape (n_rows, n_nodes)
        See `ItemPaths.profiles`, of the same ``level``.

    Returns
    -------
    float64 array, shape (n_rows,)
        NaN for an empty list, and for a session without a category.
    """
    out = np.full(len(items), np.nan)
    wanted, at_level = _as_profiles(profiles, len(items), paths), paths.at_level(level)

    def fill(lo: int) -> None:
        hi = min(lo + ROWS_PER_JOB, len(items))
        divergence_rows(items, paths.tree, at_level, wanted, ALPHA, lo, hi, out)

    thread_map(fill, range(0, len(items), ROWS_PER_JOB), count_threads(n_threads))
    return out


def _check_candidates(items: IntArray, scores: FloatArray, paths: ItemPaths) -> None:
    if items.ndim != 2 or items.shape != scores.shape:
        raise ValueError(
            "items and scores must have one shape (n_rows, n_candidates), "
            f"got {items.shape} and {scores.shape}"
        )
    if items.size and not -1 <= items.min() <= items.max() < paths.n_items:
        raise ValueError(
            f"items must be in -1..{paths.n_items - 1}, got {items.min()}..{items.max()}"
        )
    if not np.isfinite(scores[items >= 0]).all():
        raise ValueError("scores of candidates must be finite")


def _as_profiles(
    profiles: sp.csr_array | None, n_rows: int, paths: ItemPaths
) -> tuple[LongArray, IntArray, DoubleArray]:
    """Return ``(indptr, categories, data)`` of the entries above 0, as kernels take them."""
    shape = n_rows, len(paths.depths)
    wanted = sp.csr_array(shape if profiles is None else profiles, dtype=np.float64, copy=True)
    if wanted.shape != shape:
        raise ValueError(f"profiles must have shape {shape}, got {wanted.shape}")
    wanted.sum_duplicates()
    wanted.eliminate_zeros()
    return wanted.indptr.astype(np.int64), wanted.indices.astype(np.int32), wanted.data
