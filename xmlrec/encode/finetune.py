"""Contrastive fine-tuning of a sentence-transformers model on the rows of a catalog.

Items and labels are texts that go through the same model, and a label with items has a vector of
its own beside; `contrastive` states what is minimised, `batches` what is compared.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from label_trees.parallel import count_threads
from xmlrec.encode.batches import Batches, BoolArray, IntArray
from xmlrec.encode.cache import texts_digest
from xmlrec.encode.contract import Vectors
from xmlrec.encode.contrastive import freeze_layers
from xmlrec.encode.finetune_settings import FinetuneSettings, ValidationRows
from xmlrec.encode.sentence import SentenceEncoder
from xmlrec.encode.training_run import TrainingRun

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

STATE_FILE = "training.safetensors"


def finetune(
    encoder: SentenceEncoder,
    item_texts: Sequence[str],
    Y: sp.csr_array,
    label_texts: Sequence[str],
    *,
    settings: FinetuneSettings | None = None,
    parents: IntArray | None = None,
    start: Vectors | None = None,
    valid: ValidationRows | None = None,
    folder: Path | None = None,
    n_threads: int | None = None,
) -> tuple[SentenceEncoder, Vectors]:
    """Fine-tune the model of ``encoder``, in place, together with a vector for each label.

    With ``valid`` the model is measured before the first epoch and after each by the nearest labels
    among those with training or validation items, see `measure_apart`. The weights with the best
    mean are kept, and an epoch that is not the best so far is the last.

    Parameters
    ----------
    item_texts : sequence of str
    Y : csr_array, shape (n_items, n_labels)
        A stored non-zero entry is a label of an item.
    label_texts : sequence of str
        One for each label, such as `training_text`; "" for one that is not to be found.
    parents : int array, optional
        See `Batches`.
    start : float32 array, shape (n_labels, dim), optional
        Label vectors to go on from; by default those of the texts.
    valid : ValidationRows, optional
    folder : Path, optional
        Where the state is kept every few minutes, in one file. After a kill, the same call with
        the model as it was at first goes on from there, and comes to the same weights; after the
        end it returns what it had come to.
    n_threads : int, optional
        Threads on the processor; None takes all processors. A model on a GPU is trained there.

    Returns
    -------
    encoder : SentenceEncoder
        What that of the arguments has become; it reads as many tokens as training read.
    label_vectors : float32 array, shape (n_labels, dim)
        Trained ones for labels with items, those of their texts for others, and zeros for labels
        without either.

    Raises
    ------
    EncoderError
        If ``folder`` holds the state of another training, or a damaged one.
    ValueError
        If shapes do not fit, no item has a label, or no layer is left to train.
    """
    settings = settings or FinetuneSettings()
    _check(item_texts, Y, label_texts, valid)
    has_text = np.array([bool(text) for text in label_texts], dtype=np.bool_)
    batches = Batches(
        Y, has_text, batch_size=settings.batch_size, seed=settings.seed, parents=parents
    )
    path = None if folder is None else folder / STATE_FILE
    digest = _digest(
        f"{encoder.digest} {settings}",
        [item_texts, label_texts, [] if valid is None else valid.texts],
        [Y, None if valid is None else valid.Y],
        [parents, start, None if valid is None else valid.is_new],
    )
    encoder.model.max_seq_length = min(encoder.model.max_seq_length, settings.max_length)
    with _torch_set_up(encoder.model, settings.frozen_layers, n_threads):
        run = TrainingRun(
            encoder.model,
            [*item_texts, *label_texts],
            batches,
            settings,
            valid=valid,
            start=start,
            n_labels=len(label_texts),
        )
        if path is None:
            run.train(lambda: None)
        else:
            run.state.resume(path, digest)
            run.train(lambda: run.state.save(path, digest))
        vectors = run.trained_vectors()
        others = np.setdiff1d(np.flatnonzero(has_text), batches.labels)
        if others.size:
            encoder.model.eval()
            vectors[others] = run.of_texts(others)
    return SentenceEncoder(encoder.model, name=encoder.name), vectors


@contextmanager
def _torch_set_up(
    model: "SentenceTransformer", frozen_layers: int, n_threads: int | None
) -> Iterator[None]:
    """Fix layers and threads for a while, and leave torch's random numbers as they were."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count_threads(n_threads))
    devices = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            freeze_layers(model, frozen_layers)
            yield
    finally:
        model.requires_grad_(True)
        model.eval()
        torch.set_num_threads(before)


def _digest(
    start: str,
    texts: Sequence[Sequence[str]],
    matrices: Sequence[sp.csr_array | None],
    arrays: Sequence[IntArray | BoolArray | Vectors | None],
) -> str:
    """Return the sha256 of all that a training depends on, in hexadecimal digits."""
    digest = hashlib.sha256(start.encode())
    for of_one in texts:
        digest.update(texts_digest(of_one).encode())
    parts: list[IntArray | BoolArray | Vectors | None] = list(arrays)
    for matrix in matrices:
        parts += [None, None] if matrix is None else [matrix.indptr, matrix.indices]
    for part in parts:
        digest.update(b"none" if part is None else part.tobytes())
    return digest.hexdigest()


def _check(
    item_texts: Sequence[str],
    Y: sp.csr_array,
    label_texts: Sequence[str],
    valid: ValidationRows | None,
) -> None:
    if Y.shape != (len(item_texts), len(label_texts)):
        raise ValueError(
            f"Y has shape {Y.shape}, expected {len(item_texts)} items and {len(label_texts)} labels"
        )
    if valid is not None and valid.Y.shape[1] != len(label_texts):
        raise ValueError(
            f"Y of the validation rows has {valid.Y.shape[1]} labels, expected {len(label_texts)}"
        )
