import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.metrics import Evaluation


def small(**changes):
    """Return an evaluation of one row over one category."""
    fields = {
        "paths": ["A"],
        "names": ["A"],
        "primary_parents": np.array([-1]),
        "depths": np.array([1]),
        "truth": sp.csr_array(np.ones((1, 1))),
        "labels": np.zeros((1, 2), dtype=np.int32),
        "probabilities": np.ones((1, 2), dtype=np.float32),
        "level_probabilities": np.ones((1, 1), dtype=np.float32),
        "thresholds": np.zeros(1, dtype=np.float32),
        "ids": ["1"],
        "texts": ["a"],
        "label_counts": np.ones(1, dtype=np.int32),
        "metrics": {},
        "facts": {},
    }
    return Evaluation(**(fields | changes))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("texts", ["a", "b"], r"texts must have shape \(1,\), got \(2,\)"),
        ("probabilities", np.ones((1, 1)), r"probabilities must have shape \(1, 2\)"),
        ("level_probabilities", np.ones((1, 3)), r"level_probabilities must have shape \(1, 1\)"),
        ("label_counts", np.ones(2), "label_counts must have shape"),
        ("truth", sp.csr_array((0, 1)), "at least one row"),
    ],
)
def test_what_does_not_fit_is_refused(field, value, message):
    assert small().labels.shape == (1, 2)
    with pytest.raises(ValueError, match=message):
        small(**{field: value})
