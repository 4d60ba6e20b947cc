"""Who answers chunks: this process, or processes beside it. `xmlrec.batch.on_dask` has the cluster.

An executor gives every chunk to what `AnyRequest.open` returns, and back what becomes of it. It
holds a few chunks at a time.
"""

import gc
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Protocol

from label_trees.parallel import count_threads
from xmlrec.batch.chunks import AnyChunk
from xmlrec.batch.contract import AnyRequest
from xmlrec.batch.outcome import Failure, Part
from xmlrec.catalog import Fault
from xmlrec.errors import WorkerError, XmlrecError

Outcome = tuple[AnyChunk, Part | Failure]

SECONDS_PER_ROW = 0.25
"""A chunk that takes longer, and `MIN_SECONDS` at least, hangs: a transformer on one busy processor
takes a fifth of it for a long text."""

MIN_SECONDS = 60.0


def time_limit(chunk: AnyChunk) -> float:
    """Return the seconds after which a chunk hangs."""
    return max(SECONDS_PER_ROW * len(chunk.rows), MIN_SECONDS)


class Executor(Protocol):
    """Answers chunks."""

    def map(self, chunks: Iterator[AnyChunk]) -> Iterator[Outcome]:
        """Yield every chunk with its part, or with why it has none, as they are done."""

    def close(self) -> None:
        """Let go of what it holds."""


class InProcess:
    """Answers chunks one by one in this process."""

    def __init__(self, request: AnyRequest, *, n_threads: int) -> None:
        self._answer = request.open(n_threads)

    def map(self, chunks: Iterator[AnyChunk]) -> Iterator[Outcome]:
        """Yield every chunk with what became of it, in their order."""
        for chunk in chunks:
            yield chunk, self._answer(chunk)

    def close(self) -> None:
        """Do nothing."""


def open_local(
    request: AnyRequest, *, is_small: bool, n_threads: int | None, has_transformer: bool
) -> Executor:
    """Open an executor on this machine that uses ``n_threads``, by default all processors.

    Many rows are answered by as many processes, but a transformer, which takes the room of several
    models and all processors, is in one; a few rows are answered at once, here.
    """
    threads = count_threads(n_threads)
    if is_small or threads == 1:
        return InProcess(request, n_threads=threads)
    if has_transformer:
        return WorkerProcesses(request, n_workers=1, n_threads=threads)
    return WorkerProcesses(request, n_workers=threads, n_threads=1)


class WorkerProcesses:
    """Answers chunks in processes of its own, each with the model open.

    One that dies or hangs is replaced, and its chunk has failed. They end with this process,
    however it ends.

    Parameters
    ----------
    request : AnyRequest
    n_workers : int
    n_threads : int
        Of each.
    """

    def __init__(self, request: AnyRequest, *, n_workers: int, n_threads: int = 1) -> None:
        self._workers = [Worker(request, n_threads) for _ in range(n_workers)]

    def map(self, chunks: Iterator[AnyChunk]) -> Iterator[Outcome]:
        """Yield every chunk with what became of it, as they are done.

        Raises
        ------
        XmlrecError
            What a worker raised, or `WorkerError` if one cannot start.
        """
        idle, busy, ahead = deque(self._workers), list[Worker](), deque[AnyChunk]()
        while True:
            while idle and (chunk := ahead.popleft() if ahead else next(chunks, None)):
                busy.append(idle.popleft())
                busy[-1].start(chunk)
            if not busy:
                return
            ahead.extend(islice(chunks, len(self._workers) - len(ahead)))  # while they work
            for worker in first_done(busy):
                chunk, outcome = worker.finish()
                if ahead:
                    worker.start(ahead.popleft())
                else:
                    busy.remove(worker)
                    idle.append(worker)
                yield chunk, outcome

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.end()


def first_done(busy: "list[Worker]") -> "list[Worker]":
    """Wait until workers are done, dead or late, and return them."""
    soonest = min(worker.deadline for worker in busy)
    ready = wait([worker.connection for worker in busy], max(soonest - time.monotonic(), 0.0))
    now = time.monotonic()
    return [worker for worker in busy if worker.connection in ready or worker.deadline <= now]


class Worker:
    """A process that answers one chunk at a time.

    Attributes
    ----------
    connection : Connection
        Readable when the process has said something, or is dead.
    deadline : float
        When the chunk that it works on has had its time, on the monotonic clock.
    """

    connection: Connection

    def __init__(self, request: AnyRequest, n_threads: int) -> None:
        self._request, self._n_threads = request, n_threads
        self._chunk: AnyChunk | None = None
        self.deadline = 0.0
        self._launch()

    def start(self, chunk: AnyChunk) -> None:
        """Send the chunk to work on next; the first time, wait until the model is open."""
        if not self._is_ready:
            self._await_model()
        self._chunk, self.deadline = chunk, time.monotonic() + time_limit(chunk)
        with suppress(OSError):  # it died: `finish` will find out
            self.connection.send(chunk)

    def finish(self) -> Outcome:
        """Return the chunk with what became of it; a worker that is dead or late is replaced."""
        assert self._chunk is not None
        try:
            message = self.connection.recv() if self.connection.poll() else None
        except (EOFError, OSError):
            return self._chunk, self._replaced(Fault.WORKER_DIED, "the worker process died at it")
        if message is None:
            seconds = time_limit(self._chunk)
            return self._chunk, self._replaced(Fault.TIMED_OUT, f"not done in {seconds:g} s")
        if isinstance(message, XmlrecError):
            raise message
        assert isinstance(message, Part | Failure)
        return self._chunk, message

    def end(self) -> None:
        """Stop the process; what it works on is lost."""
        self.connection.close()
        self._process.kill()
        self._process.join()
        self._process.close()

    def _launch(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        self.connection, other = context.Pipe()
        self._is_ready = False
        self._process = context.Process(
            target=serve, args=(other, self._request, self._n_threads), daemon=True
        )
        self._process.start()
        other.close()

    def _await_model(self) -> None:
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            raise WorkerError(self._process.exitcode) from None
        if isinstance(message, XmlrecError):
            raise message
        self._is_ready = True

    def _replaced(self, code: Fault, message: str) -> Failure:
        self.end()
        self._launch()
        return Failure(code, message)


def serve(connection: Connection, request: AnyRequest, n_threads: int) -> None:
    """Answer the chunks that come through ``connection``, until it is closed."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; one decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(EOFError, OSError), threadpool_limits(n_threads):  # the other side is gone
        try:
            answer = request.open(n_threads)
            gc.collect()
            gc.freeze()  # the model is not looked through each time that rows are made
            connection.send("ready")
            while True:
                connection.send(answer(connection.recv()))
        except XmlrecError as error:
            connection.send(error)
