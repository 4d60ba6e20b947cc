import sys

import numpy as np
import pytest
import scipy.sparse as sp

from bench import peers
from bench.datasets import Problem
from bench.peers import BenchError, Measurement, System, measure_once, run_command

TREE = System("tree", "omikuji", {"n_trees": 3})
FLAT = System("flat", "libpecos", {"split": None}, is_flat=True)


@pytest.fixture
def problem():
    X = sp.csr_array(np.eye(3, dtype=np.float32))
    return Problem("tiny", X, X, X, X)


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """Replace the real measurement; the list grows by one name a run."""
    done = []

    def measure(problem, system, *, seed):
        done.append((system.name, seed))
        return Measurement({"train_s": 2.0}, np.array([[seed]]), "2020-02-02")

    monkeypatch.setattr(peers, "WORK", tmp_path)
    monkeypatch.setattr(peers, "measure", measure)
    return done


def test_peer_runs_once_for_the_same_matrices_settings_and_seed(problem, runs):
    first, again, other_seed = (
        measure_once(problem, TREE, seed=seed, fresh=False, run_slow=False) for seed in (0, 0, 1)
    )

    assert runs == [("tree", 0), ("tree", 1)]
    assert again.measures == first.measures
    np.testing.assert_array_equal(again.labels, first.labels)
    np.testing.assert_array_equal(other_seed.labels, [[1]])


def test_fresh_measures_again(problem, runs):
    for _ in range(2):
        measure_once(problem, TREE, fresh=True, run_slow=False)

    assert len(runs) == 2


def test_slow_peer_runs_only_when_asked_and_is_kept_even_if_fresh(problem, runs, monkeypatch):
    monkeypatch.setattr(peers, "SLOW_PAIRS", 8)  # the problem has 9

    assert measure_once(problem, FLAT, fresh=False, run_slow=False) is None
    assert measure_once(problem, FLAT, fresh=False, run_slow=True) is not None
    assert measure_once(problem, FLAT, fresh=True, run_slow=False) is not None
    assert len(runs) == 1


def test_kept_run_without_a_needed_measure_is_taken_again(problem, runs):
    for needs in ((), ("train_s",), ("one_row_p50_us",)):
        measure_once(problem, TREE, fresh=False, run_slow=False, needs=needs)

    assert len(runs) == 2  # the first, and the one that needs what the first lacks


def test_command_sees_added_variables_and_the_number_of_threads(tmp_path):
    program = "import os; print(os.environ['ADDED'], os.environ['OMP_NUM_THREADS'])"

    said = run_command(
        [sys.executable, "-c", program],
        threads=2,
        log=tmp_path / "log",
        environment={"ADDED": "here"},
    )

    assert said.split() == ["here", "2"]


def test_failed_command_is_one_line_that_quotes_its_last_words(tmp_path):
    program = "import sys; print('out'); sys.exit('no such label')"

    with pytest.raises(BenchError, match=r"exit 1 of .*: no such label \(see .*log\)") as caught:
        run_command([sys.executable, "-c", program], threads=1, log=tmp_path / "log")

    assert "\n" not in str(caught.value)
