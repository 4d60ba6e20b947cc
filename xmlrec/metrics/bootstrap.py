"""Intervals by the bootstrap: what a figure might have been on other rows of the same kind.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: rows are drawn with
replacement, the figure is computed on each resample, and the middle 95 % of the results are the
interval. Seeds are fixed, so it does not change from run to run. Where resamples lie elsewhere than
the figure by their nature, the interval is moved by that bias (section 10.6 of the book).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from xmlrec.metrics.relevance import FloatArray

N_RESAMPLES = 1_000
_MAX_DRAWS = 1 << 21  # rows drawn at once: bounds memory


def bootstrap_interval(
    values: npt.ArrayLike, *, n_resamples: int = N_RESAMPLES, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile interval of the mean of ``values``.

    How often a resample holds each distinct value is multinomial, so only these counts are drawn:
    for a metric that is 0 or 1 in every row, a thousand resamples cost as much as ten numbers.

    Parameters
    ----------
    values : array, shape (n_rows,)
        The metric of each row; the figure is its mean.

    Raises
    ------
    ValueError
        If there is no row, or a value is NaN or infinite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f"values must be finite, one for each row, got shape {values.shape}")
    rng = np.random.default_rng(seed)
    distinct, counts = np.unique(values, return_counts=True)
    chances = counts / counts.sum()
    block = max(_MAX_DRAWS // len(distinct), 1)
    sums = [
        rng.multinomial(len(values), chances, size=min(block, n_resamples - start)) @ distinct
        for start in range(0, n_resamples, block)
    ]
    return percentile_interval(np.concatenate(sums) / len(values), level=level)


def resamples(
    n_rows: int, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield how often resamples hold each row, in blocks of shape (some resamples, n_rows).

    For figures that are not a mean over rows; the blocks have ``n_resamples`` rows together.
    """
    rng = np.random.default_rng(seed)
    block = max(_MAX_DRAWS // n_rows, 1)
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        drawn = rng.integers(n_rows, size=(size, n_rows))
        drawn += np.arange(size)[:, None] * n_rows
        yield np.bincount(drawn.ravel(), minlength=size * n_rows).reshape(size, n_rows)


def grouped_intervals(
    values: FloatArray, groups: npt.NDArray[np.integer], *, n_resamples: int = N_RESAMPLES
) -> FloatArray:
    """Return the percentile intervals of the means of columns, whose rows belong together.

    Whole groups are drawn: the queries of a session are not independent of each other.

    Parameters
    ----------
    values : float array, shape (n_rows, n_figures)
        NaN where a row has no part in a figure.
    groups : int array, shape (n_rows,)
        The group of each row.

    Returns
    -------
    float array, shape (n_figures, 2)
        Lower and upper ends; NaN for a figure without any row.

    Raises
    ------
    ValueError
        If there is no row, or not one group a row.
    """
    if values.ndim != 2 or not len(values) or groups.shape != values.shape[:1]:
        raise ValueError(
            "values must be a row of figures for each row, and groups one group, for at least one "
            f"row, got shapes {values.shape} and {groups.shape}"
        )
    group_numbers = np.unique(groups, return_inverse=True)[1]
    n_groups, n_figures = int(group_numbers.max()) + 1, values.shape[1]
    is_part = ~np.isnan(values)
    totals = np.zeros((n_groups, 2 * n_figures))
    for column, of_rows in enumerate([*np.where(is_part, values, 0.0).T, *is_part.T]):
        totals[:, column] = np.bincount(group_numbers, weights=of_rows, minlength=n_groups)
    drawn = np.concatenate(
        [weights @ totals for weights in resamples(n_groups, n_resamples=n_resamples)]
    )
    counts = drawn[:, n_figures:]
    means = np.where(counts > 0, drawn[:, :n_figures] / np.maximum(counts, 1), np.nan)
    return np.array([percentile_interval(figures) for figures in means.T])


def percentile_interval(figures: FloatArray, *, level: float = 0.95) -> tuple[float, float]:
    """Return the middle ``level`` of the resamples' figures; NaN of them are left out."""
    figures = figures[~np.isnan(figures)]
    if not len(figures):
        return float("nan"), float("nan")
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def centred_interval(
    figures: FloatArray, value: float, *, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of a share, moved by the resamples' bias, within 0 to 1.

    Parameters
    ----------
    figures : float array, shape (n_resamples,)
        NaN are left out.
    value : float
        The figure on the rows themselves.
    """
    figures = figures[~np.isnan(figures)]
    if not len(figures):
        return float("nan"), float("nan")
    low, high = percentile_interval(figures - figures.mean() + value, level=level)
    return max(low, 0.0), min(high, 1.0)
