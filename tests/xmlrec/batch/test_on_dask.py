"""A run on a Dask cluster of two real worker processes."""

import json
import os
import signal
import sys
from functools import partial

import pytest

from tests.xmlrec.batch.faulty import FaultyRequest
from tests.xmlrec.models.shop import shop_items
from xmlrec.batch import Job, Request, categorize_catalog, chunks, executors, on_dask, open_dask
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.executors import InProcess
from xmlrec.catalog import CatalogSettings, Row
from xmlrec.errors import ClusterError

distributed = pytest.importorskip("distributed", reason="needs the extra dask")

ONE_WORKER = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}


class CountedRequest(Request):
    """Every process that opens the model writes a line to a file beside it."""

    def open(self, n_threads):
        with self.model.with_name("opened").open("a") as file:
            file.write(f"{os.getpid()}\n")
        return super().open(n_threads)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(**ONE_WORKER | {"n_workers": 2}) as cluster:
        yield cluster


@pytest.fixture
def on_cluster(cluster):
    return partial(open_dask, scheduler=cluster.scheduler_address, n_threads=None)


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """A catalog of 36 rows in chunks of two; its path."""
    monkeypatch.setattr(chunks, "ENTRIES_PER_CHUNK", 2)
    path = tmp_path / "catalog.jsonl"
    write(path, {})
    return path


def write(path, titles):
    """Write the shop's items, those at some places with another title."""
    items = [{"id": item["id"], "title": item["title"]} for item in shop_items()]
    for place, title in titles.items():
        items[place]["title"] = title
    path.write_text("".join(json.dumps(item) + "\n" for item in items))


def job_of(catalog, asked, out="out.jsonl"):
    return Job(
        sources=(str(catalog),),
        settings=CatalogSettings(model_text=("title", "description")),
        request=FaultyRequest(**asked),
        out=str(catalog.with_name(out)),
    )


def local(request, *, is_small):
    return InProcess(request, n_threads=1)


def categorize(job, start, on_part=lambda tally, reader: None):
    """Run a job; return the lines of its output."""
    categorize_catalog(job, start, on_reject=lambda reject: None, on_part=on_part)
    with open(job.out, "rb") as file:
        return file.readlines()


@pytest.fixture
def expected(catalog, asked):
    """The lines that a run without a cluster makes of the catalog."""
    return categorize(job_of(catalog, asked, "local.jsonl"), local)


def rejects(job):
    with open(f"{job.out}.rejects.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def stop(tally, reader):
    raise KeyboardInterrupt


def test_a_cluster_gives_the_bytes_of_a_run_without_one(on_cluster, catalog, asked, expected):
    assert len(expected) == 36
    assert categorize(job_of(catalog, asked), on_cluster) == expected


def test_workers_that_are_killed_change_nothing(cluster, on_cluster, catalog, asked, expected):
    victims = [nanny.pid for nanny in cluster.workers.values()]

    def kill(tally, reader):
        while victims:
            os.kill(victims.pop(), signal.SIGKILL)

    assert categorize(job_of(catalog, asked), on_cluster, kill) == expected
    assert victims == []


def test_a_run_that_was_begun_locally_goes_on_on_a_cluster(on_cluster, catalog, asked, expected):
    job, parts = job_of(catalog, asked), []
    with pytest.raises(KeyboardInterrupt):
        categorize(job, local, stop)

    assert categorize(job, on_cluster, lambda tally, reader: parts.append(tally)) == expected
    assert len(parts) == 17


def test_a_row_that_kills_its_worker_is_rejected_and_no_other(catalog, asked, expected):
    write(catalog, {3: "DIE"})
    job = job_of(catalog, asked)
    lines = categorize(job, partial(open_dask, scheduler=None, n_threads=2))

    (reject,) = rejects(job)
    assert (reject["code"], reject["source"], reject["line"]) == ("WORKER_DIED", str(catalog), 4)
    assert lines == expected[:3] + expected[4:]


def test_few_chunks_are_in_flight_and_a_worker_opens_the_model_once(on_cluster, asked):
    n_taken, log = 0, asked["model"].with_name("opened")
    log.unlink(missing_ok=True)

    def many():
        nonlocal n_taken
        for number in range(200):
            n_taken += 1
            yield Chunk(number, (Row(str(number), {"title": "boot"}, None, number, 0, ""),))

    executor = on_cluster(CountedRequest(**asked), is_small=False)
    ahead = [n_taken - n_done for n_done, _ in enumerate(executor.map(many()))]
    executor.close()

    assert len(ahead) == 200
    assert max(ahead) == 2 * on_dask.CHUNKS_PER_THREAD + 1  # one is read ahead
    openers = log.read_text().split()
    assert len(set(openers)) == len(openers) == 2


def test_a_row_that_hangs_is_rejected_and_no_other(
    on_cluster, catalog, asked, expected, monkeypatch
):
    monkeypatch.setattr(executors, "MIN_SECONDS", 3.0)
    monkeypatch.setattr(chunks, "ENTRIES_PER_CHUNK", 1)
    write(catalog, {1: "HANG"})
    job = job_of(catalog, asked)
    lines = categorize(job, on_cluster)

    (reject,) = rejects(job)
    assert (reject["code"], reject["message"]) == ("TIMED_OUT", "not done in 3 s")
    assert lines == expected[:1] + expected[2:]


def test_a_worker_with_another_model_stops_the_run(on_cluster, catalog, asked):
    job = job_of(catalog, asked | {"model_name": "x"})
    with pytest.raises(ClusterError, match=r"worker on .*: it is balanced@.* now, and was x;"):
        categorize(job, on_cluster)


def test_a_worker_with_another_version_stops_the_run(on_cluster, catalog, asked, monkeypatch):
    monkeypatch.setattr(on_dask, "version", lambda name: "0.0.0")
    with pytest.raises(ClusterError, match=r"worker on .*: it has xmlrec .*, not 0\.0\.0; every"):
        categorize(job_of(catalog, asked), on_cluster)


def test_a_scheduler_that_goes_away_is_one_line(catalog, asked, monkeypatch):
    monkeypatch.setattr(on_dask, "SECONDS_TO_CONNECT", 1)
    cluster, job = distributed.LocalCluster(processes=False, **ONE_WORKER), job_of(catalog, asked)
    start = partial(open_dask, scheduler=cluster.scheduler_address, n_threads=None)
    with pytest.raises(ClusterError, match=r"^inproc://.*: the cluster fails") as error:
        categorize(job, start, lambda tally, reader: cluster.close())

    assert "\n" not in str(error.value)
    assert os.path.isdir(f"{job.out}.parts")


def test_a_scheduler_that_does_not_answer_is_one_line(catalog, asked, monkeypatch):
    monkeypatch.setattr(on_dask, "SECONDS_TO_CONNECT", 1)
    start = partial(open_dask, scheduler="tcp://127.0.0.1:1", n_threads=None)
    with pytest.raises(ClusterError, match=r"^tcp://127\.0\.0\.1:1: .*; see that its scheduler"):
        categorize(job_of(catalog, asked), start)


def test_without_dask_its_extra_is_named(catalog, asked, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r'`pip install "xmlrec\[dask\]"`'):
        categorize(job_of(catalog, asked), partial(open_dask, scheduler=None, n_threads=None))
