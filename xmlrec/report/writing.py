"""The page as a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xmlrec.catalog.output import open_output
from xmlrec.metrics import Evaluation
from xmlrec.report.page import check_installed, render_report


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


@contextmanager
def report_file(path: Path) -> Iterator[Callable[[Evaluation], None]]:
    """Open a page before the evaluation is there, so that what stands in its way is said at once.

    The block gets what writes it; it appears when the block ends well. Raises as `write_report`.
    """
    check_installed()
    with open_output(str(path)) as output:
        yield lambda evaluation: output.write(render_report(evaluation))
