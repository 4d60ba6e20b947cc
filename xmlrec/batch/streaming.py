"""Results that go straight to standard output or into a pipe."""

from collections.abc import Sequence

from xmlrec.batch.outcome import Part
from xmlrec.batch.tally import Tally
from xmlrec.catalog.output import TextOutput


class Stream:
    """Writes parts in the order of the catalog; one that comes early waits for those before it.

    Attributes
    ----------
    tally : Tally
        What all parts count.
    """

    def __init__(self, output: TextOutput, head: bytes) -> None:
        self.tally = Tally()
        self._output = output
        self._output.write_bytes(head)
        self._next = 0
        self._early: dict[int, bytes] = {}

    def __contains__(self, number: int) -> bool:
        return False

    def add(self, number: int, pieces: Sequence[Part]) -> None:
        """Write the results of a chunk; `InputError` or `BrokenPipeError` if that fails."""
        for piece in pieces:
            self.tally.add(piece.tally)
        self._early[number] = b"".join(piece.results for piece in pieces)
        while (results := self._early.pop(self._next, None)) is not None:
            self._output.write_bytes(results)
            self._next += 1
        self._output.flush()
