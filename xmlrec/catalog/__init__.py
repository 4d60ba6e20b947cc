"""Read product catalogs row by row, and write results and rejects."""

from xmlrec.catalog.columns import Columns
from xmlrec.catalog.inputs import expand_sources
from xmlrec.catalog.reading import CatalogReader, read_catalog
from xmlrec.catalog.result_schema import RESULT_SCHEMA
from xmlrec.catalog.results import SCHEMA, ResultPath, ResultRow, result_path, result_row
from xmlrec.catalog.rows import Fault, ReadCounts, Reject, Row, raw_text
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
    "expand_sources",
    "raw_text",
    "read_catalog",
    "rejects_path",
    "result_path",
    "result_row",
]
