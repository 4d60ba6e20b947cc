"""How a model is fine-tuned, and the rows that say when to stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneSettings:
    """How a model is fine-tuned.

    Attributes
    ----------
    epochs : int
        How often each document, an item or a label's text, is seen.
    batch_size : int
        Documents in a batch.
    lr : float
        Step size of the model after the warm-up.
    label_lr : float
        The same of the label vectors.
    temperature : float
        Cosines are divided by it.
    frozen_layers : int
        Lowest layers that stay as they are, the embeddings being the first.
    max_length : int
        Tokens of a text that are read.
    seed : int
    """

    epochs: int = 3
    batch_size: int = 64
    lr: float = 2e-4
    label_lr: float = 2e-3
    temperature: float = 0.05
    frozen_layers: int = 0
    max_length: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"epochs": 1, "batch_size": 1, "frozen_layers": 0, "max_length": 3}
        for name, limit in least.items():
            if (value := getattr(self, name)) < limit:
                raise ValueError(f"{name} must be at least {limit}, got {value}")
        for name in ("lr", "label_lr", "temperature"):
            if not 0 < (value := getattr(self, name)) < np.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {value}")


@dataclass(frozen=True, slots=True, eq=False)
class ValidationRows:
    """Items that nothing is trained on.

    Attributes
    ----------
    texts : sequence of str
    Y : csr_array, shape (n_rows, n_labels)
        Their labels.
    is_new : bool array, shape (n_rows,), optional
        Rows of labels that were hidden from training to stand for new ones; measured apart.
    """

    texts: Sequence[str]
    Y: sp.csr_array
    is_new: np.ndarray[Any, np.dtype[np.bool_]] | None = None

    def __post_init__(self) -> None:
        shapes = {(len(self.texts),), (self.Y.shape[0],)}
        if self.is_new is not None:
            shapes.add(self.is_new.shape)
        if len(shapes) > 1 or self.Y.nnz == 0:
            raise ValueError(
                f"validation rows need texts, labels and a kind for each, got {len(self.texts)} "
                f"texts, Y of shape {self.Y.shape} with {self.Y.nnz} labels, and "
                f"{'no' if self.is_new is None else self.is_new.size} kinds"
            )
