"""Categorizing a catalog, from its files to one output."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from xmlrec.batch.chunks import Reading
from xmlrec.batch.output import open_sink, put_together
from xmlrec.batch.request import Request
from xmlrec.batch.running import Start, answer_all
from xmlrec.batch.sources import can_be_read_again, run_facts
from xmlrec.batch.store import PartStore, Shard, parts_folder
from xmlrec.batch.streaming import Stream
from xmlrec.batch.tally import Tally
from xmlrec.catalog import CatalogReader, CatalogSettings, ReadCounts, Reject, read_catalog
from xmlrec.catalog.output import is_stream
from xmlrec.errors import ColumnError, InputError, OptionError


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be categorized, how, and where the answers go.

    Attributes
    ----------
    sources : tuple of str
        Files, see `read_catalog`.
    settings : CatalogSettings
    request : Request
    out : str
        A file, "-", or a pipe.
    restart : bool
        Whether to forget what is done of it.
    shard : Shard, optional
        The share of it that is to be done here; nothing is put together then.
    unique_ids : bool
        Whether an id that comes twice is an error.
    """

    sources: tuple[str, ...]
    settings: CatalogSettings
    request: Request
    out: str
    restart: bool = False
    shard: Shard | None = None
    unique_ids: bool = False

    def __post_init__(self) -> None:
        if self.shard is None:
            return
        if self.restart:
            step = f"remove {parts_folder(self.out)} once no shard is at work"
            raise OptionError("--restart", "one shard cannot do away with the others'", step)
        if is_stream(self.out):
            step = "name a file with --out"
            raise OptionError(
                "--shard", f"shards leave their parts beside a file, not {self.out!r}", step
            )
        if not can_be_read_again(self.sources):
            raise OptionError("--shard", "every shard has to read the whole catalog", "name files")


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did.

    Attributes
    ----------
    tally : Tally
        Of all rows, those of earlier tries too.
    counts : ReadCounts
    n_repeated_ids : int
        Rows whose id another row before has.
    damage : InputError or None
        Where a file broke off.
    """

    tally: Tally
    counts: ReadCounts
    n_repeated_ids: int
    damage: InputError | None


def categorize_catalog(
    job: Job,
    start: Start,
    *,
    on_reject: Callable[[Reject], None],
    on_part: Callable[[Tally, CatalogReader], None],
) -> Done:
    """Answer every row of a catalog; each is in the output once, or in its rejects.

    The output is there whole or not at all. What an earlier try of the same job finished is not
    done again, and gives the same bytes.

    Parameters
    ----------
    on_reject : callable
        Gets what is rejected while the catalog is read.
    on_part : callable
        Gets what each part counts, and the reader.

    Raises
    ------
    XmlrecError
        What stops the run. What is done stays.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(read_catalog(job.sources, job.settings, on_reject))
        _check_carried(reader, job.request.carried)
        sink = stack.enter_context(_open_sink(job))
        reading = Reading(reader)
        chunks = reading.chunks()
        answer_all(chunks, job.request, start, sink, lambda tally: on_part(tally, reader))
        done = Done(sink.tally, reader.counts, reading.n_repeated_ids(), reading.damage)
        if isinstance(sink, PartStore) and job.shard is None:
            _check_ids(job, sink, done)
            put_together(job.out, sink, job.request.format)
        return done


def _check_carried(reader: CatalogReader, carried: Sequence[str]) -> None:
    names = reader.columns.names
    for column in carried if names else ():
        if column not in names:
            problem = f"no column {column!r}, which --carry names; its columns are "
            raise ColumnError(reader.source, problem + ", ".join(map(repr, names[:20])))


def _open_sink(job: Job) -> AbstractContextManager[PartStore | Stream]:
    facts = run_facts(job.sources, job.settings, job.request)
    restart = job.restart or not can_be_read_again(job.sources)
    return open_sink(job.out, job.request.format, facts, restart=restart, shard=job.shard)


def _check_ids(job: Job, store: PartStore, done: Done) -> None:
    if job.unique_ids and done.n_repeated_ids:
        store.remove()  # whoever mends the catalog has another one
        problem = f"{done.n_repeated_ids:,} rows have the id of a row before"
        raise InputError(" ".join(job.sources), problem, "give every row an id of its own")
