"""Chunks that failed: tried again, cut in half, until the row at fault stands alone."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import replace

from xmlrec.batch.chunks import AnyChunk
from xmlrec.batch.outcome import Failure, Part, to_lines
from xmlrec.batch.tally import Tally
from xmlrec.catalog import Fault


class Pieces:
    """Collects what becomes of chunks, and of the pieces of those that failed.

    A chunk at which a worker died is tried once more as it is: a worker may die of anything. Then
    its halves are tried, and so on; a single row that fails is rejected with the reason.
    """

    def __init__(self) -> None:
        self._again = deque[AnyChunk]()
        self._n_open = Counter[int]()
        self._done = defaultdict[int, dict[int, Part]](dict)

    @property
    def has_more(self) -> bool:
        """Whether there are pieces to try."""
        return bool(self._again)

    def before(self, chunks: Iterator[AnyChunk]) -> Iterator[AnyChunk]:
        """Yield the pieces that are to be tried before the next of ``chunks``, and these."""
        while True:
            if self._again:
                yield self._again.popleft()
            elif (chunk := next(chunks, None)) is not None:
                self._n_open[chunk.number] = 1
                yield chunk
            else:
                return

    def take(self, chunk: AnyChunk, outcome: Part | Failure) -> list[Part]:
        """Take what became of a chunk or piece; return all of the chunk once it is complete."""
        number = chunk.number
        if isinstance(outcome, Failure):
            if again := tried_again(chunk, outcome):
                self._again.extend(again)
                self._n_open[number] += len(again) - 1
                return []
            outcome = rejected(chunk, outcome)
        self._done[number][chunk.start] = outcome
        self._n_open[number] -= 1
        if self._n_open[number]:
            return []
        del self._n_open[number]
        pieces = self._done.pop(number)
        return [pieces[start] for start in sorted(pieces)]


def tried_again(chunk: AnyChunk, failure: Failure) -> list[AnyChunk]:
    """Return what of a failed chunk is to be tried again; nothing of a row that is at fault."""
    if failure.code is Fault.WORKER_DIED and not chunk.is_second_try:
        return [replace(chunk, is_second_try=True)]
    if len(chunk.rows) <= 1:
        return []
    halves = chunk.halves()
    return [replace(half, is_second_try=len(half.rows) > 1) for half in halves]


def rejected(chunk: AnyChunk, failure: Failure) -> Part:
    """Return the part of a chunk whose only row cannot be answered."""
    rejects = [*chunk.rejects, *(row.reject(failure.code, failure.message) for row in chunk.rows)]
    codes = Counter(reject.code.value for reject in rejects)
    return Part(b"", to_lines(rejects), Tally(rejected=codes))
