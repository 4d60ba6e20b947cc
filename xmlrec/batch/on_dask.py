"""A Dask cluster that answers chunks, beside the executors of one machine.

Nothing travels to a worker but the request and a chunk; it opens the model where it is.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from label_trees.parallel import count_threads
from xmlrec.batch.chunks import AnyChunk, Chunk
from xmlrec.batch.executors import Executor, Outcome, time_limit
from xmlrec.batch.on_worker import answer
from xmlrec.batch.outcome import Failure, Part
from xmlrec.batch.request import Request
from xmlrec.catalog import Fault
from xmlrec.errors import ClusterError, XmlrecError

if TYPE_CHECKING:
    from distributed import Client, Future

CHUNKS_PER_THREAD = 2
"""In flight: one that is worked on, and one that is there when it is done."""

SECONDS_TO_CONNECT = 8
LOCAL = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": "127.0.0.1:0"}
SETTINGS = {
    "distributed.admin.large-graph-warning-threshold": "1 GiB",  # chunks may be large
    "distributed.comm.timeouts.connect": "5s",  # a result waits as long for a worker that died
    "distributed.scheduler.allowed-failures": 0,  # of a cluster here: `Pieces` tries again
    "distributed.deploy.lost-worker-timeout": "1 day",  # else one that dies often is given up
    "distributed.worker.preload": ["from signal import *; signal(SIGINT, SIG_IGN)"],  # one decides
}
INSTALL = 'install it with `pip install "xmlrec[dask]"`'
STEP = "see that its scheduler runs, and its workers have the same xmlrec; what is done stays"


def open_dask(
    request: Request, *, is_small: bool, scheduler: str | None, n_threads: int | None
) -> Executor:
    """Open an executor on the Dask cluster of ``scheduler``, by default one on this machine.

    Parameters
    ----------
    scheduler : str, optional
        Such as ``tcp://10.0.0.1:8786``. Its workers may come and go.
    n_threads : int, optional
        Workers of a cluster on this machine, by default as many as processors.

    Raises
    ------
    ClusterError
        If Dask is not installed, the scheduler does not answer, or a worker cannot open the model.
    """
    try:
        from dask import config
        from distributed import Client, LocalCluster
    except ImportError:
        raise ClusterError("--engine dask", "Dask is not installed", INSTALL) from None
    asked = replace(request, model=request.model.absolute()), version("xmlrec")
    with naming(scheduler or "--engine dask"), ExitStack() as held:
        held.enter_context(config.set(SETTINGS))
        if scheduler is None:
            n_workers = 1 if is_small else count_threads(n_threads)
            cluster = LocalCluster(n_workers=n_workers, silence_logs=logging.CRITICAL, **LOCAL)
            scheduler = held.enter_context(cluster).scheduler_address
        client = held.enter_context(Client(scheduler, timeout=SECONDS_TO_CONNECT))
        client.submit(answer, *asked, Chunk(0, ()), None, pure=False).result()  # can it?
        return DaskCluster(client, asked, held.pop_all())


class DaskCluster:
    """Answers chunks on the workers of a cluster, until ``held`` is closed; see `open_dask`.

    When a worker dies, chunks beside the one at fault are lost too. So each is tried again with no
    other in flight before `Pieces` cuts it in half or rejects it.
    """

    def __init__(self, client: "Client", asked: tuple[Request, str], held: ExitStack) -> None:
        self._client, self._asked, self._held = client, asked, held

    def map(self, chunks: Iterator[AnyChunk]) -> Iterator[Outcome]:
        """Yield every chunk with what became of it, as they are done.

        Raises
        ------
        XmlrecError
            What a worker raised, or `ClusterError` if the cluster fails.
        """
        from distributed import as_completed

        done, in_flight = as_completed(), dict["Future", AnyChunk]()
        chunk = next(chunks, None)
        while chunk is not None or in_flight:
            while chunk is not None and self._may_start(chunk, in_flight.values()):
                sent = *self._asked, chunk, time_limit(chunk)
                future = self._client.submit(answer, *sent, pure=False)
                in_flight[future] = chunk
                done.add(future)
                chunk = next(chunks, None)
            future = next(done)
            yield in_flight.pop(future), self._outcome(future)

    def close(self) -> None:
        """Let go of the cluster; one on this machine ends."""
        self._held.close()

    def _may_start(self, chunk: AnyChunk, in_flight: Collection[AnyChunk]) -> bool:
        if chunk.is_second_try or any(other.is_second_try for other in in_flight):
            return not in_flight
        with naming(self._client.scheduler.address):
            n_threads: int = sum(self._client.nthreads().values())
        return len(in_flight) < CHUNKS_PER_THREAD * max(n_threads, 1)

    def _outcome(self, future: "Future") -> Part | Failure:
        from distributed import KilledWorker

        with naming(self._client.scheduler.address):
            try:
                outcome: Part | Failure = future.result()
            except KilledWorker:
                outcome = Failure(Fault.WORKER_DIED, "the worker process died at it")
            return outcome


@contextmanager
def naming(cluster: str) -> Iterator[None]:
    """Make what goes wrong with a cluster one line."""
    try:
        yield
    except XmlrecError:
        raise
    except Exception as error:
        problem = f"the cluster fails ({type(error).__name__}: {' '.join(str(error).split())})"
        raise ClusterError(cluster, problem, STEP) from None
