"""What a run asks, whatever its rows are: products of a catalog, or sessions."""

from typing import Protocol

from xmlrec.batch.chunks import AnyChunk
from xmlrec.batch.outcome import Failure, Part


class Answerer(Protocol):
    """An open model that answers chunks."""

    def __call__(self, chunk: AnyChunk) -> Part | Failure:
        """Return the part of a chunk; what one of its rows cannot stand is a failure."""


class AnyRequest(Protocol):
    """With a chunk it settles every byte of the answer; it can be sent to workers."""

    @property
    def model_name(self) -> str:
        """The preset and digest of the model that answers."""

    def open(self, n_threads: int) -> Answerer:
        """Open the model to answer with; `ModelError` if it is another one by now."""

    def digest(self) -> str:
        """Return a digest of all but the model."""
