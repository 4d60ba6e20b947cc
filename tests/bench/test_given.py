import json

import numpy as np
import pytest
import scipy.sparse as sp

from bench.cases import given
from bench.cases.given import Local, along_paths, level_figures, measure_in_turns, paths_to
from bench.datasets import DataMissingError, TextSet
from bench.given_worker import FITS, main
from bench.options import Options

PARENTS = np.array([-1, 0, 1, 1, 0, 4, -1, 6, 7])  # 0 > 1 > (2, 3), 0 > 4 > 5, 6 > 7 > 8
FIGURES = {"train_s": 1.0, "us_per_row": 5.0, "segment": 80.0, "family": 70.0, "class": 60.0}


def row(title, *path):
    return {"title": title, "description": "", "paths": [list(path)]}


def tiny_set():
    """Return six rows of four classes and a test row of a class that no training row has."""
    train = [
        row("red boot", "A", "B", "C"),
        row("blue boot", "A", "B", "C"),
        row("red shoe", "A", "B", "D"),
        row("blue shoe", "A", "B", "D"),
        row("fast cat", "A", "E", "F"),
        row("slow hose", "G", "H", "I"),
    ]
    return TextSet(
        "tiny", train, [row("green boot", "A", "B", "C"), row("sour milk", "A", "B", "J")]
    )


def test_every_node_of_the_paths_has_a_column_and_its_parent():
    problem, parents = along_paths(tiny_set())

    np.testing.assert_array_equal(parents, [*PARENTS, 1])
    np.testing.assert_array_equal(problem.Y.indices, [2, 2, 3, 3, 5, 8])
    assert problem.Y.shape == (6, 9)  # no column for the unknown class
    np.testing.assert_array_equal(problem.Y_test.indices, [2, 9])


def test_nodes_of_a_path_come_from_the_root_down():
    np.testing.assert_array_equal(
        paths_to(np.array([5, 3, 8]), PARENTS), [[0, 4, 5], [0, 1, 3], [6, 7, 8]]
    )


def test_figures_are_those_worked_by_hand():
    expected, found = np.array([2, 2, 3, 8]), np.array([2, 3, 3, 5])

    figures = level_figures(found, expected, PARENTS)

    assert figures["segment"] == pytest.approx(100 * (3 / 4 * 6 / 7 + 1 / 4 * 0))
    assert figures["family"] == pytest.approx(100 * (3 / 4 * 1 + 1 / 4 * 0))
    assert figures["class"] == pytest.approx(100 * (2 / 4 * 2 / 3 + 1 / 4 * 2 / 3 + 1 / 4 * 0))
    assert figures["hf"] == pytest.approx(100 * (3 + 2 + 3 + 0) / 12)


def test_slow_system_is_measured_once(monkeypatch):
    fast, slow = Local("fast", "label_trees", {}), Local("slow", "hiclass", {})
    monkeypatch.setattr(
        given, "measure", lambda problem, parents, system: {"train_s": 61.0 * (system is slow)}
    )

    runs = measure_in_turns(None, PARENTS, (fast, slow), n_repetitions=3)

    assert {name: len(of_system) for name, of_system in runs.items()} == {"fast": 3, "slow": 1}


def test_ours_is_compared_with_the_better_of_theirs_at_each_figure(monkeypatch):
    theirs = ({"train_s": 300.0, "family": 71.0, "hf": 60.0}, {"train_s": 200.0, "hf": 65.0})
    by_name = {local.name: FIGURES | {"hf": 66.0} for local in given.OURS}
    by_name |= {
        local.name: FIGURES | of_theirs
        for local, of_theirs in zip(given.THEIRS, theirs, strict=True)
    }
    monkeypatch.setattr(given, "load_text_set", lambda name: tiny_set())
    monkeypatch.setattr(given, "measure", lambda problem, parents, system: by_name[system.name])

    every, best = given.run(Options(slow_peers=True))

    assert [line[0] for line in every.rows] == [s.name for s in (*given.OURS, *given.THEIRS)]
    assert best.rows[0] == (given.OURS[0].name, 200.0, 0.0, -1.0, 0.0, 1.0)


def test_hiclass_waits_for_slow_peers(monkeypatch):
    monkeypatch.setattr(given, "load_text_set", lambda name: tiny_set())
    monkeypatch.setattr(given, "measure", lambda *_: FIGURES | {"hf": 66.0})

    (every,) = given.run(Options())

    assert len(every.rows) == len(given.OURS)
    assert "hiclass takes minutes: --slow-peers." in every.notes


def test_missing_set_is_noted(monkeypatch):
    def load(name):
        raise DataMissingError("mwpd: no file")

    monkeypatch.setattr(given, "load_text_set", load)

    (every,) = given.run(Options())

    assert every.notes == ["Skipped mwpd: no file."]


@pytest.mark.parametrize("package", sorted(FITS))
def test_worker_finds_classes_that_have_words_of_their_own(package, tmp_path):
    Y = sp.csr_array((np.ones(40), np.tile([2, 3, 5, 8], 10), np.arange(41)), shape=(40, 9))
    for name, matrix in (("X", Y), ("Y", Y), ("X_test", Y[:8])):
        sp.save_npz(tmp_path / f"{name}.npz", matrix)
    np.save(tmp_path / "parents.npy", PARENTS)
    job = {"package": package, "settings": {"C": 10.0}, "threads": 1}
    job |= {"matrices": str(tmp_path), "out": str(tmp_path)}
    (tmp_path / "job.json").write_text(json.dumps(job))

    main(str(tmp_path / "job.json"))

    assert np.load(tmp_path / "labels.npy").tolist() == [2, 3, 5, 8] * 2
    assert set(json.loads((tmp_path / "measures.json").read_text())) == {"train_s", "us_per_row"}
