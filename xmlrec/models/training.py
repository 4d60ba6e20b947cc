"""From items with category paths to what a ranker learns from: texts, label columns, counts."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.errors import TrainingError
from xmlrec.taxonomy import Refusal, Taxonomy, extend_with_paths, split_path
from xmlrec.text import normalize_text

PATHS = "paths"
"""Key of an item's category paths: a list of paths, each a list of elements or a text
``A > B > C``; or one such text."""

_LETTER = re.compile(r"[^\W\d_]")
_ADDRESS_STARTS = ("http", "www.")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S*+")

Path = tuple[str, ...]
LabelledItem = Mapping[str, Any]
IntArray = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True)
class LabelledItems:
    """Items with label columns in a taxonomy that has them all.

    Attributes
    ----------
    taxonomy : Taxonomy
        The one given, and after it the categories that the items' paths added.
    Y : csr_array of float32, shape (n_items, len(taxonomy))
        1 where an item has a label.
    has_paths : bool array, shape (n_items,)
        False for an item that names no category at all.
    added : tuple of str
        Path texts of the added categories.
    refused : list of (int, str, Refusal)
        Position of the item, path text, and why the path has no label column.
    """

    taxonomy: Taxonomy
    Y: sp.csr_array
    has_paths: np.ndarray[Any, np.dtype[np.bool_]]
    added: tuple[str, ...]
    refused: list[tuple[int, str, Refusal]]


def item_paths(item: LabelledItem) -> list[Path]:
    """Return the paths of an item, each once."""
    paths = item.get(PATHS) or ()
    paths = [paths] if isinstance(paths, str) else paths
    split = (split_path(path) if isinstance(path, str) else tuple(path) for path in paths)
    return list(dict.fromkeys(split))


def label_items(
    items: Sequence[LabelledItem], taxonomy: Taxonomy | None, *, strict: bool = False
) -> LabelledItems:
    """Resolve the paths of ``items`` in ``taxonomy``, adding what it lacks unless ``strict``."""
    for position, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise TypeError(
                f"item {position} is a {type(item).__name__}; it names no category path"
            )
    paths = [item_paths(item) for item in items]
    rows = np.repeat(np.arange(len(items)), [len(of_item) for of_item in paths])
    flat = [path for of_item in paths for path in of_item]
    resolved = extend_with_paths(taxonomy, flat, strict=strict)
    is_known = resolved.columns >= 0
    Y = sp.csr_array(
        (
            np.ones(int(is_known.sum()), dtype=np.float32),
            (rows[is_known], resolved.columns[is_known]),
        ),
        shape=(len(items), len(resolved.taxonomy)),
    )
    Y.sum_duplicates()
    Y.data[:] = 1.0
    refused = [
        (int(rows[position]), " > ".join(flat[position]), refusal)
        for position, refusal in resolved.refused.items()
    ]
    has_paths = np.array([bool(of_item) for of_item in paths], dtype=np.bool_)
    return LabelledItems(resolved.taxonomy, Y, has_paths, resolved.added, refused)


def text_items(items: Iterable[str | Mapping[str, Any]], text: tuple[str, ...]) -> list[Any]:
    """Return items as mappings of those fields of ``text`` that are not blank.

    A string is the first of them.

    Raises
    ------
    TypeError
        If the items are one item only, or one is neither a text nor a mapping.
    """
    if isinstance(items, str | Mapping):
        raise TypeError("items is one item; give a list of items")
    items = list(items)
    for position, item in enumerate(items):
        if not isinstance(item, str | Mapping):
            kind = type(item).__name__
            raise TypeError(f"item {position} is a {kind}, neither a text nor a mapping of fields")
    fields = ({text[0]: item} if isinstance(item, str) else item for item in items)
    return [
        {name: of_item[name] for name in text if not _is_blank(of_item.get(name))}
        for of_item in fields
    ]


def has_words(item: Mapping[str, Any]) -> bool:
    """Say whether a field holds a letter, markup and web addresses aside."""
    return any(_has_letter(str(text)) for text in item.values())


def _has_letter(text: str) -> bool:
    if text[:1].isalpha() and text[:4].lower() not in _ADDRESS_STARTS:  # nearly always
        return True
    return _LETTER.search(_ADDRESS.sub(" ", normalize_text(text))) is not None


def _is_blank(value: object) -> bool:
    """Say whether there is no text: None, white space, or the NaN that a data frame has for it."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value != value


def findable_columns(taxonomy: Taxonomy, counts: IntArray) -> IntArray:
    """Return the categories that have items, and the siblings of those that lack them.

    A sibling without items is found by its name and path. Categories above or below those with
    items stay out: where items are labelled with classes, their bricks are no answer.

    Parameters
    ----------
    counts : int array, shape (len(taxonomy),)
        Training items of each category.
    """
    has_items = counts > 0
    parents = taxonomy.primary_parents
    with_root = np.append(has_items, False)  # parent -1 is the last entry
    is_below, column_parents = with_root[parents], parents
    while (column_parents >= 0).any():
        column_parents = np.append(parents, -1)[column_parents]
        is_below |= with_root[column_parents]
    is_above = np.zeros(len(taxonomy), dtype=np.bool_)
    above = np.unique(parents[has_items])
    while (above := above[above >= 0]).size:
        is_above[above] = True
        above = np.unique(parents[above])
    is_sibling = np.isin(parents, parents[has_items])
    findable = has_items | (is_sibling & ~is_below & ~is_above)
    return np.flatnonzero(findable).astype(np.int32)


def check_trainable(n_items: int, labelled: LabelledItems, n_usable: int, counts: IntArray) -> None:
    """Raise `TrainingError` unless two categories have items with text."""
    if n_items == 0:
        raise TrainingError("there are no rows to train on")
    if n_usable == 0:
        what = "a text" if labelled.Y.nnz else "a category path that can be used"
        raise TrainingError(f"none of the {n_items:,} rows has {what}")
    if (counts > 0).sum() < 2:
        only = labelled.taxonomy.path_text(int(np.argmax(counts)))
        rows = "the only usable row is" if n_usable == 1 else f"all {n_usable:,} usable rows are"
        raise TrainingError(f"{rows} in one category, {only!r}; add rows of other categories")


def digest_items(texts: list[Any], labelled: LabelledItems) -> str:
    """Return the sha256 of what a model is trained on."""
    digest = hashlib.sha256()
    for item in texts:
        digest.update(repr(sorted(item.items())).encode("utf-8", "surrogatepass"))
    digest.update(labelled.Y.indptr.tobytes() + labelled.Y.indices.tobytes())
    return digest.hexdigest()
