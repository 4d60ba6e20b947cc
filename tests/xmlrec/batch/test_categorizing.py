import gzip
import json
import random
from dataclasses import replace
from functools import partial

import pytest

from tests.xmlrec.batch.faulty import FaultyRequest
from xmlrec.batch import Job, Request, Tally, categorize_catalog, executors, open_local
from xmlrec.batch.executors import InProcess
from xmlrec.catalog import CatalogSettings
from xmlrec.errors import InputError

TITLES = ("ankle boot", "beach sandal", "kettle", "nonstick pan", "garden hose", "", "zzz")
N_ROWS = 47


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """A catalog of 47 rows and 3 rejects, in chunks of 10 entries."""
    monkeypatch.setattr("xmlrec.batch.chunks.ENTRIES_PER_CHUNK", 10)
    rows = [f"{number:03},{TITLES[number % len(TITLES)]}\n" for number in range(N_ROWS)]
    for place in (0, 20, 40):
        rows.insert(place, "a,b,c\n")
    path = tmp_path / "shop.csv"
    path.write_text("id,title\n" + "".join(rows))
    return path


def job_of(catalog, asked, *, kind=Request, out="out.jsonl", **choices):
    return Job(
        sources=(str(catalog),),
        settings=CatalogSettings(model_text=("title", "description")),
        request=kind(**asked),
        out=str(catalog.parent / out),
        **choices,
    )


def in_process(request, *, is_small):
    return InProcess(request, n_threads=1)


def categorize(job, start=in_process, on_part=lambda tally, reader: None):
    return categorize_catalog(job, start, on_reject=lambda reject: None, on_part=on_part)


def output(job):
    """Return the bytes of the output, and of its rejects."""
    with open(job.out, "rb") as results, open(f"{job.out}.rejects.jsonl", "rb") as rejects:
        return results.read(), rejects.read()


def answered_ids(job):
    return [json.loads(line)["id"] for line in output(job)[0].splitlines()]


def files(catalog):
    return sorted(path.name for path in catalog.parent.iterdir())


def test_every_row_is_answered_once_or_rejected(catalog, asked):
    job, parts = job_of(catalog, asked), []
    done = categorize(job, on_part=lambda tally, reader: parts.append(tally))

    assert answered_ids(job) == [f"{number:03}" for number in range(N_ROWS)]
    rejects = [json.loads(line) for line in output(job)[1].splitlines()]
    assert [(reject["line"], reject["code"]) for reject in rejects] == [
        (line, "FIELD_COUNT") for line in (2, 22, 42)
    ]
    assert files(catalog) == ["out.jsonl", "out.jsonl.rejects.jsonl", "shop.csv"]
    assert done.tally.n_rows == N_ROWS
    assert done.tally.rejected == {"FIELD_COUNT": 3}
    assert len(parts) == 5
    total = Tally()
    for tally in parts:
        total.add(tally)
    assert total == done.tally


class Stop(Exception):
    pass


def stop_after(n_parts):
    """Return a callback that raises once so many parts are done."""
    count = iter(range(n_parts))

    def on_part(tally, reader):
        if next(count, None) is None:
            raise Stop

    return on_part


@pytest.mark.parametrize("n_parts", range(5))
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(catalog, asked, n_parts):
    unbroken = job_of(catalog, asked, out="unbroken.jsonl")
    whole = categorize(unbroken)
    job, parts = job_of(catalog, asked), []
    with pytest.raises(Stop):
        categorize(job, on_part=stop_after(n_parts))
    assert not (catalog.parent / "out.jsonl").exists()
    done = categorize(job, on_part=lambda tally, reader: parts.append(tally))

    assert len(parts) == 4 - n_parts  # the one that was stopped at is kept too
    assert output(job) == output(unbroken)
    assert done.tally == whole.tally
    assert "out.jsonl.parts" not in files(catalog)


@pytest.mark.parametrize("change", ["catalog", "settings"])
def test_a_run_does_not_go_on_from_parts_of_something_else(catalog, asked, change):
    with pytest.raises(Stop):
        categorize(job_of(catalog, asked), on_part=stop_after(2))
    if change == "catalog":
        with catalog.open("a") as file:
            file.write("900,kettle\n")
    else:
        asked = asked | {"k": 1}
    with pytest.raises(InputError, match=f"an unfinished run with another {change}; .*--restart"):
        categorize(job_of(catalog, asked))
    categorize(job_of(catalog, asked, restart=True))

    assert len(answered_ids(job_of(catalog, asked))) == N_ROWS + (change == "catalog")


