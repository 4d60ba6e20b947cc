from dataclasses import replace

import numpy as np
import pytest

from bench.cases import encoders
from bench.cases.encoders import rank_in_batches
from bench.datasets import DataMissingError
from bench.nearest import MINILM, STATIC
from bench.options import Options
from tests.bench.test_zero_shot import colours
from xmlrec.encode import packaged_encoder


class Echo:
    """Ranks an item as what it is."""

    def __init__(self):
        self.sizes = []

    def rank(self, items, k, *, n_threads=None):
        self.sizes.append(len(items))
        return np.array(items, dtype=np.int32)[:, np.newaxis], None


def test_batches_come_back_in_order(monkeypatch):
    monkeypatch.setattr(encoders, "BATCH", 4)
    ranker = Echo()

    labels, rows_a_second = rank_in_batches(ranker, range(10), 2)

    assert labels[:, 0].tolist() == list(range(10))
    assert ranker.sizes == [10, *2 * [4, 4, 2]]  # all of them are the warm-up here
    assert rows_a_second > 0


def test_a_slow_system_is_asked_once(monkeypatch):
    monkeypatch.setattr(encoders, "SLOW_S", 1e-9)
    ranker = Echo()

    rank_in_batches(ranker, range(10), 3)

    assert ranker.sizes == [10, 10]  # the warm-up and the one that counts


@pytest.fixture
def two_sets(monkeypatch):
    """Two sets of the same rows; the packaged encoder stands for MiniLM."""
    monkeypatch.setattr(encoders, "load_text_set", lambda name: colours())
    monkeypatch.setattr(encoders, "open_minilm", lambda notes: packaged_encoder())
    monkeypatch.setattr(encoders, "N_SINGLE_ROWS", 3)
    return Options(sets=("mwpd", "tate"), n_repetitions=1)


def test_every_system_is_measured(two_sets):
    (table,) = encoders.run(replace(two_sets, sets=("tate",)))

    lines = {row[1]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(lines) == [*encoders.TRAINERS, MINILM]
    for system in ("xmlrec, fast", "xmlrec, balanced", encoders.ADAPTED):
        assert lines[system]["P@1"] == 100.0
        assert lines[system]["P@5"] == 20.0
    assert lines[STATIC]["recall@10"] == lines[MINILM]["recall@10"] > 50
    assert lines["xmlrec, balanced"]["model MB"] > lines[STATIC]["model MB"] > 28


def test_lines_of_a_set_stand_together(two_sets, monkeypatch):
    monkeypatch.setattr(encoders, "TRAINERS", {STATIC: encoders.train_untrained})

    (table,) = encoders.run(two_sets)

    assert [row[:2] for row in table.rows] == [
        ("mwpd", STATIC), ("mwpd", MINILM), ("tate", STATIC), ("tate", MINILM),
    ]  # fmt: skip


def test_missing_set_is_noted(monkeypatch):
    def load(name):
        raise DataMissingError(f"{name}: no file")

    monkeypatch.setattr(encoders, "load_text_set", load)
    monkeypatch.setattr(encoders, "open_minilm", lambda notes: None)

    (table,) = encoders.run(Options(sets=("mwpd",)))

    assert table.rows == []
    assert table.notes[0] == "Skipped mwpd: no file."


def test_sets_without_text_have_no_table():
    assert encoders.run(Options(sets=("bibtex",))) == []
