import pytest

from xmlrec.demo import make_catalog


@pytest.fixture(scope="session")
def catalog():
    return make_catalog()
