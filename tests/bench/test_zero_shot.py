from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from bench.cases import zero_shot
from bench.cases.zero_shot import figures, harmonic_mean
from bench.datasets import DataMissingError, TextSet
from bench.options import Options
from bench.table import Table

WORDS = ("red", "green", "blue", "black", "white", "brown", "pink", "gold", "grey", "plum")
KINDS = ("shoe", "sock", "hat")


def row(title, *path):
    return {"title": title, "description": "", "paths": [list(path)]}


def colours():
    """Return a set of thirty labels, named by words that their rows have."""
    labels = [(kind, f"{word} {kind}") for kind in KINDS for word in WORDS]
    train = [row(f"{name} {copy}", kind, name) for kind, name in labels for copy in ("one", "two")]
    return TextSet("colours", train, [row(name, kind, name) for kind, name in labels])


@pytest.fixture(scope="module")
def tables():
    """The tables of a run on the colours, the model of 10,000 labels left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zero_shot, "load_text_set", lambda name: colours())
        patch.setattr(zero_shot, "open_minilm", lambda notes: notes.append("no MiniLM"))
        patch.setattr(zero_shot.added_label, "run", lambda presets, options: Table("one", ()))
        return zero_shot.run(Options(sets=("tate",), n_seeds=1, n_repetitions=1))


def test_new_labels_are_found_by_their_names(tables):
    unseen = {
        (row[1], row[2]): dict(zip(zero_shot.FOUND, row[3:], strict=True)) for row in tables[0].rows
    }

    assert {system for system, _ in unseen} == {*zero_shot.PRESETS, zero_shot.STATIC}
    for system in zero_shot.PRESETS:
        assert unseen[system, "new"]["P@1"] == 100.0
        assert unseen[system, "all"]["recall@5"] == 100.0
    assert "no MiniLM" in tables[0].notes


def test_sizes_of_the_split_are_noted(tables):
    assert tables[0].notes[0] == (
        "tate: 4 labels hidden, 26 left; 8 training rows dropped, 52 left; 4 test rows with a "
        "hidden label, 0 of them with another one too; 26 with trained ones only."
    )


def test_examples_that_there_are_not_are_counted(tables):
    lines = [dict(zip(tables[2].columns, row, strict=True)) for row in tables[2].rows]

    assert [line["asked"] for line in lines] == 2 * list(zero_shot.SHOTS)
    assert [line["used"] for line in lines] == 2 * [0, 1, 2, 2, 2]
    assert [line["labels with fewer"] for line in lines] == 2 * [0, 0, 0, 4, 4]
    assert [line["gain"] for line in lines if line["asked"] == 0] == [0.0, 0.0]


def test_an_added_label_costs_bytes(tables):
    lines = {row[1]: dict(zip(tables[1].columns, row, strict=True)) for row in tables[1].rows}

    assert lines["fast"]["bytes a new label"] > 8
    assert lines["balanced"]["bytes a new label"] > 256 * 4  # its vector


def three_rows(n_seen=2):
    """Return a split of two trained and one hidden label; a fourth has no training row."""
    Y_test = sp.csr_array(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0]], dtype=np.float32))
    Y_unseen = sp.csr_array(Y_test * np.array([0, 0, 1, 0], dtype=np.float32))
    return SimpleNamespace(
        catalog=SimpleNamespace(taxonomy=range(3), Y_test=Y_test),
        n_seen=n_seen,
        Y_unseen=Y_unseen,
        unseen_rows=np.array([2]),
        seen_rows=np.array([0, 1]),
    )


def test_figures_are_those_worked_by_hand():
    def before(rows, allowed):
        return np.array([[0, 1], [1, 0]])

    def after(rows, allowed):
        if allowed is not None:
            assert allowed.tolist() == [False, False, True]
            return np.array([[2, -1]])
        return np.array([[1, 2]]) if rows.tolist() == [2] else np.array([[0, 2], [2, 1]])

    measures = figures(three_rows(), before, after)

    assert (measures["new P@1"], measures["new recall@1"]) == (100.0, 100.0)
    assert (measures["all P@1"], measures["all recall@1"], measures["all recall@5"]) == (0, 0, 100)
    assert (measures["before"], measures["after"], measures["loss"]) == (100.0, 50.0, 50.0)
    assert measures["H"] == 0.0


def test_harmonic_mean_is_that_worked_by_hand():
    assert harmonic_mean(60.0, 30.0) == pytest.approx(2 / (1 / 60 + 1 / 30))
    assert harmonic_mean(0.0, 30.0) == 0.0


def test_an_encoder_is_measured_on_every_split_by_the_same_vectors(monkeypatch):
    class Counting:
        dim, n_texts = 256, 0

        def __init__(self):
            self.encoder = zero_shot.packaged_encoder()

        def encode(self, texts, *, n_threads=None):
            self.n_texts += len(texts)
            return self.encoder.encode(texts, n_threads=n_threads)

    texts = colours()
    splits = [zero_shot.hide_labels(texts, seed=seed) for seed in range(3)]
    encoder = Counting()

    runs = zero_shot.measure_encoder("encoder", encoder, splits)

    assert encoder.n_texts == 30 + 2 * 30  # rows, names and paths
    alone = [zero_shot.measure_encoder("encoder", encoder, [split])[0] for split in splits]
    assert runs == alone


def test_missing_set_is_noted(monkeypatch):
    def load(name):
        raise DataMissingError(f"{name}: no file")

    monkeypatch.setattr(zero_shot, "load_text_set", load)
    monkeypatch.setattr(zero_shot, "open_minilm", lambda notes: None)
    monkeypatch.setattr(zero_shot.added_label, "run", lambda presets, options: Table("one", ()))

    unseen, *_ = zero_shot.run(Options())

    assert unseen.rows == []
    assert unseen.notes[:2] == ["Skipped onet-tasks: no file.", "Skipped onet-unspsc: no file."]


def test_sets_without_text_have_no_table():
    assert zero_shot.run(Options(sets=("bibtex",))) == []
