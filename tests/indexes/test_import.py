import subprocess
import sys

import pytest

import indexes


def test_importing_the_package_does_not_import_faiss():
    code = "import sys, indexes; indexes.ExactIndex(2); print('faiss' in sys.modules)"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert result.stdout.strip() == "False", result.stderr


def test_every_public_name_is_there():
    assert all(hasattr(indexes, name) for name in indexes.__all__)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        indexes.Nothing  # noqa: B018
