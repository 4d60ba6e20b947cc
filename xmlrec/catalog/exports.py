"""Exports of shop systems that are known by their header: Google Merchant and Shopify.

Sources: Google Merchant Center help, "Product data specification" and "product_type" (answer
6324406); Shopify help, "Using CSV files to import and export products".
"""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from xmlrec.catalog.records import Record
from xmlrec.catalog.rows import ReadCounts
from xmlrec.catalog.settings import CatalogSettings

_N_PEEKED = 1000
_LINE_END = frozenset("\r\n")

Names = tuple[str, ...]


class Export(NamedTuple):
    """How to read the exports of one system.

    Attributes
    ----------
    name : str
        The system.
    signs : tuple of frozenset of str
        Columns, as `_plain` spells them; a header that has all of one set is of this system.
    columns : dict of str to str
        What columns are called here, by what they are called there.
    labels : tuple of str
        The column of a public taxonomy, and the one with the shop's own categories.
    """

    name: str
    signs: tuple[frozenset[str], ...]
    columns: dict[str, str]
    labels: tuple[str, str]


GOOGLE = Export(
    "Google Merchant",
    (
        frozenset({"title", "google_product_category"}),
        frozenset({"id", "title", "link", "product_type"}),
    ),
    {
        name: name
        for name in ("id", "title", "description", "google_product_category", "product_type")
    },
    ("google_product_category", "product_type"),
)
SHOPIFY = Export(
    "Shopify",
    (
        frozenset({"handle", "title", "body_(html)"}),
        frozenset({"handle", "title", "vendor", "type"}),
        frozenset({"url_handle", "title", "vendor", "type"}),
        frozenset({"url_handle", "title", "description", "product_category"}),
    ),
    {
        "handle": "id",
        "url_handle": "id",
        "title": "title",
        "body_(html)": "description",
        "description": "description",
        "product_category": "product_category",
        "standardized_product_type": "product_category",
        "standard_product_type": "product_category",
        "type": "type",
        "custom_product_type": "type",
    },
    ("product_category", "type"),
)


def recognise(names: Names) -> Export | None:
    """Return the system whose exports have such a header, if it is one."""
    plain = set(map(_plain, names))
    for export in (GOOGLE, SHOPIFY):
        if any(sign <= plain for sign in export.signs):
            return export
    return None


def usual_names(export: Export, names: Names, settings: CatalogSettings) -> Names:
    """Return ``names`` with those of the export as they are called here.

    A column that the settings name keeps its name, and so does one whose name here is taken.
    """
    text = (settings.text_columns or ()) + (settings.model_text or ())
    wanted = {*text, settings.id_column, settings.label_column}
    taken = set(names)
    usual: list[str] = []
    for name in names:
        other = export.columns.get(_plain(name), name)
        if other in taken or name in wanted:
            other = name
        taken.add(other)
        usual.append(other)
    return tuple(usual)


def fuller_column(
    records: Iterator[Record], standard: str, own: str
) -> tuple[str, Iterator[Record]]:
    """Return the column of two that holds the labels, and all records.

    That is ``standard``, unless ``own`` is filled in more than twice as many of the first 1,000
    rows: then few products have a standard category, and the others would count as without one.
    """
    peeked = list(islice(records, _N_PEEKED))
    n_standard, n_own = (
        sum(bool(str(record.values.get(name) or "").strip()) for record in peeked)
        for name in (standard, own)
    )
    return own if n_own > 2 * n_standard else standard, chain(peeked, records)


def products(records: Iterable[Record], names: Names, counts: ReadCounts) -> Iterator[Record]:
    """Yield the records of a Shopify export that are products.

    A product goes on in rows with its handle and no title: one a variant or picture. They are
    counted. After a row that cannot be read they have no product to belong to, but are none either.
    """
    plain = {_plain(name): name for name in names}
    title = plain["title"]
    handle = plain.get("handle") or plain.get("url_handle") or plain["id"]
    above: object = None
    for record in records:
        values = record.values
        if record.fault is not None:
            above = None
        elif not values.get(title) and above in (None, values.get(handle)):
            counts.n_skipped += 1
            continue
        else:
            above = values.get(handle)
        yield record


def split_types(records: Iterable[Record], column: str) -> Iterator[Record]:
    """Yield records in which the paths of Google's ``product_type`` are a list.

    A comma outside of quotes stands between two paths if there is a ``>`` on each side of it; else
    it is part of a name, as many shops have it.
    """
    for record in records:
        value = record.values.get(column)
        if isinstance(value, str) and "," in value and ">" in value and not _LINE_END & set(value):
            parts = next(csv.reader([value], skipinitialspace=True))
            if all(">" in part for part in parts):
                record.values[column] = parts
        yield record


def _plain(name: str) -> str:
    """Return a column's name as exports of any age and language file spell it."""
    return name.strip().lower().removeprefix("g:").replace(" ", "_")
