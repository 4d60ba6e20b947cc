import sys
import time
from pathlib import Path

import pytest

from bench.peers import BenchError
from bench.processes import family, measure_command, started

HOLD = "import time; held = bytearray({mb} << 20); time.sleep(0.3)"


def python(program):
    return [sys.executable, "-c", program]


def test_peak_is_that_of_a_command_and_what_it_starts(tmp_path):
    alone = measure_command(python(HOLD.format(mb=100)), log=tmp_path / "log")
    start_another = (
        "import subprocess, sys; held = bytearray(50 << 20); "
        f"subprocess.run([sys.executable, '-c', {HOLD.format(mb=100)!r}])"
    )

    both = measure_command(python(start_another), log=tmp_path / "log")

    assert 100 < alone.peak_mb < 130
    assert 150 < both.peak_mb < 190
    assert alone.seconds > 0.3


def test_what_a_command_says_is_in_the_log_and_its_last_line_in_the_error(tmp_path):
    program = "import os, sys; print(os.environ['OMP_NUM_THREADS']); sys.exit('no such label')"

    with pytest.raises(BenchError, match=r"exit 1 of .*: no such label \(see .*log\)"):
        measure_command(python(program), log=tmp_path / "log", threads=2)

    assert sorted((tmp_path / "log").read_text().split("\n")) == ["", "2", "no such label"]


def test_whole_group_is_killed_at_the_end_of_the_block(tmp_path):
    program = "import subprocess; subprocess.run(['sleep', '60'])"
    with started(python(program), log=tmp_path / "log") as process:
        while len(pids := list(family(process.pid))) < 2:
            time.sleep(0.01)

    assert process.returncode == -9
    deadline = time.monotonic() + 5
    while is_alive(pids[1]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pids[1])


def is_alive(pid):
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()
