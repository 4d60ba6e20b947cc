"""The pure function of a run: a chunk of a catalog to its part of the output."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xmlrec.batch.chunks import Chunk
from xmlrec.batch.formats import JsonLines
from xmlrec.batch.request import Request
from xmlrec.batch.tally import Tally, count_confidences
from xmlrec.catalog import Fault, Reject, ResultRow
from xmlrec.errors import ModelError, XmlrecError
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.lines import Lines


@dataclass(frozen=True, slots=True)
class Part:
    """What a chunk becomes.

    Attributes
    ----------
    results : bytes
        As the format encodes them.
    rejects : bytes
        JSON lines.
    tally : Tally
    """

    results: bytes
    rejects: bytes
    tally: Tally


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a chunk became nothing: one of its rows may be at fault, or whoever worked on it."""

    code: Fault
    message: str


class Answerer:
    """An open model that answers chunks.

    Parameters
    ----------
    request : Request
    n_threads : int
        Of one chunk.

    Raises
    ------
    ModelError
        If the folder holds another model than the request names.
    """

    def __init__(self, request: Request, n_threads: int) -> None:
        self.request = request
        self._classifier = TaxonomyClassifier.load(request.model, n_threads=n_threads, verify=False)
        if self._classifier.model_name_ != request.model_name:
            problem = f"it is {self._classifier.model_name_} now, and was {request.model_name}"
            raise ModelError(str(request.model), problem, "start the run over with --restart")

    def __call__(self, chunk: Chunk) -> Part | Failure:
        """Return the part of a chunk; what one of its rows cannot stand is a failure.

        Raises
        ------
        XmlrecError
            What is wrong with the whole run, such as a damaged model.
        """
        try:
            return self._answer(chunk)
        except XmlrecError:
            raise
        except MemoryError:
            return Failure(Fault.WORKER_DIED, "there was not enough memory for it")
        except Exception as error:  # whatever a row may bring about, the others are answered
            return Failure(Fault.FAILED, f"{type(error).__name__}: {error}")

    def _answer(self, chunk: Chunk) -> Part:
        request = self.request
        items = [{**row.fields, "id": row.id} for row in chunk.rows]
        found = self._classifier.classify_lines(items, request.k, **request.choices())
        results = self._encode(found.lines, chunk)
        return Part(results, to_lines(chunk.rejects), count(chunk, found))

    def _encode(self, lines: Sequence[str], chunk: Chunk) -> bytes:
        form, names = self.request.format, self.request.carried
        carried = [{name: row.fields.get(name, "") for name in names} for row in chunk.rows]
        if isinstance(form, JsonLines):
            return form.encode_lines(lines, carried if names else None)
        rows: list[ResultRow] = list(map(json.loads, lines))
        for row, values in zip(rows, carried, strict=True):
            row["input"] = values
        return form.encode(rows)


def count(chunk: Chunk, found: Lines) -> Tally:
    """Return what a chunk and its answers count."""
    is_found = found.best >= 0
    return Tally(
        by_status=Counter(found.statuses),
        rejected=Counter(reject.code.value for reject in chunk.rejects),
        by_category=Counter(found.best[is_found].tolist()),
        confidences=count_confidences(found.confidence[is_found]),
    )


def to_lines(rejects: Iterable[Reject]) -> bytes:
    """Return rejects as JSON lines."""
    text = "".join(reject.to_json() + "\n" for reject in rejects)
    return text.encode("utf-8", "backslashreplace")
