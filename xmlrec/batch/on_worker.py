"""What runs on a worker of a cluster."""

import asyncio
import os
import socket
from functools import lru_cache
from importlib.metadata import version

from xmlrec.batch.answering import Answerer
from xmlrec.batch.chunks import AnyChunk
from xmlrec.batch.outcome import Failure, Part
from xmlrec.batch.request import Request
from xmlrec.catalog import Fault
from xmlrec.errors import ClusterError, ModelError

SAME_EVERYWHERE = "every worker needs the same xmlrec, and the same model under the same path"
SECONDS_TO_HAND_OVER = 3.0


async def answer(
    request: Request, xmlrec_version: str, chunk: AnyChunk, seconds: float | None
) -> Part | Failure:
    """Answer a chunk; it has failed if it takes longer than ``seconds``, and the worker ends.

    Raises
    ------
    XmlrecError
        What stops the run, such as another model than the request names.
    """
    answerer = await asyncio.to_thread(open_once, request, xmlrec_version)
    try:
        return await asyncio.wait_for(asyncio.to_thread(answerer, chunk), seconds)
    except TimeoutError:  # what hangs ends with its process only
        asyncio.get_running_loop().call_later(SECONDS_TO_HAND_OVER, os._exit, 1)
        return Failure(Fault.TIMED_OUT, f"not done in {seconds:g} s")


@lru_cache(maxsize=1)
def open_once(request: Request, xmlrec_version: str) -> Answerer:
    """Open what answers; it stays open for the next chunk."""
    worker = f"the worker on {socket.gethostname()}"
    if (found := version("xmlrec")) != xmlrec_version:
        raise ClusterError(worker, f"it has xmlrec {found}, not {xmlrec_version}", SAME_EVERYWHERE)
    try:
        return request.open(n_threads=1)
    except ModelError as error:
        raise ClusterError(worker, str(error), SAME_EVERYWHERE) from None
