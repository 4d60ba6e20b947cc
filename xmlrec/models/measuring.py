"""Metrics of a ranking against the categories that items name."""

from typing import Any

import numpy as np

from xmlrec.metrics import evaluate_ranking, inverse_propensity
from xmlrec.models.training import LabelledItems

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]


def measure(
    labels: IntArray,
    labelled: LabelledItems,
    rows: IntArray,
    *,
    label_counts: IntArray,
    n_items: int,
) -> dict[str, float]:
    """Return all metrics of ``labels``, see `xmlrec.metrics.evaluate_ranking`.

    Parameters
    ----------
    labels : int array, shape (rows.size, k)
        Ranked columns of the model's taxonomy.
    labelled : LabelledItems
        Items in that taxonomy and, after its own, the categories that only they name.
    rows : int array
        The items that were ranked.
    label_counts : int array, shape (columns of the model's taxonomy,)
        Training items of each category, out of ``n_items``; they give the propensities.
    """
    taxonomy = labelled.taxonomy
    counts = np.zeros(len(taxonomy), dtype=np.int64)
    counts[: label_counts.size] = label_counts
    return evaluate_ranking(
        labels,
        labelled.Y[rows],
        ancestors=taxonomy.ancestor_matrix(),
        primary_parents=taxonomy.primary_parents,
        depths=taxonomy.depths,
        inv_propensity=inverse_propensity(counts, n_items),
    )
