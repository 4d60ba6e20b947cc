"""Files that survive a crash, and a lock that ends with its process."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "LOCK"


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(
    folder: Path, name: str = LOCK, *, wait: bool = True, shared: bool = False
) -> Iterator[Path]:
    """Be the only one, of all processes and threads, that changes what is in ``folder``.

    Others wait. The lock is a file that is there while it is held, and is given; if its process is
    killed it stays, but locks nothing. Several may hold a lock that all of them have ``shared``.

    Raises
    ------
    BlockingIOError
        If another one has the lock, and ``wait`` is false.
    OSError
        If the folder is gone or cannot be written to.
    """
    path = folder / name
    descriptor = _acquire(path, wait=wait, shared=shared)
    try:
        yield path
    finally:
        if not shared and _is_file(descriptor, path):  # else the whole folder has been replaced
            with suppress(OSError):
                path.unlink()
        os.close(descriptor)


def _acquire(path: Path, *, wait: bool, shared: bool) -> int:
    import fcntl

    how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, how)
            if _is_file(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the one who held it has removed the file: ask again


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False
