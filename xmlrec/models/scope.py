"""Which categories are asked for, and how sure they are to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from xmlrec.errors import OptionError
from xmlrec.taxonomy import Taxonomy, split_path
from xmlrec.taxonomy.resolve import PathResolver

if TYPE_CHECKING:
    from xmlrec.models.view import View

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

DEFAULT_PRECISION = 0.95
"""Share of answers without review that are to be right."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The categories that may be answered.

    Attributes
    ----------
    allowed : bool array, shape (n_labels,), or None
        Those that can be right at all; None for all.
    excluded : bool array, shape (n_labels,), or None
        Those that are not to be answered though they may be right; None for none.
    """

    allowed: BoolArray | None
    excluded: BoolArray | None

    @classmethod
    def of(cls, view: "View", under: str | Sequence[str] | None, exclude: Sequence[str]) -> Self:
        """Return the scope of category paths or ids; `OptionError` as `ItemClassifier.classify`."""
        if isinstance(exclude, str):
            exclude = (exclude,)
        resolver, is_findable = PathResolver(view.taxonomy), view.is_findable
        allowed = excluded = None
        if under is not None:
            allowed = below(view.taxonomy, find(resolver, view.taxonomy, under, "under"))
            if not (allowed & is_findable).any():
                problem = f"no category that can be answered is under {under!r}"
                raise OptionError("under", problem, "name one with items below it")
        if exclude:
            excluded = np.zeros(len(view.taxonomy), dtype=np.bool_)
            for path in exclude:
                excluded |= below(view.taxonomy, find(resolver, view.taxonomy, path, "exclude"))
            left = is_findable & ~excluded
            if not (left if allowed is None else left & allowed).any():
                raise OptionError("exclude", "every category is excluded", "leave some")
        return cls(allowed, excluded)


def find(resolver: PathResolver, taxonomy: Taxonomy, path: str | Sequence[str], option: str) -> int:
    """Return the column of a category given by its path or id; `OptionError` if there is none."""
    elements = split_path(path) if isinstance(path, str) else tuple(path)
    found = resolver.resolve(elements)
    if found.ambiguous:
        ids = ", ".join(taxonomy.ids[column] for column in found.ambiguous)
        raise OptionError(option, f"several categories are called {path!r}", f"name an id: {ids}")
    if not elements or found.column < 0 or found.n_resolved < len(elements):
        step = "run `xmlrec taxonomy search` to find it by name"
        raise OptionError(option, f"there is no category {path!r} in the model", step)
    return found.column


def below(taxonomy: Taxonomy, column: int) -> BoolArray:
    """Return a category and all below it, over all parents, bool (n_labels,)."""
    is_below: BoolArray = np.zeros(len(taxonomy), dtype=np.bool_)
    is_below[taxonomy.ancestor_matrix()[:, [column]].nonzero()[0]] = True
    return is_below


def check_precision(precision: float) -> float:
    """Return a precision between 0 and 1, exclusive; else `OptionError`."""
    if not 0 < precision < 1:
        problem = f"it must be between 0 and 1, exclusive, got {precision}"
        raise OptionError("min-precision", problem)
    return precision


def check_max_paths(max_paths: int | None) -> int | None:
    """Return a number of at least 1, or None; else `OptionError`."""
    if max_paths is not None and max_paths < 1:
        raise OptionError("max-paths", f"it must be at least 1, got {max_paths}")
    return max_paths
