"""Items from the rows of a catalog, with paths that are given or predicted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xmlrec.catalog import CatalogSettings, Fault, Reject, Row, read_catalog
from xmlrec.catalog.rows import RowFault
from xmlrec.errors import InputError
from xmlrec.models.training import PATHS
from xmlrec.recommend.items import AVAILABLE, ID_COLUMNS, ItemTable, item_fields, parse_available
from xmlrec.recommend.path_finding import FoundPaths, find_paths
from xmlrec.recommend.places import Place

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ItemCatalog:
    """Items, and what became of the rows.

    Attributes
    ----------
    items : ItemTable
        The one that was extended, and after its items those of the catalog.
    n_new : int
        Rows that became items.
    n_known : int
        Rows left out because the table that was extended has their items.
    n_predicted, n_without_path : int
        New items whose paths are predicted, and those without any.
    added : tuple of str
        The path texts of the categories that the taxonomy lacked.
    n_refused : int
        Paths that were left out; each is a reject, though its row is used.
    rejected : Counter of Fault
        Rows that could not be used.
    """

    items: ItemTable
    n_new: int
    n_known: int
    n_predicted: int
    n_without_path: int
    added: tuple[str, ...]
    n_refused: int
    rejected: Counter[Fault]


def read_item_catalog(
    sources: str | Sequence[str],
    on_reject: Callable[[Reject], None],
    *,
    items: ItemTable | None = None,
    classifier: "TaxonomyClassifier | None" = None,
    settings: CatalogSettings | None = None,
) -> ItemCatalog:
    """Read items from files, all that `xmlrec.catalog.read_catalog` reads.

    Columns are ``item_id`` (or ``id``), and if you like texts, paths in a label column, and
    ``available``. A row whose item another row has is rejected.

    Parameters
    ----------
    on_reject : callable
        Gets every row and path that cannot be used.
    items : ItemTable, optional
        A table to extend: rows of items that it has are left out.
    classifier : TaxonomyClassifier, optional
        Predicts the paths of items without any. Without ``items``, its taxonomy is the table's.
    settings : CatalogSettings, optional
        Encoding, columns and so on.

    Raises
    ------
    InputError
        If a file as a whole cannot be read, or no row can be used.
    ColumnError
        If there is no column of ids, or several may hold the paths.
    """
    if items is None:
        items = ItemTable.from_items((), classifier=classifier)
    rows = _read(sources, on_reject, items, settings or CatalogSettings())
    asked = [of_item | {PATHS: p} for of_item, p in zip(rows.fields, rows.paths, strict=True)]
    paths = find_paths(asked, items.taxonomy, classifier)
    for number, text, refusal in paths.refused:
        fault = RowFault(Fault(refusal.code), refusal.message)
        on_reject(rows.places[rows.ids[number]].reject(fault, {PATHS: text}))
    is_available = np.array(rows.is_available, dtype=np.bool_)
    return ItemCatalog(
        items=items.joined(rows.ids, tuple(rows.fields), paths, is_available),
        n_new=len(rows.ids),
        n_known=len(rows.places) - len(rows.ids),
        n_predicted=int(paths.is_predicted.sum()),
        n_without_path=_n_without(paths),
        added=paths.added,
        n_refused=len(paths.refused),
        rejected=rows.rejected,
    )


def _n_without(paths: FoundPaths) -> int:
    return int((np.diff(paths.P.indptr) == 0).sum())


@dataclass(slots=True)
class _Rows:
    """Rows that become items, and the places of all that could be."""

    known: Mapping[str, int]
    places: dict[str, Place] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)
    paths: list[tuple[tuple[str, ...], ...]] = field(default_factory=list)
    is_available: list[bool] = field(default_factory=list)
    rejected: Counter[Fault] = field(default_factory=Counter)

    def add(self, row: Row, id_column: str | None) -> None:
        """Take a row; `RowFault` if its id is empty or comes again, or its availability unclear."""
        if not row.id:
            raise RowFault(Fault.BAD_ID, "the id of the item is empty")
        if row.id in self.places:
            message = f"the item {row.id!r} is there already: {self.places[row.id]}"
            raise RowFault(Fault.DUPLICATE_ID, message)
        available = row.fields.get(AVAILABLE)
        is_available = parse_available(available)
        if is_available is None:
            message = f"{AVAILABLE!r} is {available!r}; say true or false"
            raise RowFault(Fault.BAD_AVAILABLE, message)
        self.places[row.id] = Place.of(row)
        if row.id not in self.known:
            fields = item_fields(row.fields)
            fields.pop(id_column or "", None)
            self.ids.append(row.id)
            self.fields.append(fields)
            self.paths.append(row.paths or ())
            self.is_available.append(is_available)


def _read(
    sources: str | Sequence[str],
    on_reject: Callable[[Reject], None],
    items: ItemTable,
    settings: CatalogSettings,
) -> _Rows:
    """Return the rows of a catalog; `InputError` if none can be used."""
    settings = replace(settings, id_columns=ID_COLUMNS, needs_labels=True, may_lack_columns=True)
    rows = _Rows(items.columns)
    with read_catalog(sources, settings, on_reject) as reader:
        for row in reader:
            try:
                rows.add(row, settings.id_column)
            except RowFault as fault:
                rows.rejected[fault.code] += 1
                on_reject(Place.of(row).reject(fault, row.fields))
        rows.rejected.update(reader.counts.rejected)
        if not rows.places:
            n_rejected = rows.rejected.total()
            problem = f"none of its {n_rejected:,} rows can be used as an item"
            raise InputError(reader.sources[0], problem if n_rejected else "it holds no item")
    return rows
