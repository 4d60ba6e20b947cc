"""The files that hold parts."""

from pathlib import Path
from typing import BinaryIO

from xmlrec.errors import InputError


def open_part(part: Path) -> BinaryIO:
    """Open a part; an `InputError` names it, not the output, if that fails."""
    try:
        return open(part, "rb")
    except OSError as error:
        raise InputError(str(part), f"it cannot be read ({error.strerror})") from None
