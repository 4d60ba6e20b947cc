"""Training of a session model on sessions and the content of their items."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmlrec.encode.batches import IntArray
from xmlrec.encode.contract import Vectors
from xmlrec.encode.sentence import torch_threads
from xmlrec.encode.sessions.content import ItemContent, paths
from xmlrec.encode.sessions.factors import start_vectors
from xmlrec.encode.sessions.model import SessionModel, check_torch
from xmlrec.encode.sessions.settings import SessionQueries, SessionSettings
from xmlrec.encode.sessions.windows import Windows
from xmlrec.errors import TrainingError

if TYPE_CHECKING:
    from xmlrec.encode.sessions.run import SessionRun

STATE_FILE = "session_training.safetensors"


def train_session_model(
    indptr: IntArray,
    items: IntArray,
    content: ItemContent,
    *,
    settings: SessionSettings | None = None,
    valid: SessionQueries | None = None,
    on_step: Callable[[int, int], None] | None = None,
    folder: Path | None = None,
    n_threads: int | None = None,
) -> SessionModel:
    """Train a model that answers a session with its next item and that item's category.

    Items without an event in a session of two or more have no vector of their own and are no wrong
    answers either: they are found by path and text alone. Equal calls make equal weights for equal
    ``n_threads``. A GPU is used if torch sees one; the model comes back on the processor.

    Parameters
    ----------
    indptr, items : int array
        Sessions as rows of rows of ``content``, in the order of time.
    content : ItemContent
    settings : SessionSettings, optional
    valid : SessionQueries, optional
        The model is measured on them after each epoch that trains items, and the weights of the
        best NDCG@20 are kept; the temperature of its categories is fitted on them.
    on_step : callable, optional
        Called after each step with the steps that are done and all steps.
    folder : Path, optional
        Where the state is kept every few minutes, in one file. After a kill, the same call goes on
        from there and comes to the same weights; after the end it returns what it had come to.
    n_threads : int, optional
        Threads on the processor; None takes all processors.

    Raises
    ------
    TrainingError
        If no session has two events.
    EncoderError
        If torch is not installed, or ``folder`` holds the state of another training or a damaged
        one.
    ValueError
        If an item is out of range.
    """
    check_torch()
    settings = settings or SessionSettings()
    _check_items(items, content)
    if valid is not None:
        _check_items(np.concatenate([valid.items, valid.targets]), content)
    windows = Windows(
        indptr,
        items,
        length=settings.max_length,
        batch_size=settings.batch_size,
        seed=settings.seed,
    )
    if not len(windows):
        raise TrainingError("no session has two events or more, so there is no next item to learn")
    path = None if folder is None else folder / STATE_FILE
    digest = _digest(indptr, items, content, settings, valid)
    with _torch_set_up(settings.seed, n_threads):
        start = start_vectors(indptr, items, content, settings.dim, settings.seed)
        run = _start(windows, content, settings, valid, start)
        if path is None:
            run.train(lambda: None, on_step)
        else:
            run.state.resume(path, digest)
            run.train(lambda: run.state.save(path, digest), on_step)
        return run.trained()


def _start(
    windows: Windows,
    content: ItemContent,
    settings: SessionSettings,
    valid: SessionQueries | None,
    start: tuple[Vectors, Vectors],
) -> "SessionRun":
    """Return a run at its first step, on a GPU if torch sees one."""
    import torch

    from xmlrec.encode.sessions.network import SessionNetwork
    from xmlrec.encode.sessions.run import SessionRun

    is_seen_item = np.zeros(len(content), dtype=np.bool_)
    is_seen_item[windows.seen] = True
    ends = np.unique(content.P[windows.seen].indices)
    is_seen_node = np.zeros(content.parents.size, dtype=np.bool_)
    is_seen_node[paths(content.parents)[ends].indices] = True
    network = SessionNetwork(
        len(content),
        0 if content.text is None else content.text.shape[1],
        content.parents,
        ends,
        settings,
        is_seen=(is_seen_item, is_seen_node),
    )
    network.start_from(*start)
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    return SessionRun(network, content, windows, settings, valid)


@contextmanager
def _torch_set_up(seed: int, n_threads: int | None) -> Iterator[None]:
    """Set threads and seed for a while, and leave torch's random numbers as they were."""
    import torch

    devices = list(range(torch.cuda.device_count()))
    with torch_threads(n_threads), torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def _digest(
    indptr: IntArray,
    items: IntArray,
    content: ItemContent,
    settings: SessionSettings,
    valid: SessionQueries | None,
) -> str:
    """Return the sha256 of all that a training depends on, in hexadecimal digits."""
    P = content.P
    arrays = [indptr, items, P.indptr, P.indices, P.data, content.parents, content.text]
    exclude_seen = None
    if valid is not None:
        arrays += [valid.indptr, valid.items, valid.targets]
        exclude_seen = valid.exclude_seen
    digest = hashlib.sha256(f"{settings} {P.shape} {exclude_seen}".encode())
    for array in arrays:
        digest.update(b"none" if array is None else f"{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def _check_items(items: IntArray, content: ItemContent) -> None:
    if items.size and not 0 <= items.min() <= items.max() < len(content):
        raise ValueError(
            f"items must be between 0 and {len(content) - 1}, got {items.min()} to {items.max()}"
        )
