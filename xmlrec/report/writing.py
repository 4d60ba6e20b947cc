"""The page as a file."""

from pathlib import Path

from xmlrec.catalog.output import open_output
from xmlrec.metrics import Evaluation
from xmlrec.report.page import render_report


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the page of `render_report`; ``path`` holds all of it or is as it was before.

    Raises
    ------
    InputError
        If the folder is missing or the file cannot be written; before anything is computed.
    ReportError
        If the packages of the extra ``report`` are not installed.
    """
    with open_output(str(path)) as output:
        output.write(render_report(evaluation))
