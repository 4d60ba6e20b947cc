"""Read product catalogs row by row, and write results and rejects."""

from xmlrec.catalog.columns import Columns
from xmlrec.catalog.reading import (
    CatalogReader,
    ReadCounts,
    expand_sources,
    read_catalog,
    read_catalogs,
)
from xmlrec.catalog.result_schema import RESULT_SCHEMA
from xmlrec.catalog.results import SCHEMA, ResultPath, ResultRow, result_path, result_row
from xmlrec.catalog.rows import Fault, Reject, Row
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.catalog.writing import RejectsWriter, rejects_path

__all__ = [
    "RESULT_SCHEMA",
    "SCHEMA",
    "CatalogReader",
    "CatalogSettings",
    "Columns",
    "Fault",
    "ReadCounts",
    "Reject",
    "RejectsWriter",
    "ResultPath",
    "ResultRow",
    "Row",
    "read_catalog",
    "rejects_path",
    "result_path",
    "result_row",
]
