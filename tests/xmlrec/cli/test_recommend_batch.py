"""``xmlrec recommend batch``, whole and killed, on the command line as a shell starts it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.xmlrec.recommend.visits import event_lines, visits

N_SESSIONS = 6000
SMALL_CHUNKS = """
import sys
from xmlrec.batch import chunks
from xmlrec.cli import main
chunks.SESSIONS_PER_CHUNK = 100
sys.argv[0] = "xmlrec"
main()
"""


@pytest.fixture
def batch(xmlrec, recommender, shop):
    """Answer the sessions of a file."""
    return lambda *arguments: xmlrec("recommend", "batch", *arguments, "--model", recommender)


@pytest.fixture
def sessions(write):
    return write("sessions.csv", event_lines([["0020"], ["0020", "nope"], ["nope"]]))


def rows_of(name):
    return [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()]


def test_every_session_has_a_line(batch, sessions):
    result = batch(sessions, "--out", "out.jsonl", "-k", "2")

    assert (result.code, result.out) == (0, "")
    assert "sessions.csv: 4 events in 3 sessions\n" in result.err
    assert "sessions.csv: 1 item unknown to the model, passed over\n" in result.err
    assert result.err.endswith("out.jsonl: 3 sessions\n")
    rows = rows_of("out.jsonl")
    assert [(row["id"], row["n_unknown"], row["reason"]) for row in rows] == [
        ("s0", 0, None), ("s1", 1, None), ("s2", 1, None)
    ]  # fmt: skip
    assert rows[0]["items"][0]["item_id"] == rows[1]["items"][0]["item_id"] == "0021"
    assert len(rows[2]["items"]) == 2  # popular ones


def test_lines_are_those_of_next(xmlrec, batch, sessions, recommender):
    options = ["-k", "3", "--diversify", "0.4", "--exclude", "0021", "--within", "Shoes"]
    result = batch(sessions, "--out", "-", *options)
    asked = ["--model", recommender, "--session", "0020", "--json", *options]
    (one,) = xmlrec("recommend", "next", *asked).rows

    assert result.rows[0]["items"] == one["items"]
    assert result.lines[0] == json.dumps(one | {"id": "s0"}, separators=(",", ":"))


def test_a_table_has_a_record_for_each_item(batch, sessions, shop):
    batch(sessions, "--out", "out.csv", "-k", "2")

    with open("out.csv", encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert [(record["session_id"], record["rank"]) for record in records] == [
        (f"s{number}", rank) for number in range(3) for rank in ("1", "2")
    ]
    assert records[0]["item_id"] == "0021"


def test_short_lists_are_counted(batch, sessions):
    result = batch(sessions, "--out", "out.jsonl", "--within", "Garden", "-k", "7")
    assert result.err.endswith("out.jsonl: 3 sessions, 3 of them with fewer than 7 items\n")


def test_rejected_events_are_counted_and_kept(batch, write):
    write("bad.csv", "session_id,item_id\ns0,0020\ns0,\n,0021\n")
    result = batch("bad.csv", "--out", "out.jsonl", "--max-errors", "1")

    assert result.code == 3
    assert "2 rows rejected (BAD_ID 2); kept in out.jsonl.rejects.jsonl\n" in result.err
    assert [row["line"] for row in rows_of("out.jsonl.rejects.jsonl")] == [3, 4]
    assert len(rows_of("out.jsonl")) == 1


def test_several_processes_give_the_same_bytes(batch, write, shop, monkeypatch):
    monkeypatch.setattr("xmlrec.batch.chunks.SESSIONS_PER_CHUNK", 20)
    events = write("events.csv", event_lines(visits()))
    batch(events, "--out", "one.jsonl", "--threads", "1")
    batch(events, "--out", "two.jsonl", "--threads", "2")

    assert (shop / "one.jsonl").read_bytes() == (shop / "two.jsonl").read_bytes()
    assert len(rows_of("one.jsonl")) == 144


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "out.parquet"], "lists of items are not written as .parquet"),
        (["--out", "sessions.csv"], "it would be written over while sessions.csv is read"),
        (["--out", "out.jsonl", "--within", "Toys"], "no item's path has the category 'Toys'"),
        (["--out", "out.jsonl", "--cap", "1", "--level", "9"], "level"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_written(
    batch, sessions, new_files, arguments, message
):
    before = new_files()
    result = batch(sessions, *arguments)

    (line,) = result.err.splitlines()
    assert message in line
    assert result.code in (1, 2)
    assert new_files() == before


@pytest.fixture
def start(tmp_path, recommender):
    """Start the command in a process group of its own, in chunks of 100 sessions."""
    started = []

    def start(out):
        command = ["recommend", "batch", "sessions.csv", "--model", str(recommender), "--out", out]
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", SMALL_CHUNKS, *command, "--threads", "2"],
                cwd=tmp_path,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def n_done(folder):
    journal = folder / "out.jsonl.parts" / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(start, tmp_path):
    rows = (visits() * (N_SESSIONS // 144 + 1))[:N_SESSIONS]
    (tmp_path / "sessions.csv").write_text(event_lines(rows) + "s0,\n")
    assert "6,000 sessions\n" in start("unbroken.jsonl").communicate()[1]
    for n_parts in (3, 20):
        process = start("out.jsonl")
        while process.poll() is None and n_done(tmp_path) < n_parts:
            time.sleep(0.01)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert n_parts <= n_done(tmp_path) < N_SESSIONS // 100
    process = start("out.jsonl")
    process.communicate()

    assert process.returncode == 0
    for end in ("", ".rejects.jsonl"):
        resumed = (tmp_path / f"out.jsonl{end}").read_bytes()
        assert resumed == (tmp_path / f"unbroken.jsonl{end}").read_bytes()
    ids = [row["id"] for row in rows_of(tmp_path / "out.jsonl")]
    assert ids == [f"s{number}" for number in range(N_SESSIONS)]
    assert not (tmp_path / "out.jsonl.parts").exists()
