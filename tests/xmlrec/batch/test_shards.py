"""A run in shares, each by a process of its own."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from xmlrec.batch import Job, Shard, categorize_catalog, chunks
from xmlrec.batch.executors import InProcess
from xmlrec.catalog import CatalogSettings
from xmlrec.errors import InputError, OptionError

TITLES = ("ankle boot", "beach sandal", "kettle", "", "garden hose")
N_ROWS = 50


@pytest.fixture
def job(tmp_path, monkeypatch, request_):
    """Make jobs on 50 rows and a reject, in chunks of five."""
    monkeypatch.setattr(chunks, "ENTRIES_PER_CHUNK", 5)
    rows = [f"{number:03},{TITLES[number % len(TITLES)]}\n" for number in range(N_ROWS)]
    (tmp_path / "shop.csv").write_text("id,title\n" + "".join([*rows[:7], "a,b,c\n", *rows[7:]]))

    def job(shard=None, out="out.jsonl", **choices):
        return Job(
            sources=(str(tmp_path / "shop.csv"),),
            settings=CatalogSettings(model_text=("title", "description")),
            request=request_,
            out=str(tmp_path / out),
            shard=shard and Shard.parse(shard),
            **choices,
        )

    return job


def in_process(request, *, is_small):
    return InProcess(request, n_threads=1)


def categorize(job, on_part=lambda tally, reader: None):
    return categorize_catalog(job, in_process, on_reject=lambda reject: None, on_part=on_part)


def kill(tally, reader):
    os.kill(os.getpid(), signal.SIGKILL)


def categorize_and_be_killed(job, chunk_size):
    chunks.ENTRIES_PER_CHUNK = chunk_size  # this process is a new one
    categorize(job, kill)


def output(job):
    return Path(job.out).read_bytes(), Path(f"{job.out}.rejects.jsonl").read_bytes()


def n_parts(job):
    return len(list(Path(f"{job.out}.parts").glob("*.part")))


@pytest.fixture
def plain(job):
    """What a run in one piece makes: its output, its rejects, and what it counts."""
    whole = job(out="whole.jsonl")
    done = categorize(whole)
    return *output(whole), done.tally


def test_shards_that_were_killed_or_ran_at_once_give_the_same_bytes(job, plain):
    process = multiprocessing.get_context("spawn").Process(
        target=categorize_and_be_killed, args=(job("1/3"), 5)
    )
    process.start()
    tallies, waiting = [], ["2/3"]

    def at_once(tally, reader):
        while waiting:
            tallies.append(categorize(job(waiting.pop())).tally)

    tallies.append(categorize(job("3/3"), at_once).tally)
    process.join()
    assert (process.exitcode, n_parts(job())) == (-signal.SIGKILL, 8)
    tallies.append(categorize(job("1/3")).tally)
    assert (n_parts(job()), Path(job().out).exists()) == (11, False)
    parts = []
    done = categorize(job(), lambda tally, reader: parts.append(tally))

    assert (*output(job()), done.tally) == plain
    assert (parts, sum(tally.n_rows for tally in tallies)) == ([], N_ROWS)
    assert not Path(f"{job().out}.parts").exists()


def test_a_run_without_shards_does_what_they_left(job, plain):
    categorize(job("2/3"))
    parts = []
    done = categorize(job(), lambda tally, reader: parts.append(tally))

    assert (*output(job()), done.tally) == plain
    assert len(parts) == 11 - 4


def test_shares_of_another_size_go_on_from_what_is_done(job, plain):
    categorize(job("1/3"))
    parts = []
    for shard in ("1/2", "2/2"):
        categorize(job(shard), lambda tally, reader: parts.append(tally))
    assert len(parts) == 11 - 4
    done = categorize(job())

    assert (*output(job()), done.tally) == plain


def test_shares_of_two_sizes_at_once_count_a_row_once(job, plain):
    waiting = ["1/2", "2/2"]

    def at_once(tally, reader):
        while waiting:
            categorize(job(waiting.pop()))

    categorize(job("1/3"), at_once)
    done = categorize(job())

    assert (*output(job()), done.tally) == plain


@pytest.mark.parametrize(
    ("running", "second", "who"),
    [
        (None, "1/3", f"process {os.getpid()} on .*"),
        ("1/3", None, "a shard"),
        ("1/3", "1/3", f"process {os.getpid()} on .*"),
    ],
)
def test_who_would_do_the_same_work_is_refused(job, running, second, who):
    def meanwhile(tally, reader):
        with pytest.raises(InputError, match=f"out.jsonl: {who} is at work on it; wait"):
            categorize(job(second))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        categorize(job(running), meanwhile)


def test_a_shard_of_another_catalog_is_refused(job, tmp_path):
    categorize(job("1/3"))
    (tmp_path / "shop.csv").write_text("id,title\n1,kettle\n")
    with pytest.raises(InputError, match="unfinished run with another catalog"):
        categorize(job("2/3"))


@pytest.mark.parametrize(
    ("choices", "option"), [({"out": "/dev/null"}, "--shard"), ({"restart": True}, "--restart")]
)
def test_what_does_not_go_with_a_shard_is_refused(job, choices, option):
    with pytest.raises(OptionError, match=f"^{option}: "):
        job("1/3", **choices)


def test_every_shard_has_to_read_the_whole_catalog(job):
    whole = job()
    with pytest.raises(OptionError, match="--shard: every shard has to read"):
        Job(
            sources=("-",),
            settings=whole.settings,
            request=whole.request,
            out=whole.out,
            shard=Shard(1, 2),
        )
