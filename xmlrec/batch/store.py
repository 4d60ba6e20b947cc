"""The folder where a run keeps its finished parts, so that the same command goes on from them.

``OUT.parts/run.json`` says what the run is made of; the parts of another run are not gone on from.
``journal.jsonl`` has a line for each chunk whose files are on the disk, with their digests: a file
without a line does not count, nor does a line that a kill cut off. One process at a time works on
a run, or on a shard of it, which has a journal of its own; its lock ends with it, however it ends.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from xmlrec.batch.outcome import Part
from xmlrec.batch.tally import Tally
from xmlrec.errors import InputError, OptionError
from xmlrec.models.disk import LOCK, file_digest, locked, sync

logger = logging.getLogger(__name__)

RUN, PREPARING = "run.json", "PREPARING"
_OURS = re.compile(
    rf"{RUN}(\.new)?|journal.*\.jsonl|{LOCK}.*|{PREPARING}|\d+-\d+\.(part|rejects\.jsonl)"
)


class Shard(NamedTuple):
    """One of ``n`` equal shares of a run's chunks, ``i`` from 1."""

    i: int
    n: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that ``2/8`` names; `OptionError` if it names none."""
        numbers = text.split("/")
        if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
            shard = cls(*map(int, numbers))
            if 1 <= shard.i <= shard.n:
                return shard
        raise OptionError("--shard", f"{text!r} is no share", "say 1/8 to 8/8 for eight shares")

    @property
    def name(self) -> str:
        """Return ``2-of-8``."""
        return f"{self.i}-of-{self.n}"

    def has(self, number: int) -> bool:
        """Say whether a chunk belongs to it."""
        return number % self.n == self.i - 1


class Files(NamedTuple):
    """The files of a chunk with their digests.

    ``results`` are the pieces that it was answered in, mostly one; ``rejects`` is one file or none.
    """

    results: dict[str, str]
    rejects: dict[str, str]


class PartStore:
    """The parts of one run; see `open_store`.

    Attributes
    ----------
    folder : Path
    shard : Shard or None
        The share of the run that is worked on; there are no parts but its own then.
    tally : Tally
        What all parts count.
    """

    def __init__(self, out: str, folder: Path, shard: Shard | None = None) -> None:
        self.folder, self.shard = folder, shard
        self.tally = Tally()
        self._out = out
        self._files: dict[int, Files] = {}
        own = folder / ("journal.jsonl" if shard is None else f"journal-{shard.name}.jsonl")
        kept = {journal: self._read(journal) for journal in sorted(folder.glob("journal*.jsonl"))}
        self._journal = own.open("r+b" if own in kept else "wb")
        self._journal.truncate(kept.get(own, 0))
        self._journal.seek(0, os.SEEK_END)

    def __contains__(self, number: int) -> bool:
        is_others = self.shard is not None and not self.shard.has(number)
        return is_others or number in self._files

    def add(self, number: int, pieces: Sequence[Part]) -> None:
        """Put what a chunk became on the disk.

        Raises
        ------
        InputError
            If it cannot be written; the parts before it stay.
        """
        tally = Tally()
        for piece in pieces:
            tally.add(piece.tally)
        with naming(self._out):
            results = self._write(number, "part", (piece.results for piece in pieces))
            rejects = self._write(
                number, "rejects.jsonl", [b"".join(piece.rejects for piece in pieces)]
            )
            line = json.dumps(
                {"chunk": number, "results": results, "rejects": rejects, **tally.to_json()}
            )
            self._journal.write(line.encode() + b"\n")
            self._journal.flush()
            os.fsync(self._journal.fileno())
        self._files[number] = Files(results, rejects)
        self.tally.add(tally)

    def results(self) -> Iterator[Path]:
        """Yield the files of all results in the order of the catalog."""
        for number in sorted(self._files):
            yield from (self.folder / name for name in self._files[number].results)

    def rejects(self) -> Iterator[Path]:
        """Yield the files of all rejects in the order of the catalog."""
        for number in sorted(self._files):
            yield from (self.folder / name for name in self._files[number].rejects)

    def close(self) -> None:
        """Close the journal; of a run that has not done anything nothing stays."""
        self._journal.close()
        if not self._files and self.shard is None:
            self.remove()

    def remove(self) -> None:
        """Remove the folder, as all of it is in the output."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, number: int, kind: str, contents: Iterable[bytes]) -> dict[str, str]:
        """Write files that are not empty, and return their names and digests."""
        digests = {}
        for place, content in enumerate(contents):
            if content:
                name = f"{number:08}-{place}.{kind}"
                with (self.folder / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                digests[name] = hashlib.sha256(content).hexdigest()
        return digests

    def _read(self, journal: Path) -> int:
        """Read what an earlier process finished; return the size of the journal that is whole."""
        kept = 0
        with journal.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # a kill cut it off
                try:
                    values = json.loads(line)
                    number = int(values["chunk"])
                    files = Files(values["results"], values["rejects"])
                    tally = Tally.from_json(values)
                except (ValueError, LookupError, TypeError, AttributeError):
                    break
                kept += len(line)
                if number in self:  # it was done twice, or is another shard's
                    continue
                if self._is_whole(files):
                    self._files[number] = files
                    self.tally.add(tally)
                else:
                    logger.warning("%s: part %d is damaged; done again", self.folder, number)
        return kept

    def _is_whole(self, files: Files) -> bool:
        try:
            return all(
                file_digest(self.folder / name) == digest
                for name, digest in (files.results | files.rejects).items()
            )
        except OSError:
            return False


@contextmanager
def open_store(
    out: str, facts: Mapping[str, str], *, restart: bool = False, shard: Shard | None = None
) -> Iterator[PartStore]:
    """Open the parts that belong to the output ``out``.

    Only one process has them at a time, or one for each shard.

    Parameters
    ----------
    facts : mapping of str to str
        What the run is made of: the same facts give the same parts.
    restart : bool
        Whether to forget the parts of an earlier run.

    Raises
    ------
    InputError
        If another process works on them, they are of a run that is made of something else, or
        the folder cannot be written.
    """
    folder = parts_folder(out)
    with ExitStack() as stack:
        with naming(out):
            folder.mkdir(exist_ok=True)
            _keep_others_out(out, folder, shard, stack)
            with locked(folder, PREPARING):
                _prepare(out, folder, dict(facts), restart=restart)
            store = PartStore(out, folder, shard)
        stack.callback(store.close)
        yield store


def parts_folder(out: str) -> Path:
    """Return the folder of the parts of an output; a link's is beside what it points to."""
    return Path(f"{os.path.realpath(out)}.parts")


@contextmanager
def naming(out: str) -> Iterator[None]:
    """Make what the system refuses one line about the output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"its parts cannot be kept ({error.strerror or error})"
        raise InputError(out, problem, "what is done stays; give the same command again") from None


def _keep_others_out(out: str, folder: Path, shard: Shard | None, stack: ExitStack) -> None:
    """Take the lock of the run until ``stack`` ends; shards share it, and have one of their own."""
    process = f"process {os.getpid()} on {socket.gethostname()}"
    owners = (
        {LOCK: process} if shard is None else {LOCK: "a shard", f"{LOCK}-{shard.name}": process}
    )
    for name, owner in owners.items():
        is_shared = shard is not None and name == LOCK
        try:
            lock = stack.enter_context(locked(folder, name, wait=False, shared=is_shared))
        except BlockingIOError:
            before = (folder / name).read_text() if (folder / name).exists() else ""
            problem = f"{before or 'another process'} is at work on it"
            raise InputError(out, problem, "wait for it, or name another file") from None
        lock.write_text(owner)


def _prepare(out: str, folder: Path, facts: dict[str, str], *, restart: bool) -> None:
    """Make the folder one of this run, empty unless it is one already."""
    run = folder / RUN
    if run.exists() and not restart:
        _check_same(out, folder, run.read_text(), facts)
        return
    files = list(folder.iterdir())
    if others := [path.name for path in files if not _OURS.fullmatch(path.name)]:
        problem = f"{folder}, where its parts would be, holds other files, such as {others[0]}"
        raise InputError(out, problem, "name another file")
    run.unlink(missing_ok=True)  # first: a kill may come after any file
    for path in files:
        if not path.name.startswith((LOCK, PREPARING)):
            path.unlink(missing_ok=True)
    aside = folder / f"{RUN}.new"
    aside.write_text(json.dumps(facts, indent=1))
    sync(aside)
    aside.rename(run)
    sync(folder)


def _check_same(out: str, folder: Path, text: str, facts: dict[str, str]) -> None:
    before = json.loads(text)
    others = [name for name, fact in facts.items() if before.get(name) != fact]
    if others:
        problem = f"{folder} holds an unfinished run with another {' and another '.join(others)}"
        step = "give the command that began it, or begin anew with --restart"
        raise InputError(out, problem, step)
