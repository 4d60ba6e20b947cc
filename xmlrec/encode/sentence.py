"""Any sentence-transformers model as an encoder; of the encoders the only one that needs torch.

Weights are read from safetensors only; no code and no pickle that comes with a model is ever run.
`model_files` says where models come from.
"""

import hashlib
import importlib.util
import json
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from label_trees.parallel import count_threads
from xmlrec.encode.contract import Vectors
from xmlrec.encode.model_files import DEFAULT, find_model, first_line, refuse_pickles
from xmlrec.encode.tokens import check_sequence, clean_texts
from xmlrec.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FORMAT = 1
FACTS = "encoder.json"
MAX_SEQ_LENGTH = 128
BATCH_SIZE = 64
INSTALL_ENCODER = 'install it with `pip install "xmlrec[encoder]"`'


class SentenceEncoder:
    """An `Encoder` around a sentence-transformers model.

    Parameters
    ----------
    model : SentenceTransformer
        Kept, not copied; after training it, make a new encoder.
    name : str
        What people call it.
    """

    def __init__(self, model: "SentenceTransformer", *, name: str) -> None:
        self.model = model
        self.name = name

    @classmethod
    def open(
        cls,
        name_or_path: str | Path | None = None,
        *,
        revision: str | None = None,
        device: str | None = None,
    ) -> Self:
        """Open a model by name or path, to read at most `MAX_SEQ_LENGTH` tokens a text.

        Parameters
        ----------
        name_or_path : str or Path, optional
            A folder, or a name on the hub; by default all-MiniLM-L6-v2, whose digest is checked.
        revision : str, optional
            Of a model on the hub: a commit, tag or branch.
        device : str, optional
            By default a GPU if torch sees one.

        Raises
        ------
        EncoderError
            If sentence-transformers is not installed; if there is no such model, it has no
            safetensors, its digest is wrong, or the hub cannot be reached.
        """
        name = str(name_or_path or DEFAULT)
        _check_installed(name)
        folder = find_model(name_or_path, revision)
        return cls(_open_model(folder, name, device), name=name)

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return int(self.model.get_embedding_dimension())

    @cached_property
    def digest(self) -> str:
        """The sha256 of modules, weights, tokens and the longest text, in hexadecimal digits."""
        modules = [type(module).__name__ for module in self.model]
        digest = hashlib.sha256(f"{modules} {self.model.max_seq_length}".encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy())
        digest.update(json.dumps(self.model.tokenizer.get_vocab(), sort_keys=True).encode())
        return digest.hexdigest()

    def encode(self, texts: Sequence[str], *, n_threads: int | None = None) -> Vectors:
        """Return one vector a text, equal to 1e-5 in any batch; see `Encoder.encode`."""
        check_sequence(texts)
        cleaned = clean_texts(texts)
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        telling = np.flatnonzero(self._has_tokens(cleaned))
        if telling.size:
            with torch_threads(n_threads):
                rows[telling] = self.model.encode(
                    [cleaned[row] for row in telling],
                    batch_size=BATCH_SIZE,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return rows

    def _has_tokens(self, texts: list[str]) -> npt.NDArray[np.bool_]:
        """Return which texts have a token besides the special ones and the unknown."""
        tokenizer = self.model.tokenizer
        if not texts or not callable(tokenizer):  # static models: no token makes a zero row anyway
            return np.ones(len(texts), dtype=np.bool_)
        tokens = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        unknown = tokenizer.unk_token_id
        return np.array([any(token != unknown for token in row) for row in tokens])

    def save(self, folder: Path) -> None:
        """Write the model into ``folder``, which is made if it does not exist."""
        with _no_progress_bars():
            self.model.save_pretrained(str(folder), create_model_card=False)
        facts = {"format": FORMAT, "name": self.name, "digest": self.digest}
        text = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
        (folder / FACTS).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, device: str | None = None) -> Self:
        """Open what `save` wrote.

        Raises
        ------
        EncoderError
            If sentence-transformers is not installed, or the folder is damaged.
        """
        try:
            facts = dict(json.loads((folder / FACTS).read_text(encoding="utf-8")))
            name, digest, format_number = facts["name"], facts["digest"], facts["format"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EncoderError(str(folder), f"{FACTS} cannot be read ({error!r})") from None
        if format_number != FORMAT:
            problem = f"it is of format {format_number}, this xmlrec reads {FORMAT}"
            raise EncoderError(str(folder), problem)
        _check_installed(str(name))
        refuse_pickles(folder, str(folder))
        encoder = cls(_open_model(folder, str(folder), device), name=str(name))
        if encoder.digest != digest:
            raise EncoderError(str(folder), "it was changed, its digest is wrong")
        return encoder


def _check_installed(name: str) -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EncoderError(name, "sentence-transformers is not installed", INSTALL_ENCODER)


def _open_model(folder: Path, name: str, device: str | None) -> "SentenceTransformer":
    """Return the model in ``folder``, called ``name`` in errors, limited to `MAX_SEQ_LENGTH`."""
    from sentence_transformers import SentenceTransformer

    single_threaded_tokenizers()
    try:
        with _no_progress_bars():
            model = SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
    except Exception as error:  # torch, transformers and safetensors each raise their own
        raise EncoderError(name, f"it cannot be opened ({first_line(error)})") from error
    limit = model.max_seq_length
    if limit is None or MAX_SEQ_LENGTH < limit < math.inf:  # static models have no limit to set
        model.max_seq_length = MAX_SEQ_LENGTH
    return model.float()


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Let transformers draw nothing on the terminal for a while."""
    from transformers.utils import logging as bars

    was_enabled = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            bars.enable_progress_bar()


@contextmanager
def torch_threads(n_threads: int | None) -> Iterator[None]:
    """Let torch use ``n_threads`` processors for a while."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count_threads(n_threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def single_threaded_tokenizers() -> None:
    """Let `tokenizers` start no threads of its own, unless the environment says otherwise.

    Ours call it side by side, so that ``n_threads`` holds and a fork later is safe and silent.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
