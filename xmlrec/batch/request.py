"""What is asked of every row of a catalog."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmlrec.batch.auditing import AuditFormat
from xmlrec.batch.formats import ResultFormat

if TYPE_CHECKING:
    from xmlrec.batch.answering import Answerer


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """With a chunk of a catalog it settles every byte of the answer; it can be sent to workers.

    Attributes
    ----------
    model : Path
        The model's folder.
    model_name : str
        The preset, digest and version that the folder has to hold.
    format : ResultFormat or AuditFormat
        With the latter the categories that rows have already are judged.
    k : int
        Paths a row, alternatives included.
    min_precision, under, exclude, max_paths
        See `TaxonomyClassifier.classify`.
    carried : tuple of str
        Columns of the catalog that go into the result.
    """

    model: Path
    model_name: str
    format: ResultFormat | AuditFormat
    k: int = 3
    min_precision: float | None = None
    under: str | None = None
    exclude: tuple[str, ...] = ()
    max_paths: int | None = None
    carried: tuple[str, ...] = ()

    def open(self, n_threads: int) -> "Answerer":
        """Open the model to answer with; `ModelError` if it is another one by now."""
        from xmlrec.batch.answering import Answerer

        return Answerer(self, n_threads)

    def choices(self) -> dict[str, Any]:
        """Return what `TaxonomyClassifier.classify` is told beside ``k``."""
        return {
            "min_precision": self.min_precision,
            "under": self.under,
            "exclude": self.exclude,
            "max_paths": self.max_paths,
        }

    def digest(self) -> str:
        """Return a digest of all but the model: of what it is not, the model says itself."""
        facts = (self.format, self.k, self.choices(), self.carried)
        return hashlib.sha256(repr(facts).encode()).hexdigest()
