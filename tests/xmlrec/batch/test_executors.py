import os
import signal

import pytest

from tests.xmlrec.batch.conftest import chunk_of, ids
from xmlrec.batch import executors
from xmlrec.batch.executors import InProcess, WorkerProcesses, open_local
from xmlrec.batch.outcome import Failure
from xmlrec.batch.request import Request
from xmlrec.catalog import Fault
from xmlrec.errors import ModelError, WorkerError

TITLES = ("ankle boot", "garden hose", "", "kettle", "pan")


@pytest.fixture
def workers():
    """Open worker processes that are ended after the test."""
    opened = []

    def open_(request, n_workers=2):
        opened.append(WorkerProcesses(request, n_workers=n_workers))
        return opened[-1]

    yield open_
    for executor in opened:
        executor.close()


def answered(executor, chunks):
    return {chunk.number: outcome for chunk, outcome in executor.map(iter(chunks))}


def test_processes_answer_as_this_one_does_and_can_be_asked_again(request_, workers):
    chunks = [chunk_of(TITLES[: number % 5 + 1], number) for number in range(9)]
    expected = answered(InProcess(request_, n_threads=1), chunks)
    several = workers(request_)

    assert answered(several, chunks) == expected
    assert answered(several, chunks[:1]) == {0: expected[0]}
    assert answered(several, []) == {}


def test_a_chunk_that_cannot_be_answered_fails_alone(faulty, workers, monkeypatch):
    monkeypatch.setattr(executors, "MIN_SECONDS", 3.0)
    titles = ["boot", "RAISE", "DIE", "HANG", "hose"]
    outcomes = answered(
        workers(faulty), [chunk_of([title], number) for number, title in enumerate(titles)]
    )

    assert outcomes[1] == Failure(Fault.FAILED, "ZeroDivisionError: no such product")
    assert outcomes[2] == Failure(Fault.WORKER_DIED, "the worker process died at it")
    assert outcomes[3] == Failure(Fault.TIMED_OUT, "not done in 3 s")
    assert [ids(outcomes[number]) for number in (0, 4)] == [(["000"], []), (["000"], [])]


def test_this_process_survives_a_row_that_raises(faulty):
    outcomes = answered(InProcess(faulty, n_threads=1), [chunk_of(["RAISE"]), chunk_of(["pan"], 1)])

    assert outcomes[0].code is Fault.FAILED
    assert ids(outcomes[1]) == (["000"], [])


def test_a_worker_with_another_model_stops_the_run(asked, workers):
    another = Request(**asked | {"model_name": "fast@sha256:000000000000"})
    with pytest.raises(ModelError, match="and was fast@sha256:000000000000"):
        answered(workers(another, 1), [chunk_of(TITLES)])


class DyingRequest(Request):
    def open(self, n_threads):
        os.kill(os.getpid(), signal.SIGKILL)


def test_workers_that_cannot_start_stop_the_run(asked, workers):
    with pytest.raises(WorkerError, match=r"opened the model \(exit code -9\)"):
        answered(workers(DyingRequest(**asked), 1), [chunk_of(TITLES)])


@pytest.mark.parametrize(
    ("choices", "kind", "n_workers"),
    [
        ({"is_small": True, "n_threads": 2, "has_transformer": False}, InProcess, None),
        ({"is_small": False, "n_threads": 1, "has_transformer": False}, InProcess, None),
        ({"is_small": False, "n_threads": 3, "has_transformer": False}, WorkerProcesses, 3),
        ({"is_small": False, "n_threads": 3, "has_transformer": True}, WorkerProcesses, 1),
    ],
)
def test_who_answers_depends_on_how_much_there_is(request_, choices, kind, n_workers):
    executor = open_local(request_, **choices)
    try:
        assert isinstance(executor, kind)
        assert n_workers is None or len(executor._workers) == n_workers
    finally:
        executor.close()
