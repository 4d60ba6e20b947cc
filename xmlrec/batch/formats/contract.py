"""What every format of results does."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from xmlrec.catalog.results import ResultRow


class OutputFormat(Protocol):
    """Turns parts into the output. Frozen and picklable: settings only."""

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
class LineFormat(OutputFormat, Protocol):
    """A format whose output is its head and then its parts, so that it can go down a pipe."""

    @property
    def head(self) -> bytes:
        """What stands before the first part."""


class ResultFormat(OutputFormat, Protocol):
    """A format of result rows."""

    def encode(self, rows: Sequence[ResultRow]) -> bytes:
        """Return the content of one part; equal rows give equal bytes."""


class ListFormat(LineFormat, Protocol):
    """A format of lists of items: what sessions are answered with."""

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the content of one part.

        Parameters
        ----------
        rows : sequence of mapping
            ``id`` of the session, ``items``, each with ``item_id`` and ``score``, the best first,
            ``n_unknown`` and ``reason``.
        """
