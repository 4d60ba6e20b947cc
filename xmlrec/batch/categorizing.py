"""Categorizing a catalog, from its files to one output."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice

from xmlrec.batch.chunks import Reading
from xmlrec.batch.executors import Executor
from xmlrec.batch.formats import LineFormat
from xmlrec.batch.request import Request
from xmlrec.batch.running import run
from xmlrec.batch.sources import can_be_read_again, run_facts
from xmlrec.batch.store import PartStore, Shard, open_store, parts_folder
from xmlrec.batch.streaming import Stream
from xmlrec.batch.tally import Tally
from xmlrec.catalog import CatalogReader, CatalogSettings, ReadCounts, Reject, read_catalog
from xmlrec.catalog.output import is_stream, open_output, remove
from xmlrec.errors import ColumnError, InputError, OptionError

Start = Callable[..., Executor]
"""Opens an executor for a request; ``is_small`` says whether it has but one chunk to answer."""


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
        sink = _open_sink(job, stack)
        reading = Reading(reader)
        wanted = (chunk for chunk in reading.chunks() if chunk.number not in sink)
        if first := list(islice(wanted, 2)):
            executor = start(job.request, is_small=len(first) == 1)
            stack.callback(executor.close)
            run(chain(first, wanted), executor, sink, lambda tally: on_part(tally, reader))
        done = Done(sink.tally, reader.counts, reading.n_repeated_ids(), reading.damage)
        if isinstance(sink, PartStore) and job.shard is None:
            _put_together(job, sink, done)
        return done


def _check_carried(reader: CatalogReader, carried: Sequence[str]) -> None:
    names = reader.columns.names
    for column in carried if names else ():
        if column not in names:
            problem = f"no column {column!r}, which --carry names; its columns are "
            raise ColumnError(reader.source, problem + ", ".join(map(repr, names[:20])))


def _open_sink(job: Job, stack: ExitStack) -> PartStore | Stream:
    if is_stream(job.out):
        form = job.request.format
        assert isinstance(form, LineFormat)  # which `choose_format` gives for them
        return Stream(stack.enter_context(open_output(job.out)), form.head)
    facts = run_facts(job.sources, job.settings, job.request)
    is_new = job.restart or not can_be_read_again(job.sources)
    return stack.enter_context(open_store(job.out, facts, restart=is_new, shard=job.shard))


def _put_together(job: Job, store: PartStore, done: Done) -> None:
    """Make the output and its rejects of the parts, and remove these."""
    if job.unique_ids and done.n_repeated_ids:
        store.remove()  # whoever mends the catalog has another one
        problem = f"{done.n_repeated_ids:,} rows have the id of a row before"
        raise InputError(" ".join(job.sources), problem, "give every row an id of its own")
    rejects = f"{job.out}.rejects.jsonl"
    if files := list(store.rejects()):
        with open_output(rejects) as output:
            for file in files:
                output.write_bytes(file.read_bytes())
    else:
        remove(rejects)
    job.request.format.assemble(store.results(), job.out)
    store.remove()
