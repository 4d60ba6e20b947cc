"""Files that are there whole or not at all."""

import gzip
import io
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from xmlrec.errors import InputError

STDOUT = "-"
_BUFFER_BYTES = 1 << 16


class TextOutput:
    r"""Writes text as UTF-8 to an open file.

    Half a surrogate pair, which UTF-8 does not have, is written as ``\udXXX``: in JSON the escape
    that it needs.
    """

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self._name, self._stream = name, stream

    def write(self, text: str) -> None:
        """Write ``text``; raise as `open_output` says."""
        self.write_bytes(text.encode("utf-8", "backslashreplace"))

    def write_bytes(self, content: bytes) -> None:
        """Write what is encoded already."""
        try:
            self._stream.write(content)
        except OSError as error:
            raise _named(self._name, error) from None

    def flush(self) -> None:
        """Hand on what is still in memory."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _named(self._name, error) from None


@contextmanager
def open_output(path: str) -> Iterator[TextOutput]:
    """Write a file that takes the place of ``path`` when the block ends well.

    Until then it is a hidden file in the same folder, and if the block raises it vanishes. It is
    gzip if the name ends in .gz. Standard output, "-", and what is no regular file, such as a
    pipe, are written to directly.

    Raises
    ------
    InputError
        Where the file cannot be written, on entering or later. A reader that went away raises
        `BrokenPipeError`.
    """
    if path == STDOUT:
        if sys.stdout is None:
            raise InputError("standard output", "it is closed", "name a file")
        output = TextOutput("standard output", sys.stdout.buffer)
        yield output
        output.flush()
    elif is_special(path):
        stream = _open(path, path, "wb")
        output = TextOutput(path, stream)
        try:
            yield output
            output.flush()
        finally:
            with suppress(OSError):  # what flush could not write
                stream.close()
    else:
        part = _Part(path)
        try:
            yield TextOutput(path, part.stream)
            part.commit()
        except BaseException:
            part.discard()
            raise


@contextmanager
def written_aside(path: str) -> Iterator[str]:
    """Name a new, empty file beside ``path`` that takes its place when the block ends well.

    For writers that open files themselves; an `OSError` in the block is taken for one of this
    file. If the block raises, the file vanishes. What a process that was killed has left of it
    goes when ``path`` is written again: let only one process at a time write it.

    Raises
    ------
    InputError
        Where the file cannot be written, on entering or later.
    """
    aside = _Aside(path)
    aside.remove_left_behind()
    _open(path, aside.path, "xb").close()  # with the usual permissions, whoever opens it next
    try:
        yield aside.path
        aside.commit()
    except OSError as error:
        aside.discard()
        raise _named(path, error) from None
    except BaseException:
        aside.discard()
        raise


def check_target(path: str) -> None:
    """Raise `InputError` where ``path`` is a folder, or in a folder that is not there."""
    target = os.path.realpath(path)
    if os.path.isdir(target):
        raise InputError(path, "it is a folder, not a file", "name a file in it")
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise InputError(path, f"there is no folder {folder}", "make it first")


def is_special(path: str) -> bool:
    """Say whether ``path`` is there and neither a regular file nor a folder: a pipe, a device."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def is_stream(path: str) -> bool:
    """Say whether ``path`` is standard output, "-", or special."""
    return path == STDOUT or is_special(path)


def remove(path: str) -> None:
    """Remove the file ``path`` if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _named(path, error) from None


class _Aside:
    """The name of a file on its way to ``path``, in the same folder."""

    def __init__(self, path: str) -> None:
        check_target(path)
        self._target = os.path.realpath(path)
        self._folder, name = os.path.split(self._target)
        # short whatever the name, and the same in every run but for the end
        self._start = f".xmlrec-{sha256(os.fsencode(name)).hexdigest()[:12]}-"
        token = secrets.token_hex(8)
        self.path = os.path.join(self._folder, f"{self._start}{token}.part")

    def remove_left_behind(self) -> None:
        """Remove the files of processes that were killed on their way to the same path."""
        for left in Path(self._folder).glob(f"{self._start}*.part"):
            with suppress(OSError):  # another user's, or gone by now
                left.unlink()

    def commit(self) -> None:
        """Put the file, which is closed, on the disk and in its place."""
        descriptor = os.open(self.path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(self.path, self._target)
        _sync_folder(self._folder)

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(FileNotFoundError):
            os.unlink(self.path)


class _Part(_Aside):
    """Such a file, open, and compressed if its name says so."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._name = path
        self._file = _open(path, self.path, "xb")
        self.stream = self._file
        if path.lower().endswith(".gz"):
            zipped = gzip.GzipFile("", "wb", 6, self._file, mtime=0)  # same rows, same bytes
            self.stream = io.BufferedWriter(zipped, _BUFFER_BYTES)

    def commit(self) -> None:
        """Put the file in its place, and on the disk."""
        try:
            if self.stream is not self._file:
                self.stream.close()
            self._file.close()
            super().commit()
        except OSError as error:
            raise _named(self._name, error) from None

    def discard(self) -> None:
        """Leave nothing behind."""
        for stream in (self.stream, self._file):
            with suppress(OSError):  # what is buffered may not fit on the disk
                stream.close()
        super().discard()


def _open(name: str, path: str, mode: str) -> BinaryIO:
    try:
        return io.BufferedWriter(io.FileIO(path, mode), _BUFFER_BYTES)
    except OSError as error:
        raise _named(name, error) from None


def _sync_folder(folder: str) -> None:
    with suppress(OSError):  # not every system opens folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _named(name: str, error: OSError) -> OSError | InputError:
    if isinstance(error, BrokenPipeError):
        return error
    return InputError(name, f"it cannot be written ({error.strerror or error})")
