"""Blocks of features: which n-grams of which fields, and how much they weigh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEEDS = np.uint64(0xA0761D6478BD642F)


@dataclass(frozen=True, kw_only=True, slots=True)
class NgramBlock:
    """The n-grams of some fields, weighted and normalised together.

    A row of the block holds (1 + ln count) * idf, scaled to the norm ``weight``, where
    idf = ln((1 + n_items) / (1 + n_items_with_it)) + 1. A count is the sum of its fields' weights;
    below 1 it stands for 1 + ln count itself, which continues the curve with the same slope.

    Parameters
    ----------
    name : str
        First part of the names of its features, such as ``title|char``.
    fields : tuple of str
        Fields that are read; n-grams do not span two of them.
    field_weights : tuple of float, optional
        How much one n-gram of each field counts; 1 each when left out.
    unit : {"word", "char"}
        N-grams of words, or of the characters of a run with a space on both sides.
    n_min, n_max : int
        Shortest and longest n-gram, in units. A run shorter than ``n_min`` characters counts once.
    weight : float, default=1.0
        Norm of the block before blocks are joined.
    min_df : int, default=1
        N-grams found in fewer training items are left out.

    Raises
    ------
    ValueError
        If a value is out of range, a field is named twice or weights do not match the fields.
    """

    name: str
    fields: tuple[str, ...]
    field_weights: tuple[float, ...] = ()
    unit: Literal["word", "char"]
    n_min: int
    n_max: int
    weight: float = 1.0
    min_df: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        weights = tuple(self.field_weights) or (1.0,) * len(self.fields)
        object.__setattr__(self, "field_weights", weights)
        self._check(bool(self.name), "name is empty")
        self._check(bool(self.fields), "fields is empty; name at least one")
        self._check(len(set(self.fields)) == len(self.fields), f"a field twice in {self.fields}")
        self._check(
            len(weights) == len(self.fields),
            f"{len(weights)} field_weights for {len(self.fields)} fields",
        )
        self._check(self.unit in ("word", "char"), f'unit is {self.unit!r}, not "word" or "char"')
        self._check(
            1 <= self.n_min <= self.n_max <= 16,
            f"n_min {self.n_min} and n_max {self.n_max} are not 1 <= n_min <= n_max <= 16",
        )
        self._check(
            all(0 < value < float("inf") for value in (self.weight, *weights)),
            f"weights must be positive and finite, got {(self.weight, *weights)}",
        )
        self._check(self.min_df >= 1, f"min_df must be at least 1, got {self.min_df}")

    def _check(self, holds: bool, problem: str) -> None:
        if not holds:
            raise ValueError(f"block {self.name!r}: {problem}")


class BlockArrays(NamedTuple):
    """The blocks as the kernels read them; a field is its number among all fields in use."""

    is_word: NDArray[np.bool_]
    n_min: NDArray[np.int64]
    n_max: NDArray[np.int64]
    weights: NDArray[np.float64]
    seeds: NDArray[np.uint64]
    field_offsets: NDArray[np.int64]
    fields: NDArray[np.int64]
    field_weights: NDArray[np.float64]
    n_suffix_bits: NDArray[np.int64]
    n_fields: int


def field_names(blocks: Sequence[NgramBlock]) -> tuple[str, ...]:
    """Return every field that a block reads, in the order of first mention."""
    return tuple(dict.fromkeys(field for block in blocks for field in block.fields))


def block_arrays(blocks: Sequence[NgramBlock]) -> BlockArrays:
    """Return ``blocks`` as arrays for the kernels."""
    names = field_names(blocks)
    sizes = [len(block.fields) for block in blocks]
    return BlockArrays(
        is_word=np.array([block.unit == "word" for block in blocks]),
        n_min=np.array([block.n_min for block in blocks], dtype=np.int64),
        n_max=np.array([block.n_max for block in blocks], dtype=np.int64),
        weights=np.array([block.weight for block in blocks], dtype=np.float64),
        seeds=np.arange(1, len(blocks) + 1, dtype=np.uint64) * SEEDS,
        field_offsets=np.cumsum([0, *sizes], dtype=np.int64),
        fields=np.array([names.index(field) for block in blocks for field in block.fields]),
        field_weights=np.array([w for block in blocks for w in block.field_weights]),
        n_suffix_bits=np.array([(size - 1).bit_length() for size in sizes], dtype=np.int64),
        n_fields=len(names),
    )
