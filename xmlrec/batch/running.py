"""A run: rows in chunks, each answered by someone, their parts put together in order."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

from xmlrec.batch.chunks import AnyChunk
from xmlrec.batch.contract import AnyRequest
from xmlrec.batch.executors import Executor
from xmlrec.batch.outcome import Part
from xmlrec.batch.pieces import Pieces
from xmlrec.batch.tally import Tally

Start = Callable[..., Executor]
"""Opens an executor for a request; ``is_small`` says whether it has but one chunk to answer."""


class Sink(Protocol):
    """Where parts go."""

    def __contains__(self, number: int) -> bool:
        """Say whether the part of a chunk is there, or belongs to someone else."""

    def add(self, number: int, pieces: Sequence[Part]) -> None:
        """Take the part of a chunk, in one piece or several."""


def answer_all(
    chunks: Iterator[AnyChunk],
    request: AnyRequest,
    start: Start,
    sink: Sink,
    on_part: Callable[[Tally], None],
) -> None:
    """Answer the chunks that ``sink`` lacks; without any, no model is opened.

    Raises
    ------
    XmlrecError
        What stops the run; parts that are in the sink stay there.
    """
    wanted = (chunk for chunk in chunks if chunk.number not in sink)
    if first := list(islice(wanted, 2)):
        executor = start(request, is_small=len(first) == 1)
        try:
            run(chain(first, wanted), executor, sink, on_part)
        finally:
            executor.close()


def run(
    chunks: Iterator[AnyChunk],
    executor: Executor,
    sink: Sink,
    on_part: Callable[[Tally], None] = lambda tally: None,
) -> None:
    """Answer the chunks that ``sink`` lacks.

    Parameters
    ----------
    on_part : callable
        Gets what each part counts once it is in the sink.

    Raises
    ------
    XmlrecError
        What stops the run; parts that are in the sink stay there.
    """
    wanted = (chunk for chunk in chunks if chunk.number not in sink)
    pieces = Pieces()
    while True:
        for chunk, outcome in executor.map(pieces.before(wanted)):
            if parts := pieces.take(chunk, outcome):
                sink.add(chunk.number, parts)
                for part in parts:
                    on_part(part.tally)
        if not pieces.has_more:
            return
