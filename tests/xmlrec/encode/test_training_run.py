import numpy as np
import scipy.sparse as sp

from xmlrec.encode.finetune_settings import ValidationRows
from xmlrec.encode.training_run import measure_apart

TEXTS = ["a", "b", "c", "d", "e"]
Y = sp.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]]))
RANKED = np.array([[0, -1], [2, -1], [1, 2], [1, 0], [0, 1]])


def test_rows_of_new_labels_are_measured_apart():
    is_new = np.array([False, False, True, True, True])

    assert measure_apart(RANKED, ValidationRows(TEXTS, Y, is_new)) == {
        "P@1": 100.0,
        "recall@10": 50.0,
        "recall@10 of new labels": 50.0,
    }


def test_without_new_labels_all_rows_with_labels_count_together():
    assert measure_apart(RANKED, ValidationRows(TEXTS, Y)) == {"P@1": 50.0, "recall@10": 50.0}
