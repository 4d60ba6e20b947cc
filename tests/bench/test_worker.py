import contextlib
import json
import os
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp

from bench import worker
from bench.trainers import Clock, Fitted, flatten, time_calls
from bench.worker import pin_to_one_processor, ranking, time_single_rows

CORE_S = 0.002


class Core:
    """A compiled search that calls back for half of its time."""

    def search(self):
        time.sleep(CORE_S)
        self.call_back()

    def call_back(self):
        time.sleep(CORE_S)


@pytest.fixture
def fitted(monkeypatch):
    """A system whose answer is label 1 for every row, or label 0 with weights of 8 bits."""
    core = Core()

    def predictor(threads):
        def predict(X, k):
            core.search()
            time.sleep(CORE_S)
            return [[(1, 0.5)]] * X.shape[0]

        return predict

    monkeypatch.setattr(worker, "pin_to_one_processor", lambda: None)
    monkeypatch.setattr(worker, "N_SINGLE_ROWS", 5)
    monkeypatch.setattr(worker, "N_WARM_UP", 1)
    with Clock() as clock:
        pass
    return Fitted(
        clock=clock,
        predictor=predictor,
        unpack=flatten,
        core_s=time_calls(core, "search"),
        outside_s=time_calls(core, "call_back"),
        int8=lambda X, k: [[(0, 0.5)]] * X.shape[0],
    )


def test_answers_are_sorted_by_score_then_label_and_padded():
    answers = [[(3, 0.5), (1, 0.5), (2, 0.9)], [], [(4, 0.1)]]

    best = ranking(flatten(answers), n_rows=3, k=2)

    np.testing.assert_array_equal(best["labels"], [[2, 1], [-1, -1], [4, -1]])
    assert best["scores"][0] == pytest.approx([0.9, 0.5])
    assert best["scores"][2] == pytest.approx([0.1, -np.inf])


def test_search_inside_a_call_counts_without_what_it_calls_back(fitted):
    X = sp.csr_matrix(np.eye(3, dtype=np.float32))

    measures = time_single_rows(fitted, X, 2)

    assert 1e6 * CORE_S <= measures["one_row_core_us"] < 1.9e6 * CORE_S
    assert measures["one_row_p50_us"] >= 3e6 * CORE_S
    assert measures["one_row_p99_us"] >= measures["one_row_p50_us"]


def test_system_without_a_core_has_no_figure_for_it(fitted):
    fitted.core_s = None

    measures = time_single_rows(fitted, sp.csr_matrix((1, 2), dtype=np.float32), 2)

    assert measures.keys() == {"one_row_p50_us", "one_row_p99_us"}


def test_worker_writes_both_rankings_and_the_sizes_of_all_models(fitted, monkeypatch, tmp_path):
    def train(X, Y, *, seed, threads, model_dir, depth):
        for name, n_bytes in (("model", 4), ("int8", 2), ("int8_compressed", 1)):
            model_dir.with_name(name).mkdir()
            (model_dir.with_name(name) / "file").write_bytes(b"x" * n_bytes * 2**18)
        return fitted

    monkeypatch.setitem(worker.TRAINERS, "fake", train)
    for name in ("X", "Y", "X_test"):
        sp.save_npz(tmp_path / f"{name}.npz", sp.csr_array(np.eye(3, 2, dtype=np.float32)))
    job = {"system": "fake", "version": None, "settings": {"depth": 1}, "seed": 0, "threads": 2}
    job |= {"k": 2, "matrices": str(tmp_path), "out": str(tmp_path)}
    (tmp_path / "job.json").write_text(json.dumps(job))

    worker.main(str(tmp_path / "job.json"))

    measures = json.loads((tmp_path / "measures.json").read_text())
    assert [measures[f"{name}_mb"] for name in ("model", "int8", "int8_compressed")] == [
        1.0,
        0.5,
        0.25,
    ]
    with np.load(tmp_path / "ranking.npz") as answers:
        np.testing.assert_array_equal(answers["labels"], [[1, -1]] * 3)
        np.testing.assert_array_equal(answers["int8_labels"], [[0, -1]] * 3)


def test_pinned_process_has_one_processor_for_old_and_new_threads():
    processors = os.sched_getaffinity(0)
    asked, seen = threading.Event(), []

    def look():
        asked.wait()
        seen.append(os.sched_getaffinity(0))

    old = threading.Thread(target=look)
    old.start()
    try:
        pin_to_one_processor()
        new = threading.Thread(target=look)
        new.start()
        asked.set()
        old.join()
        new.join()
    finally:
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread), processors)

    assert seen == [{min(processors)}] * 2
