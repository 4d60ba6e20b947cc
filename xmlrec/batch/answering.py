"""The pure function of a run: a chunk of a catalog to its part of the output."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xmlrec.batch.auditing import AuditFormat
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.formats import JsonLines
from xmlrec.batch.outcome import Failure, Part, attempt, to_lines
from xmlrec.batch.request import Request
from xmlrec.batch.tally import Tally, count_confidences
from xmlrec.catalog import ResultRow, Row
from xmlrec.errors import ModelError
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.auditing import Auditor
from xmlrec.models.training import text_items
from xmlrec.text.known_words import count_words

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_LOOKED_AT = 256
"""Rows of a chunk whose words are counted."""

N_UNKNOWN = 10
"""Unknown words of a chunk that are kept."""


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

    def __call__(self, chunk: Chunk[Row]) -> Part | Failure:
        """Return the part of a chunk; what one of its rows cannot stand is a failure.

        Raises
        ------
        XmlrecError
            What is wrong with the whole run, such as a damaged model.
        """
        return attempt(lambda: self._answer(chunk))

    def _answer(self, chunk: Chunk[Row]) -> Part:
        request = self.request
        items = [{**row.fields, "id": row.id} for row in chunk.rows]
        if isinstance(request.format, AuditFormat):
            return self._answer_audit(chunk, items, request.format)
        found = self._classifier.classify_lines(items, request.k, **request.choices())
        results = self._encode(found.lines, chunk)
        tally = self._count(chunk, found.statuses, found.best, found.confidence)
        return Part(results, to_lines(chunk.rejects), tally)

    def _encode(self, lines: Sequence[str], chunk: Chunk[Row]) -> bytes:
        form, carried = self.request.format, self._carried(chunk)
        assert not isinstance(form, AuditFormat)
        if isinstance(form, JsonLines):
            return form.encode_lines(lines, carried)
        rows: list[ResultRow] = list(map(json.loads, lines))
        for row, values in zip(rows, carried or (), strict=False):
            row["input"] = values
        return form.encode(rows)

    def _carried(self, chunk: Chunk[Row]) -> list[dict[str, str]] | None:
        """Return the columns that are carried through, None if there are none."""
        names = self.request.carried
        if not names:
            return None
        return [{name: row.fields.get(name, "") for name in names} for row in chunk.rows]

    def _answer_audit(
        self, chunk: Chunk[Row], items: Sequence[Mapping[str, str]], audit_format: AuditFormat
    ) -> Part:
        assert self._audit is not None
        audit = self._audit(items, [row.paths or () for row in chunk.rows])
        for audited, values in zip(audit.rows, self._carried(chunk) or (), strict=False):
            audited["input"] = values
        statuses = [row["status"] for row in audit.rows]
        tally = self._count(chunk, statuses, audit.best, audit.confidence)
        tally.by_verdict = Counter(row["verdict"] for row in audit.rows)
        content = audit_format.encode(audit.rows, audit.suspicion.tolist())
        return Part(content, to_lines(chunk.rejects), tally)

    def _count(
        self, chunk: Chunk[Row], statuses: Sequence[str], best: IntArray, confidence: FloatArray
    ) -> Tally:
        """Return what a chunk counts, given the best label of each row, -1 for none, and its P.

        Words are counted of some rows, evenly spread: of all it would take as long as a tree.
        """
        step = max(len(chunk.rows) // N_LOOKED_AT, 1)
        some = [row.fields for row in chunk.rows[::step][:N_LOOKED_AT]]
        words = count_words(
            self._classifier.parts.ranker.features,
            text_items(some, self._classifier.settings.text),
        )
        return Tally(
            by_status=Counter(statuses),
            rejected=Counter(reject.code.value for reject in chunk.rejects),
            by_category=Counter(best[best >= 0].tolist()),
            confidences=count_confidences(confidence[best >= 0]),
            n_looked_at=words.n_items,
            n_words=words.n_words,
            n_known_words=words.n_known,
            unknown_words=Counter(dict(words.unknown.most_common(N_UNKNOWN))),
        )
