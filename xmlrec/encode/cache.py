"""Vectors of texts kept in a folder, one file for each encoder and list of texts.

A file is a ``.npy`` with its sha256 behind it, so that damage is found whatever it is.
"""

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xmlrec.encode.contract import Encoder, Vectors

logger = logging.getLogger(__name__)

N_DIGEST_BYTES = hashlib.sha256().digest_size


def cached_encode(
    encoder: Encoder, texts: Sequence[str], folder: Path, *, n_threads: int | None = None
) -> Vectors:
    """Return ``encoder.encode(texts)``, read from ``folder`` if it was there before.

    A damaged file is made again. A folder that cannot be written to costs a warning, no more.

    Parameters
    ----------
    folder : Path
        Made if it does not exist. Files are never removed from it.

    Returns
    -------
    array of float32, shape (n_texts, dim)
    """
    path = folder / f"{encoder.digest[:16]}-{texts_digest(texts)[:32]}.npy"
    vectors = _read(path)
    if vectors is not None and vectors.shape == (len(texts), encoder.dim):
        return vectors
    vectors = encoder.encode(texts, n_threads=n_threads)
    try:
        _write(path, vectors)
    except OSError as error:
        logger.warning("vectors are not kept in %s: %s", folder, error)
    return vectors


def texts_digest(texts: Sequence[str]) -> str:
    """Return the sha256 of the texts and where each ends, in hexadecimal digits."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def _read(path: Path) -> Vectors | None:
    """Return the vectors of a file; None if there is no such file or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body, digest = content[:-N_DIGEST_BYTES], content[-N_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        logger.warning("%s is damaged and is made again", path)
        return None
    vectors: Vectors = np.load(io.BytesIO(body), allow_pickle=False)
    return vectors


def _write(path: Path, vectors: Vectors) -> None:
    buffer = io.BytesIO()
    np.save(buffer, vectors)
    body = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.write(hashlib.sha256(body).digest())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