def test_rows_at_fault_are_rejected_in_their_place(catalog, asked):
    text = catalog.read_text().replace("013,", "013,RAISE ").replace("014,", "014,RAISE ")
    catalog.write_text(text)
    job = job_of(catalog, asked, kind=FaultyRequest)
    categorize(job)

    assert answered_ids(job) == [f"{n:03}" for n in range(N_ROWS) if n not in (13, 14)]
    rejects = [json.loads(line) for line in output(job)[1].splitlines()]
    assert [(reject["line"], reject["code"]) for reject in rejects] == [
        (2, "FIELD_COUNT"),
        (16, "FAILED"),
        (17, "FAILED"),
        (22, "FIELD_COUNT"),
        (42, "FIELD_COUNT"),
    ]
    assert rejects[1]["source"] == str(catalog)
    assert json.loads(rejects[1]["raw"])["id"] == "013"
    assert rejects[1]["message"] == "ZeroDivisionError: no such product"


def test_workers_that_die_or_hang_cost_only_the_row_at_fault(catalog, asked, monkeypatch):
    """Faults 46 and 47: a worker that is killed, and a row that hangs."""
    monkeypatch.setattr(executors, "MIN_SECONDS", 2.0)
    monkeypatch.setattr("xmlrec.batch.chunks.ENTRIES_PER_CHUNK", 4)
    once, text = catalog.parent / "died", catalog.read_text()
    for row, title in ((13, "DIE"), (27, "HANG"), (35, f"DIE_ONCE {once}")):
        text = text.replace(f"{row:03},{TITLES[row % len(TITLES)]}\n", f"{row:03},{title}\n")
    catalog.write_text(text)
    job = job_of(catalog, asked, kind=FaultyRequest)
    start = partial(open_local, n_threads=2, has_transformer=False)
    done = categorize(job, start)

    assert answered_ids(job) == [f"{n:03}" for n in range(N_ROWS) if n not in (13, 27)]
    assert done.tally.rejected == {"FIELD_COUNT": 3, "WORKER_DIED": 1, "TIMED_OUT": 1}
    assert once.exists()


def test_a_file_that_breaks_off_gives_its_rows_and_says_so(catalog, asked):
    numbers = "".join(f"{n},ankle boot {n * n * 7919} {n**5}\n" for n in range(3000))
    half = catalog.parent / "half.csv.gz"
    half.write_bytes(gzip.compress(f"id,title\n{numbers}".encode())[:-2000])
    job = job_of(half, asked)
    done = categorize(job)

    with open(job.out, "rb") as results:
        n_rows = len(results.read().splitlines())
    assert n_rows == done.tally.n_rows > 1000
    assert "the gzip data end too soon" in str(done.damage)


def test_ids_that_come_again_are_kept_counted_or_refused(catalog, asked):
    with catalog.open("a") as file:
        file.write("000,kettle\n000,pan\n046,pan\n")
    job = job_of(catalog, asked)

    assert categorize(job).n_repeated_ids == 3
    assert answered_ids(job)[-3:] == ["000", "000", "046"]
    with pytest.raises(InputError, match=r"shop.csv: 3 rows have the id of a row before; give"):
        categorize(job_of(catalog, asked, out="unique.jsonl", unique_ids=True))
    assert files(catalog) == ["out.jsonl", "out.jsonl.rejects.jsonl", "shop.csv"]


class Shuffled(InProcess):
    """Gives chunks back in an order of its own."""

    def map(self, chunks):
        outcomes = list(super().map(chunks))
        random.Random(0).shuffle(outcomes)
        yield from outcomes


def test_the_order_in_which_parts_are_done_does_not_matter(catalog, asked, capfdbinary):
    plain = job_of(catalog, asked)
    categorize(plain)
    shuffled = job_of(catalog, asked, out="shuffled.jsonl")

    def start(request, *, is_small):
        return Shuffled(request, n_threads=1)

    assert categorize(shuffled, start).tally == categorize(plain).tally
    categorize(replace(plain, out="-"), start)

    assert output(shuffled) == output(plain)
    assert capfdbinary.readouterr().out == output(plain)[0]
