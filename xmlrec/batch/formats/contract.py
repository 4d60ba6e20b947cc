"""What every format of results does."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from xmlrec.catalog.results import ResultRow


class ResultFormat(Protocol):
    """Turns rows into parts, and parts into the output. Frozen and picklable: settings only."""

    def encode(self, rows: Sequence[ResultRow]) -> bytes:
        """Return the content of one part; equal rows give equal bytes."""

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write the rows of ``parts``, in this order, to the file ``path``.

        Equal rows in equal parts give equal bytes. Memory is bounded by the largest part. The file
        appears whole or not at all, as `written_aside` says.

        Raises
        ------
        InputError
            If the file cannot be written, or a part cannot be read.
        """


@runtime_checkable
class LineFormat(ResultFormat, Protocol):
    """A format whose output is its head and then its parts, so that it can go down a pipe."""

    @property
    def head(self) -> bytes:
        """What stands before the first part."""
