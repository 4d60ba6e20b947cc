"""Sessions in chunks, each answered with a list of items, from files of events to one output.

What answers is not known here but by `Recommending`; events are read before, as a session may be
anywhere in its files.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol

from xmlrec.batch import chunks
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.formats import ListFormat
from xmlrec.batch.outcome import Failure, Part, attempt, to_lines
from xmlrec.batch.output import open_sink, put_together
from xmlrec.batch.running import Start, answer_all
from xmlrec.batch.sources import can_be_read_again, run_facts
from xmlrec.batch.store import PartStore
from xmlrec.batch.tally import Tally
from xmlrec.catalog import CatalogSettings, Fault, Reject, raw_text

Answer = Callable[[Mapping[str, Sequence[str]]], Sequence[Mapping[str, Any]]]
"""Answers sessions of item ids, by session id, with what a `ListFormat` takes, in their order."""


class Recommending(Protocol):
    """What is asked of which recommender; it can be sent to workers."""

    @property
    def model_name(self) -> str:
        """The preset and digest of the model."""

    def choices(self) -> dict[str, Any]:
        """Return all that is asked, but for the model."""

    def open(self, n_threads: int) -> Answer:
        """Open the model to answer with; `ModelError` if it is another one by now."""


class SessionRow(NamedTuple):
    """A session.

    Attributes
    ----------
    id : str
    items : tuple of str
        In the order in which someone came to them.
    number : int
        Its place among all sessions, from 1.
    source : str
        The files of its events.
    """

    id: str
    items: tuple[str, ...]
    number: int
    source: str

    def reject(self, code: Fault, message: str) -> Reject:
        """Return the reject of a session that cannot be answered; its number is the line."""
        text = f"{self.id}: {', '.join(self.items)}"
        raw = raw_text(text.encode("utf-8", "backslashreplace"))
        return Reject(self.source, self.number, 0, code, message, raw)


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRequest:
    """What is asked for every session, and how the lists are written."""

    asked: Recommending
    format: ListFormat

    @property
    def model_name(self) -> str:
        """The preset and digest of the model that answers."""
        return self.asked.model_name

    def open(self, n_threads: int) -> "SessionAnswerer":
        """Open the model to answer with; `ModelError` if it is another one by now."""
        return SessionAnswerer(self.asked.open(n_threads), self.format)

    def digest(self) -> str:
        """Return a digest of all but the model."""
        return hashlib.sha256(repr((self.format, self.asked.choices())).encode()).hexdigest()


class SessionAnswerer:
    """An open recommender that answers chunks of sessions."""

    def __init__(self, answer: Answer, form: ListFormat) -> None:
        self._answer, self._form = answer, form

    def __call__(self, chunk: Chunk[SessionRow]) -> Part | Failure:
        """Return the part of a chunk; what one of its sessions cannot stand is a failure."""
        return attempt(lambda: self._part(chunk))

    def _part(self, chunk: Chunk[SessionRow]) -> Part:
        rows = self._answer({row.id: row.items for row in chunk.rows})
        tally = Tally(
            by_status=Counter("whole" if row["reason"] is None else "short" for row in rows),
            rejected=Counter(reject.code.value for reject in chunk.rejects),
        )
        return Part(self._form.encode(rows), to_lines(chunk.rejects), tally)


class SessionReading:
    """Cuts sessions into chunks, once; what was rejected of their events is in the first.

    Parameters
    ----------
    sessions : iterable of (str, sequence of str)
        The id and the items of each.
    n_sessions : int
    rejects : sequence of Reject
    source : str
        The files of the events.
    """

    def __init__(
        self,
        sessions: Iterable[tuple[str, Sequence[str]]],
        n_sessions: int,
        rejects: Sequence[Reject],
        source: str,
    ) -> None:
        self._rows = (
            SessionRow(session, tuple(items), number, source)
            for number, (session, items) in enumerate(sessions, start=1)
        )
        self._n_sessions, self._n_read, self._rejects = n_sessions, 0, tuple(rejects)

    @property
    def share_read(self) -> float:
        """How many of the sessions are in chunks by now, between 0 and 1."""
        return self._n_read / max(self._n_sessions, 1)

    def chunks(self) -> Iterator[Chunk[SessionRow]]:
        """Yield chunks of `SESSIONS_PER_CHUNK` sessions; the last may be smaller."""
        number, rejects = 0, self._rejects
        while rows := tuple(islice(self._rows, chunks.SESSIONS_PER_CHUNK)):
            self._n_read += len(rows)
            yield Chunk(number, rows, rejects)
            number, rejects = number + 1, ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionJob:
    """Which sessions are to be answered, how, and where the answers go.

    Attributes
    ----------
    sources : tuple of str
        The files of their events.
    settings : CatalogSettings
        By which these were read.
    request : SessionRequest
    out : str
        A file, "-", or a pipe.
    restart : bool
        Whether to forget what is done of it.
    """

    sources: tuple[str, ...]
    settings: CatalogSettings
    request: SessionRequest
    out: str
    restart: bool = False


def answer_sessions(
    job: SessionJob,
    reading: SessionReading,
    start: Start,
    *,
    on_part: Callable[[Tally, SessionReading], None],
) -> Tally:
    """Answer every session; each is in the output once, or in its rejects.

    The output is there whole or not at all. What an earlier try of the same job finished is not
    done again, and gives the same bytes.

    Parameters
    ----------
    on_part : callable
        Gets what each part counts, and ``reading``.

    Returns
    -------
    Tally
        Of all sessions, those of earlier tries too.

    Raises
    ------
    XmlrecError
        What stops the run. What is done stays.
    """
    form = job.request.format
    facts = run_facts(job.sources, job.settings, job.request, kind="file of events")
    restart = job.restart or not can_be_read_again(job.sources)
    with open_sink(job.out, form, facts, restart=restart) as sink:
        answer_all(
            reading.chunks(), job.request, start, sink, lambda tally: on_part(tally, reading)
        )
        if isinstance(sink, PartStore):
            put_together(job.out, sink, form)
        return sink.tally
