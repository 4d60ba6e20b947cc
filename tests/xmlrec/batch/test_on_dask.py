"""A run on a Dask cluster of two real worker processes."""

import os
import signal
import sys
from functools import partial

import pytest

from tests.xmlrec.batch.cases import (
    FaultyRequest,
    make_job,
    rejects_of,
    run,
    save_shop,
    write_catalog,
)
from xmlrec.batch import chunks, executors, on_dask, open_dask, open_local
from xmlrec.batch.chunks import Chunk
from xmlrec.catalog import Row
from xmlrec.errors import ClusterError

distributed = pytest.importorskip("distributed", reason="needs the extra dask")

LOCAL = partial(open_local, n_threads=1, has_transformer=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_shop(tmp_path_factory.mktemp("dask") / "model")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.fixture
def on_cluster(cluster):
    return partial(open_dask, scheduler=cluster.scheduler_address, n_threads=None)


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """A catalog of 36 rows in chunks of two; its path."""
    monkeypatch.setattr(chunks, "ENTRIES_PER_CHUNK", 2)
    path = tmp_path / "catalog.jsonl"
    write_catalog(path, [])
    return path


@pytest.fixture
def expected(catalog, model, tmp_path):
    """What a run without a cluster makes of the catalog."""
    run(make_job(model, catalog, tmp_path / "local.jsonl"), LOCAL)
    return (tmp_path / "local.jsonl").read_bytes()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


def test_a_cluster_gives_the_bytes_of_a_run_without_one(on_cluster, model, catalog, expected, out):
    done = run(make_job(model, catalog, out), on_cluster)

    assert out.read_bytes() == expected
    assert done.tally.n_rows == 36


def test_workers_that_are_killed_change_nothing(cluster, on_cluster, model, catalog, expected, out):
    victims = [nanny.pid for nanny in cluster.workers.values()]

    def kill(tally, reader):
        while victims:
            os.kill(victims.pop(), signal.SIGKILL)

    run(make_job(model, catalog, out), on_cluster, kill)

    assert out.read_bytes() == expected


def test_a_run_that_was_begun_locally_goes_on_on_a_cluster(
    on_cluster, model, catalog, expected, out
):
    def stop(tally, reader):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(make_job(model, catalog, out), LOCAL, stop)
    done_before = len(list(out.with_name("out.jsonl.parts").glob("*.part")))
    seen = []
    run(make_job(model, catalog, out), on_cluster, lambda tally, reader: seen.append(tally))

    assert (done_before, len(seen)) == (1, 17)
    assert out.read_bytes() == expected


def test_a_row_that_kills_its_worker_is_rejected_and_no_other(
    model, catalog, expected, out, tmp_path
):
    write_catalog(catalog, ["Boot", "Boot", "Boot", "DIE"])
    run(make_job(model, catalog, out), partial(open_dask, scheduler=None, n_threads=2))

    (reject,) = rejects_of(out)
    assert (reject["code"], reject["source"], reject["line"]) == ("WORKER_DIED", str(catalog), 4)
    assert out.read_bytes().count(b"\n") == 35
    assert out.read_bytes().splitlines()[3:] == expected.splitlines()[4:]


def test_a_row_that_hangs_is_rejected_and_no_other(
    on_cluster, model, catalog, expected, out, monkeypatch
):
    monkeypatch.setattr(executors, "MIN_SECONDS", 3.0)
    monkeypatch.setattr(chunks, "ENTRIES_PER_CHUNK", 1)
    write_catalog(catalog, ["Boot", "HANG"])
    run(make_job(model, catalog, out), on_cluster)

    (reject,) = rejects_of(out)
    assert (reject["code"], reject["message"]) == ("TIMED_OUT", "not done in 3 s")
    assert out.read_bytes().splitlines()[1:] == expected.splitlines()[2:]


def test_few_chunks_are_in_flight_and_a_worker_opens_the_model_once(on_cluster, model):
    n_taken, folder = 0, model[0]
    folder.with_name("opened").unlink(missing_ok=True)

    def endless():
        nonlocal n_taken
        while n_taken < 200:
            row = Row(str(n_taken), {"title": "boot", "description": ""}, None, n_taken, 0, "")
            yield Chunk(n_taken, (row,))
            n_taken += 1

    request = FaultyRequest(
        model=folder, model_name=model[1], format=make_job(model, "", "a.jsonl").request.format, k=2
    )
    executor = on_cluster(request, is_small=False)
    ahead = [n_taken - n for n, _ in enumerate(executor.map(endless()))]
    executor.close()

    assert len(ahead) == 200
    assert max(ahead) <= 2 * on_dask.CHUNKS_PER_THREAD
    openers = folder.with_name("opened").read_text().split()
    assert len(set(openers)) == len(openers) == 2


def test_a_worker_with_another_model_stops_the_run(on_cluster, model, catalog, out):
    with pytest.raises(ClusterError, match=r"worker on .*: it is fast@sha256:\w+ now, and was x;"):
        run(make_job((model[0], "x"), catalog, out), on_cluster)


def test_a_worker_with_another_version_stops_the_run(on_cluster, model, catalog, out, monkeypatch):
    monkeypatch.setattr(on_dask, "version", lambda name: "0.0.0")
    with pytest.raises(ClusterError, match=r"worker on .*: it has xmlrec .*, not 0\.0\.0; every"):
        run(make_job(model, catalog, out), on_cluster)


def test_a_scheduler_that_goes_away_is_one_line(model, catalog, out, monkeypatch):
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    )
    monkeypatch.setattr(on_dask, "SECONDS_TO_CONNECT", 1)
    start = partial(open_dask, scheduler=cluster.scheduler_address, n_threads=None)
    with pytest.raises(ClusterError, match=r"^inproc://.*: the cluster fails") as error:
        run(make_job(model, catalog, out), start, lambda tally, reader: cluster.close())

    assert "\n" not in str(error.value)
    assert out.with_name("out.jsonl.parts").is_dir()


def test_a_scheduler_that_does_not_answer_is_one_line(model, catalog, out, monkeypatch):
    monkeypatch.setattr(on_dask, "SECONDS_TO_CONNECT", 1)
    start = partial(open_dask, scheduler="tcp://127.0.0.1:1", n_threads=None)
    with pytest.raises(ClusterError, match=r"^tcp://127\.0\.0\.1:1: .*; see that its scheduler"):
        run(make_job(model, catalog, out), start)


def test_without_dask_its_extra_is_named(model, catalog, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r'`pip install "xmlrec\[dask\]"`'):
        run(make_job(model, catalog, out), partial(open_dask, scheduler=None, n_threads=None))
