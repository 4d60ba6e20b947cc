import pytest

from tests.xmlrec.models.shop import fit_shop


@pytest.fixture(scope="session")
def classifier():
    """A trained classifier of the shop; tests do not change it."""
    return fit_shop(preset="fast")
