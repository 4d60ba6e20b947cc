"""Read product catalogs row by row, and write results and rejects."""

from xmlrec.catalog.audit_rows import AUDIT_SCHEMA, AuditRow, Verdict
from xmlrec.catalog.columns import Columns
from xmlrec.catalog.inputs import expand_sources
from xmlrec.catalog.reading import CatalogReader, read_catalog
from xmlrec.catalog.result_schema import RESULT_SCHEMA
from xmlrec.catalog.results import SCHEMA, ResultPath, ResultRow, result_path, result_row
from xmlrec.catalog.rows import Fault, ReadCounts, Reject, Row, raw_text
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.catalog.writing import RejectsWriter, rejects_path

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
    "expand_sources",
    "raw_text",
    "read_catalog",
    "rejects_path",
    "result_path",
    "result_row",
]
