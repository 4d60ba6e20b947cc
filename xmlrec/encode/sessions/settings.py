"""How a session model is built and trained, and the sessions that say when to stop."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from xmlrec.encode.batches import IntArray

CategoryFeed = Literal["joint", "stopped", "none"]

LEAST = {
    "dim": 1,
    "n_blocks": 1,
    "n_heads": 1,
    "max_length": 1,
    "epochs": 1,
    "batch_size": 1,
    "n_negatives": 0,
    "patience": 1,
    "seed": 0,
    "weight_decay": 0,
    "category_weight": 0,
}
SHARES = ("dropout", "id_dropout", "category_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How a session model is built and trained.

    Attributes
    ----------
    dim : int
        Length of every vector, a multiple of ``n_heads``.
    n_blocks, n_heads : int
        Of the Transformer.
    max_length : int
        Items of a session that are read, the last ones.
    cosine : bool
        Whether vectors have unit length and scores a learned scale; otherwise scores are products.
    category_feed : {"joint", "stopped", "none"}
        What the next category gives to the next item. ``"stopped"`` keeps the gradient of items out
        of the category probabilities; with ``"none"`` the two share the Transformer only.
    dropout : float
    id_dropout : float
        Share of a batch's items that have no id in it: paths and texts learn to stand alone.
    epochs, batch_size : int
        Passes over the sessions, and sessions of a step.
    n_negatives : int
        Items drawn as wrong answers for a whole batch; 0 takes every item.
    lr : float
        Of Adam after the warm-up; it falls linearly to 0.
    weight_decay : float
    category_weight : float
        What the category loss counts beside that of items; 0 trains no categories.
    category_share : float
        Share of the epochs, at the start, in which categories alone are trained; 0 is one stage.
    patience : int
        Epochs in a row without improvement that end training, if there are validation queries.
    seed : int
    """

    dim: int = 100
    n_blocks: int = 1
    n_heads: int = 2
    max_length: int = 20
    cosine: bool = True
    category_feed: CategoryFeed = "joint"
    dropout: float = 0.3
    id_dropout: float = 0.1
    epochs: int = 8
    batch_size: int = 128
    n_negatives: int = 2048
    lr: float = 2e-3
    weight_decay: float = 0.0
    category_weight: float = 0.2
    category_share: float = 0.0
    patience: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, limit in LEAST.items():
            if not limit <= (value := getattr(self, name)) < np.inf:
                raise ValueError(f"{name} must be at least {limit} and finite, got {value}")
        for name in SHARES:
            if not 0 <= (value := getattr(self, name)) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
        self._check_others()

    def _check_others(self) -> None:
        if not 0 < self.lr < np.inf:
            raise ValueError(f"lr must be above 0 and finite, got {self.lr}")
        if self.dim % self.n_heads:
            raise ValueError(f"dim must be a multiple of n_heads, {self.n_heads}, got {self.dim}")
        if self.category_feed not in get_args(CategoryFeed):
            options = ", ".join(get_args(CategoryFeed))
            raise ValueError(f"category_feed must be one of {options}; got {self.category_feed!r}")
        if self.category_share and not self.category_weight:
            raise ValueError("category_share needs a category_weight above 0")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionQueries:
    """Sessions whose next item is known, and which nothing is trained on.

    Attributes
    ----------
    indptr : int array, shape (n + 1,)
    items : int array, shape (n_events,)
    targets : int array, shape (n,)
        The item after each session.
    exclude_seen : bool
        Whether a session's own items are no answers to it.
    """

    indptr: IntArray
    items: IntArray
    targets: IntArray
    exclude_seen: bool = False

    def __post_init__(self) -> None:
        n = self.targets.size
        if not n or self.indptr.size != n + 1 or self.indptr[-1] != self.items.size:
            raise ValueError(
                f"validation needs a target for each session, got {n} targets, "
                f"{self.indptr.size - 1} sessions and {self.items.size} events"
            )
