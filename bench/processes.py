"""Commands in fresh processes: what they take, and how they are killed. Linux only."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.datasets import ROOT
from bench.peers import THREADS, failure, variables

SAMPLE_S = 0.05


@dataclass(frozen=True)
class Taken:
    """What a command took.

    ``peak_mb`` is the largest sum of the peaks of all processes that lived at one time, in 2**20
    bytes: exact for one process, and never too low where several share memory.
    """

    seconds: float
    peak_mb: float


def measure_command(
    command: list[str],
    *,
    log: Path,
    threads: int = THREADS,
    environment: Mapping[str, str] | None = None,
) -> Taken:
    """Run ``command`` from the project's root; what it says, a progress bar too, goes to ``log``.

    Raises
    ------
    BenchError
        If it fails, with the last line that it said.
    """
    start = time.perf_counter()
    with started(command, log=log, threads=threads, environment=environment) as process:
        peaks = [0.0]
        done = threading.Event()

        def watch() -> None:
            while not done.wait(SAMPLE_S):
                peaks.append(sum(map(peak_mb, family(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            code = process.wait()
            seconds = time.perf_counter() - start
        finally:
            done.set()
            watcher.join()
    if code:
        raise failure(code, command, log)
    return Taken(seconds, max(peaks))


@contextmanager
def started(
    command: list[str],
    *,
    log: Path,
    threads: int = THREADS,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen]:
    """Start ``command`` as the leader of a group of its own, which is killed at the end."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables(threads, environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            kill_group(process)


def kill_group(process: subprocess.Popen) -> None:
    """Send SIGKILL to a process that `started` gave and to all of its group, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def family(pid: int) -> Iterator[int]:
    """Yield a process and all below it that still live."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended by now
            for child in children.read_text(encoding="ascii").split():
                yield from family(int(child))


def peak_mb(pid: int) -> float:
    """Return the most memory that a process had so far; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0
