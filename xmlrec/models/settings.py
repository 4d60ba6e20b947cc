"""What a preset consists of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

PRESETS = ("fast", "balanced", "accurate")
"""``fast``: label trees and the words of label names; ``balanced``: also vectors of items and
labels; ``accurate``: these from a fine-tuned transformer."""

TREES = ("learned", "taxonomy", "flat")
"""Which label trees a ranker searches: balanced ones that it learns, the taxonomy itself, or a
single level without search, one-vs-all."""

PATHS = ("one", "several")

N_TREES = {"fast": 3, "balanced": 2, "accurate": 3}
"""Learned trees of a preset: beside vectors a third one gave held-out items less than 0.1 in P@1,
for a tenth of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerSettings:
    """How a ranker of items is made; kept in the model.

    Attributes
    ----------
    preset : str
        Name of the recipe.
    text : tuple of str
        Fields that are read. The first one is the title; a plain string is a title.
    tree : str
        One of `TREES`.
    n_trees : int, optional
        Learned trees whose scores are averaged, those of `N_TREES` by default; there is one
        taxonomy, and one level.
    seed : int
    encoder : str, optional
        The transformer that ``accurate`` fine-tunes: a folder, or a name on the hub. None is
        all-MiniLM-L6-v2.
    teacher : str, optional
        Folder of a model whose vectors say which words speak for which label.
    paths : str, optional
        "one" or "several": how many paths an item may have; by default what the items say.
    """

    preset: str = "balanced"
    text: tuple[str, ...] = ("title", "description")
    tree: str = "learned"
    n_trees: int | None = None
    seed: int = 0
    encoder: str | None = None
    teacher: str | None = None
    paths: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("preset", PRESETS), ("tree", TREES), ("paths", (None, *PATHS))):
            if (value := getattr(self, name)) not in known:
                choices = ", ".join(filter(None, known))
                raise ValueError(f"{name} must be one of {choices}, got {value!r}")
        if not self.text or len(set(self.text)) < len(self.text):
            raise ValueError(f"text needs one or more different fields, got {self.text}")
        if self.encoder is not None and not self.has_transformer:
            raise ValueError(f"the preset {self.preset} has no encoder to choose")
        if self.teacher is not None and self.has_transformer:
            raise ValueError(f"the preset {self.preset} learns from no teacher")

    @property
    def n_learned_trees(self) -> int:
        """How many trees are learned where trees are."""
        return N_TREES[self.preset] if self.n_trees is None else self.n_trees

    @property
    def has_dense(self) -> bool:
        """Whether vectors of items and labels take part."""
        return self.preset != "fast"

    @property
    def has_transformer(self) -> bool:
        """Whether these come from a transformer, which needs torch."""
        return self.preset == "accurate"

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` gave."""
        return cls(**{**values, "text": tuple(values["text"])})
