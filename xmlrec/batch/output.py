"""Where the parts of a run go, and how they become one output."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from xmlrec.batch.formats import LineFormat, OutputFormat
from xmlrec.batch.store import PartStore, Shard, open_store
from xmlrec.batch.streaming import Stream
from xmlrec.catalog.output import is_stream, open_output, remove


@contextmanager
def open_sink(
    out: str,
    form: OutputFormat,
    facts: Mapping[str, str],
    *,
    restart: bool = False,
    shard: Shard | None = None,
) -> Iterator[PartStore | Stream]:
    """Open what takes the parts of the output ``out``: a folder, or a stream for "-" and pipes.

    Parameters
    ----------
    facts, restart, shard
        See `open_store`.
    """
    if is_stream(out):
        assert isinstance(form, LineFormat)  # which formats for streams are
        with open_output(out) as output:
            yield Stream(output, form.head)
    else:
        with open_store(out, facts, restart=restart, shard=shard) as store:
            yield store


def put_together(out: str, store: PartStore, form: OutputFormat) -> None:
    """Make the output and its rejects of the parts, and remove these."""
    rejects = f"{out}.rejects.jsonl"
    if files := list(store.rejects()):
        with open_output(rejects) as output:
            for file in files:
                output.write_bytes(file.read_bytes())
    else:
        remove(rejects)
    form.assemble(store.results(), out)
    store.remove()
