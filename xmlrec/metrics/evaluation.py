"""All that a report shows of one evaluation: answers with their probabilities, and the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from xmlrec.metrics.relevance import IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """Rows with true categories, what was answered, and how sure the model was.

    Node numbers are columns of ``truth``; all nodes of the taxonomy are there, and those that only
    the truth names.

    Attributes
    ----------
    paths, names : sequence of str, length n_nodes
        ``A > B > C``, and the last name of it.
    primary_parents, depths : int array, shape (n_nodes,)
        See `xmlrec.metrics.paths.primary_paths`.
    truth : csr_array, shape (n_rows, n_nodes)
        A stored non-zero entry is a true label.
    labels : int32 array, shape (n_rows, k)
        Ranked nodes, best first, padded with -1; the first one is the answer.
    probabilities : float32 array, shape (n_rows, k)
        P(label | item) in the same places.
    level_probabilities : float32 array, shape (n_rows, max_depth)
        In column d - 1 the probability of the answer's ancestor at depth d; NaN below the
        answer and without one.
    thresholds : float32 array, shape (n_rows,)
        What the answer's probability has to reach to be applied without review; inf for never.
    ids, texts : sequence of str, length n_rows
    label_counts : int array, shape (n_nodes,)
        Training items of each category.
    metrics : dict of str to float
        What ``xmlrec evaluate`` prints.
    facts : mapping of str to mapping of str to str
        Plain facts in titled groups, such as "Model", "Data", "Versions".
    ancestors : csr_array, shape (n_nodes, n_nodes), optional
        Row u holds u and its ancestors over all parents. Without it the hierarchical figures go
        along primary parents.

    Raises
    ------
    ValueError
        If there is no row, or an array has another shape.
    """

    paths: Sequence[str]
    names: Sequence[str]
    primary_parents: IntArray
    depths: IntArray
    truth: sp.csr_array
    labels: IntArray
    probabilities: npt.NDArray[np.float32]
    level_probabilities: npt.NDArray[np.float32]
    thresholds: npt.NDArray[np.float32]
    ids: Sequence[str]
    texts: Sequence[str]
    label_counts: IntArray
    metrics: dict[str, float]
    facts: Mapping[str, Mapping[str, str]]
    ancestors: sp.csr_array | None = None

    def __post_init__(self) -> None:
        n_rows, n_nodes = self.truth.shape
        if n_rows == 0:
            raise ValueError("an evaluation must have at least one row")
        wanted = {
            "paths": (n_nodes,),
            "names": (n_nodes,),
            "primary_parents": (n_nodes,),
            "depths": (n_nodes,),
            "label_counts": (n_nodes,),
            "probabilities": self.labels.shape,
            "level_probabilities": (n_rows, int(np.max(self.depths, initial=0))),
            "thresholds": (n_rows,),
            "ids": (n_rows,),
            "texts": (n_rows,),
        }
        for name, shape in wanted.items():
            value = getattr(self, name)
            found = value.shape if isinstance(value, np.ndarray) else (len(value),)
            if found != shape:
                raise ValueError(f"{name} must have shape {shape}, got {found}")
