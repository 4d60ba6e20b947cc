"""The pure function of a run: a chunk of a catalog to its part of the output."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xmlrec.batch.auditing import AuditFormat
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.request import Request
from xmlrec.batch.tally import Tally, count_confidences
from xmlrec.catalog import Fault, Reject, ResultRow
from xmlrec.errors import ModelError, XmlrecError
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.auditing import Auditor
from xmlrec.models.training import text_items
from xmlrec.text.known_words import WordCounts, count_words

N_LOOKED_AT = 256
"""Rows of a chunk whose words are counted."""

N_UNKNOWN = 10
"""Unknown words of a chunk that are kept."""


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
        self._audit: Auditor | None = None
        if self._classifier.model_name_ != request.model_name:
            problem = f"it is {self._classifier.model_name_} now, and was {request.model_name}"
            raise ModelError(str(request.model), problem, "start the run over with --restart")
        if isinstance(request.format, AuditFormat):
            self._audit = Auditor(
                self._classifier, min_precision=request.min_precision, max_paths=request.max_paths
            )

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
        if isinstance(request.format, AuditFormat):
            return self._answer_audit(chunk, items, request.format)
        results = self._classifier.classify(items, request.k, **request.choices())
        if request.carried:
            for result, row in zip(results, chunk.rows, strict=True):
                result["input"] = {name: row.fields.get(name, "") for name in request.carried}
        return Part(
            request.format.encode(results), to_lines(chunk.rejects), self._count(chunk, results)
        )

    def _answer_audit(
        self, chunk: Chunk, items: Sequence[Mapping[str, str]], audit_format: AuditFormat
    ) -> Part:
        assert self._audit is not None
        audit = self._audit(items, [row.paths or () for row in chunk.rows])
        if self.request.carried:
            for audited, row in zip(audit.rows, chunk.rows, strict=True):
                audited["input"] = {name: row.fields.get(name, "") for name in self.request.carried}
        tally = self._count(chunk, audit.results)
        tally.by_verdict = Counter(row["verdict"] for row in audit.rows)
        content = audit_format.encode(audit.rows, audit.suspicion.tolist())
        return Part(content, to_lines(chunk.rejects), tally)

    def _count(self, chunk: Chunk, results: Sequence[ResultRow]) -> Tally:
        column = self._classifier.taxonomy_.column
        best = [found[0] for row in results if (found := row["paths"] or row["alternatives"])]
        n_looked_at, n_words, n_known, unknown = self._count_words(chunk)
        return Tally(
            by_status=Counter(row["status"] for row in results),
            rejected=Counter(reject.code for reject in chunk.rejects),
            by_category=Counter(column(path["category_id"]) for path in best),
            confidences=count_confidences(path["confidence"] or 0.0 for path in best),
            n_looked_at=n_looked_at,
            n_words=n_words,
            n_known_words=n_known,
            unknown_words=Counter(dict(unknown.most_common(N_UNKNOWN))),
        )

    def _count_words(self, chunk: Chunk) -> WordCounts:
        """Count the words of some rows, evenly spread: of all it would take as long as a tree."""
        step = max(len(chunk.rows) // N_LOOKED_AT, 1)
        some = [row.fields for row in chunk.rows[::step][:N_LOOKED_AT]]
        ranker = self._classifier.parts.ranker
        return count_words(ranker.features, text_items(some, self._classifier.settings.text))


def to_lines(rejects: Iterable[Reject]) -> bytes:
    """Return rejects as JSON lines."""
    text = "".join(reject.to_json() + "\n" for reject in rejects)
    return text.encode("utf-8", "backslashreplace")
