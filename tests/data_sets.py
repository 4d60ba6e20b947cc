"""Where the real data sets are: ``XMLREC_DATA``, else ``../shared/data`` beside the repository."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


def data_file(name: str) -> Path:
    """Return the path of a file such as ``gpc/taxonomy.csv``; skip the test where it is missing."""
    folder = Path(os.environ.get("XMLREC_DATA") or _ROOT.parent / "shared" / "data")
    path = folder / name
    if not path.exists():
        pytest.skip(f"{path} is missing; set XMLREC_DATA to the folder of the real data sets")
    return path
