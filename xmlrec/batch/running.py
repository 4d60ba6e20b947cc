"""A run: a catalog in chunks, each answered by someone, their parts put together in order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from xmlrec.batch.answering import Part
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.executors import Executor
from xmlrec.batch.pieces import Pieces
from xmlrec.batch.tally import Tally


class Sink(Protocol):
    """Where parts go."""

    def __contains__(self, number: int) -> bool:
        """Say whether the part of a chunk is there, or belongs to someone else."""

    def add(self, number: int, pieces: Sequence[Part]) -> None:
        """Take the part of a chunk, in one piece or several."""


def run(
    chunks: Iterator[Chunk],
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
