"""Faults of long runs, on the command line as a shell starts it; numbers are those of the study."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

N_ROWS = 12_000
SMALL_CHUNKS = """
import sys
from xmlrec.batch import chunks
from xmlrec.cli import main
chunks.ENTRIES_PER_CHUNK = 400
sys.argv[0] = "xmlrec"
main()
"""
TITLES = ("ankle boot", "beach sandal", "kettle", "nonstick pan", "garden hose")


@pytest.fixture
def start(tmp_path, model):
    """Start ``xmlrec categorize`` in a process group of its own, in chunks of 400 rows."""
    started = []

    def start(*options, source="dump.csv", out="out.jsonl", **settings):
        command = ["categorize", source, "--model", str(model), "--out", out, *options]
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", SMALL_CHUNKS, *command],
                cwd=tmp_path,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
                **settings,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


@pytest.fixture
def dump(tmp_path):
    """A catalog of 12,000 rows, 12 of them bad."""
    with (tmp_path / "dump.csv").open("w") as file:
        file.write("id,title\n")
        for number in range(N_ROWS):
            title = f"{TITLES[number % len(TITLES)]} {number}"
            file.write(f"{number:06},{title}{',' if number % 1000 == 7 else ''}\n")
    return tmp_path


def n_done(folder):
    journal = folder / "out.jsonl.parts" / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def wait_for_parts(process, folder, n_parts):
    """Wait until so many parts are done, and say whether the run still goes on."""
    while process.poll() is None and n_done(folder) < n_parts:
        time.sleep(0.01)
    return process.poll() is None


def bytes_of(folder, name):
    return [(folder / f"{name}{end}").read_bytes() for end in ("", ".rejects.jsonl")]


def test_44_a_run_that_is_killed_and_stopped_goes_on_to_the_same_bytes(start, dump):
    unbroken = start(out="unbroken.jsonl")
    assert unbroken.communicate()[1].count("rows") >= 1
    for n_parts, signals in (
        (3, [signal.SIGKILL]),
        (9, [signal.SIGTERM]),
        (15, [signal.SIGINT] * 2),
    ):
        process = start()
        assert wait_for_parts(process, dump, n_parts)
        for number in signals:
            os.killpg(process.pid, number)
        err = process.communicate()[1]
        if signals != [signal.SIGKILL]:
            (line,) = [line for line in err.splitlines() if not line.startswith("rejected")]
            assert line == (
                f"out.jsonl: stopped; what is done is kept in {dump}/out.jsonl.parts, "
                "and the same command goes on from there"
            )
        assert process.returncode == {
            signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130
        }[signals[0]]  # fmt: skip
        assert n_done(dump) >= n_parts
    process = start()
    process.communicate()

    assert process.returncode == 0
    assert bytes_of(dump, "out.jsonl") == bytes_of(dump, "unbroken.jsonl")
    answered, rejected = bytes_of(dump, "out.jsonl")
    assert len(answered.splitlines()) == N_ROWS - 12
    assert len(rejected.splitlines()) == 12
    assert not (dump / "out.jsonl.parts").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_45_a_full_disk_is_one_line_and_more_room_is_enough(start, dump, small_disk):
    process = start(out="disk/out.jsonl")
    err = process.communicate()[1].splitlines()

    assert process.returncode == 1
    assert [line for line in err if not line.startswith("rejected")] == [
        "error: disk/out.jsonl: its parts cannot be kept (No space left on device); "
        "what is done stays; give the same command again"
    ]
    assert n_done(small_disk) > 0
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    process = start(out="disk/out.jsonl")
    process.communicate()
    start(out="unbroken.jsonl").communicate()

    assert process.returncode == 0
    assert bytes_of(small_disk, "out.jsonl") == bytes_of(dump, "unbroken.jsonl")
    assert sorted(os.listdir(small_disk)) == ["out.jsonl", "out.jsonl.rejects.jsonl"]


def test_45_a_file_that_may_not_grow_is_one_line(start, dump):
    limit = 200_000
    process = start(
        "--threads", "1",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    err = process.communicate()[1]

    assert process.returncode == 1
    assert "error: out.jsonl: its parts cannot be kept (File too large); what is done" in err
    assert "Traceback" not in err


def test_48_two_runs_on_one_output(start, dump):
    first = start()
    assert wait_for_parts(first, dump, 1)
    os.killpg(first.pid, signal.SIGSTOP)
    second = start()
    err = second.communicate()[1]
    os.killpg(first.pid, signal.SIGCONT)
    first.communicate()

    assert second.returncode == 1
    assert err.startswith(f"error: out.jsonl: process {first.pid} on ")
    assert err.endswith(" is at work on it; wait for it, or name another file\n")
    assert first.returncode == 0


@pytest.mark.parametrize(
    "names", [{"LC_ALL": "C"}, {"LC_ALL": "tr_TR.UTF-8"}, {"TZ": "Asia/Kolkata", "LANG": None}]
)
def test_49_locale_and_time_zone_do_not_matter(xmlrec, shop, model, monkeypatch, names):
    xmlrec("categorize", "shop.csv", "--model", model, "--out", "plain.csv")
    for name, value in names.items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(
            name, value
        )
    time.tzset()
    os.utime("shop.csv", (2e9, 2e9))  # a clock that was ahead
    xmlrec("categorize", "shop.csv", "--model", model, "--out", "other.csv")

    assert (shop / "other.csv").read_bytes() == (shop / "plain.csv").read_bytes()


def test_50_a_reader_that_goes_away_ends_the_run_quietly(start, dump):
    process = start(out="-", stdout=subprocess.PIPE)
    first = json.loads(process.stdout.readline())
    process.stdout.close()
    process.stdout = None
    err = process.communicate()[1]

    assert first["id"] == "000000"
    assert [line for line in err.splitlines() if not line.startswith("rejected")] == []
    assert process.returncode != 0


def test_51_a_catalog_that_was_edited_is_not_gone_on_from(start, dump):
    process = start()
    assert wait_for_parts(process, dump, 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    with (dump / "dump.csv").open("r+") as file:
        file.seek(N_ROWS * 10)
        file.write("x")
    again = start()

    assert again.communicate()[1] == (
        f"error: out.jsonl: {dump}/out.jsonl.parts holds an unfinished run with another catalog; "
        "give the command that began it, or begin anew with --restart\n"
    )
    assert again.returncode == 1
    anew = start("--restart")
    anew.communicate()
    assert anew.returncode == 0
