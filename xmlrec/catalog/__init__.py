"""Read product catalogs row by row, and write results and rejects."""

from xmlrec.catalog.audit_rows import AUDIT_SCHEMA, AuditRow, Verdict
from xmlrec.catalog.columns import Columns
from xmlrec.catalog.reading import CatalogReader, ReadCounts, expand_sources, read_catalog, read_catalogs
from xmlrec.catalog.result_schema import RESULT_SCHEMA
from xmlrec.catalog.results import SCHEMA, ResultPath, ResultRow, result_path, result_row
from xmlrec.catalog.rows import Fault, Reject, Row, raw_text
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.catalog.writing import RejectsWriter, open_results, rejects_path

__all__ = [
    "AUDIT_SCHEMA",
    "RESULT_SCHEMA",
    "SCHEMA",
    "AuditRow",
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
    "Verdict",
    "open_results",
    "expand_sources",
    "raw_text",
    "read_catalog",
    "read_catalogs",
    "rejects_path",
    "result_path",
    "result_row",
]
