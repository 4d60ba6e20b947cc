"""The items that can be recommended: their ids, texts, category paths and availability."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp

from label_trees.checks import check_csr
from xmlrec.errors import InputError, UnknownItemError
from xmlrec.models.training import PATHS
from xmlrec.recommend.event_values import is_missing
from xmlrec.recommend.path_finding import FoundPaths, find_paths, widened
from xmlrec.taxonomy import Taxonomy

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]

ID_COLUMNS = ("item_id", "id")
"""What holds the id of an item: the first that is there."""

AVAILABLE = "available"
"""Key of whether an item can be had; it can where nothing is said."""

_NO_FIELDS = frozenset({*ID_COLUMNS, AVAILABLE, PATHS})
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemTable:
    """Items by column; a column is an item's number, and never changes.

    Attributes
    ----------
    ids : tuple of str
    fields : tuple of dict of str to str
        What texts are made of: title, description, and so on.
    taxonomy : Taxonomy
    P : csr_array of float32, shape (n_items, len(taxonomy))
        P(the item ends in the category): 1 for the last category of each given path, the
        classifier's for predicted ones. An item may end in several, at any depth, or in none.
    is_available, is_predicted : bool array, shape (n_items,)
        Whether an item can be had, and whether its paths are predicted.
    """

    ids: tuple[str, ...]
    fields: tuple[dict[str, str], ...]
    taxonomy: Taxonomy
    P: sp.csr_array
    is_available: BoolArray
    is_predicted: BoolArray

    @classmethod
    def from_items(
        cls,
        items: Sequence[Mapping[str, Any]],
        taxonomy: Taxonomy | None = None,
        classifier: "TaxonomyClassifier | None" = None,
    ) -> Self:
        """Return a table of items that are mappings.

        Parameters
        ----------
        items : sequence of mappings
            ``item_id`` or ``id``; if you like ``paths`` as for `TaxonomyClassifier.fit`,
            ``available``, and any fields.
        taxonomy : Taxonomy, optional
            Of the paths; what it lacks is added. By default that of the classifier, or one made of
            the paths.
        classifier : TaxonomyClassifier, optional
            Predicts the paths of items without any.

        Raises
        ------
        InputError
            If an item has no id, one that another item has, or says neither yes nor no to
            ``available``.
        """
        if taxonomy is None and classifier is not None:
            taxonomy = classifier.taxonomy_
        return cls._empty(taxonomy).extended(items, classifier)

    @classmethod
    def _empty(cls, taxonomy: Taxonomy | None) -> Self:
        if taxonomy is None:
            taxonomy = Taxonomy.from_nodes((), source="the catalog's paths")
        nothing = np.zeros(0, dtype=np.bool_)
        P = sp.csr_array((0, len(taxonomy)), dtype=np.float32)
        return cls(
            ids=(), fields=(), taxonomy=taxonomy, P=P, is_available=nothing, is_predicted=nothing
        )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """The column of each id."""
        return {item_id: column for column, item_id in enumerate(self.ids)}

    def column(self, item_id: str) -> int:
        """Return the column of an item; `UnknownItemError` if there is none."""
        try:
            return self.columns[item_id]
        except KeyError:
            raise UnknownItemError(item_id) from None

    def columns_of(self, ids: Iterable[str]) -> tuple[IntArray, int]:
        """Return the columns of the items that are known, int32, and how many are not."""
        found = [self.columns.get(item_id, -1) for item_id in ids]
        columns = np.array(found, dtype=np.int32)
        return columns[columns >= 0], int((columns < 0).sum())

    def nodes(self) -> sp.csr_array:
        """Return P(the item is in the category or below), float32 (n_items, len(taxonomy))."""
        P = sp.csr_array(self.P @ self.taxonomy.ancestor_matrix())
        np.minimum(P.data, 1.0, out=P.data)  # an item may end in two categories below one
        return check_csr(P, name="P")

    def texts(self, fields: Sequence[str]) -> list[str]:
        """Return the text of each item: those of ``fields`` that it has, with ``. `` between."""
        return [
            ". ".join([item[name] for name in fields if not is_missing(item.get(name))])
            for item in self.fields
        ]

    def with_ids(self, ids: Sequence[str]) -> Self:
        """Return a table that has items without texts and paths after its own."""
        return self.extended([{"id": item_id} for item_id in ids]) if ids else self

    def extended(
        self,
        items: Sequence[Mapping[str, Any]],
        classifier: "TaxonomyClassifier | None" = None,
    ) -> Self:
        """Return a table that has other items after its own, as `from_items` takes them.

        A path that the taxonomy lacks is added to it. Raises `InputError` as `from_items`, also
        for an item that is in the table.
        """
        ids = [item_id(item, number) for number, item in enumerate(items)]
        _check_new(ids, self.columns)
        paths = find_paths(items, self.taxonomy, classifier)
        is_available = [_available(item, number) for number, item in enumerate(items)]
        fields = tuple([item_fields(item) for item in items])
        return self.joined(ids, fields, paths, np.array(is_available, dtype=np.bool_))

    def joined(
        self,
        ids: Sequence[str],
        fields: tuple[dict[str, str], ...],
        paths: FoundPaths,
        is_available: BoolArray,
    ) -> Self:
        """Return a table that has new items, whose paths were found in its taxonomy."""
        P = sp.vstack([widened(self.P, len(paths.taxonomy)), paths.P], format="csr")
        return replace(
            self,
            ids=(*self.ids, *ids),
            fields=self.fields + fields,
            taxonomy=paths.taxonomy,
            P=check_csr(P, name="P"),
            is_available=np.concatenate([self.is_available, is_available]),
            is_predicted=np.concatenate([self.is_predicted, paths.is_predicted]),
        )


def item_id(item: Mapping[str, Any], number: int) -> str:
    """Return the id of the ``number``-th item from 0; `InputError` if it has none."""
    value = next((item[name] for name in ID_COLUMNS if name in item), None)
    if is_missing(value):
        raise InputError("items", f"item {number} has no id", f"give it under {ID_COLUMNS[0]!r}")
    return str(value)


def item_fields(item: Mapping[str, Any]) -> dict[str, str]:
    """Return what texts are made of: all of an item that is not its id, path or availability."""
    return {
        str(name): str(value)
        for name, value in item.items()
        if name not in _NO_FIELDS and not is_missing(value)
    }


def parse_available(value: object) -> bool | None:
    """Return whether an item can be had, None if ``value`` says neither yes nor no."""
    return True if is_missing(value) else _TRUTH.get(str(value).strip().lower())


def _available(item: Mapping[str, Any], number: int) -> bool:
    value = item.get(AVAILABLE)
    is_available = parse_available(value)
    if is_available is None:
        problem = f"item {number} has {value!r} for {AVAILABLE!r}"
        raise InputError("items", problem, "say true or false")
    return is_available


def _check_new(ids: Sequence[str], known: Mapping[str, int]) -> None:
    seen: set[str] = set()
    for number, new in enumerate(ids):
        if new in seen or new in known:
            where = "comes twice" if new in seen else "is in the table already"
            raise InputError("items", f"item {number}: the id {new!r} {where}", "leave it out")
        seen.add(new)
