"""Write rejects as JSON lines."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from xmlrec.catalog.output import TextOutput, is_stream, open_output, remove
from xmlrec.catalog.rows import Reject


class RejectsWriter:
    """Writes rejects to ``path`` as JSON lines; a context manager, and called for each reject.

    There is a file only if there are rejects. A run that ends well without any removes the file
    of the run before; a run that fails leaves it as it is.

    Parameters
    ----------
    path : str or None
        None writes nothing; see `rejects_path`.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._stack = ExitStack()
        self._output: TextOutput | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, reject: Reject) -> None:
        """Write one reject."""
        if self.path is None:
            return
        if self._output is None:
            self._output = self._stack.enter_context(open_output(self.path))
        self._output.write(reject.to_json() + "\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if error is None and self._output is None and self.path is not None:
            remove(self.path)


def rejects_path(path: str) -> str | None:
    """Return the file for the rejects of the results in ``path``; None beside "-" and pipes."""
    return None if is_stream(path) else f"{path}.rejects.jsonl"
