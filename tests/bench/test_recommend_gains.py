import numpy as np

from bench.recommend_cold import ColdGains
from bench.recommend_gains import BOTH, LIKELIEST, SOFT, TEXT, add_classifier_rows, classifier_table
from tests.bench.recommend_cases import tiny_set


def classifier_rows(of_true):
    table, n = classifier_table(), len(of_true)
    half = np.where(np.arange(n) % 2, of_true, 0.0)
    values = {
        name: {"HR@20": gained, "MRR@20": gained}
        for name, gained in (
            (BOTH, of_true),
            (TEXT, np.zeros(n)),
            (LIKELIEST, half),
            (SOFT, of_true),
        )
    }
    add_classifier_rows(table, tiny_set(), ColdGains(values, np.arange(n)), 70.0)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows[:4]], table.notes


def test_share_of_the_gain_of_true_paths():
    rows, notes = classifier_rows(np.full(100, 8.0))

    assert [row["% of the gain"] for row in rows] == [100, 50, 100, None]
    assert [row["P@1"] for row in rows] == [None, 70, 70, None]
    assert [row["over text"] for row in rows] == [8, 4, 8, None]
    assert len(notes) == 1


def test_gain_within_two_standard_errors_has_no_share_but_a_note():
    rows, notes = classifier_rows(np.tile([-100.0, 100.0], 50))

    assert [row["% of the gain"] for row in rows] == [None] * 4
    assert notes[1].startswith("tiny: the HR@20 that true paths gain, 0.00, is not above 2 ")
