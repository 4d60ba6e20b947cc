import pytest

from tests.xmlrec.models.shop import fit_shop


@pytest.fixture(scope="session")
def classifier():
    """A trained classifier of the shop; tests do not change it."""
    return fit_shop()


@pytest.fixture(scope="session")
def saved(classifier, tmp_path_factory):
    """The folder of a saved classifier; tests copy it before they damage it."""
    folder = tmp_path_factory.mktemp("models") / "shop"
    classifier.save(folder)
    return folder
