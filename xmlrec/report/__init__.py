"""One offline HTML page about an evaluation, with plots: what to show a customer."""

from xmlrec.report.page import render_report
from xmlrec.report.writing import report_file, write_report

__all__ = ["render_report", "report_file", "write_report"]
