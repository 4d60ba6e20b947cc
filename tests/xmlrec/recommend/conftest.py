import pytest

from tests.xmlrec.models.shop import fit_shop
from tests.xmlrec.recommend.world import SHUFFLED, fit_world, world_sessions


@pytest.fixture(scope="session")
def classifier():
    """A trained classifier of the shop; tests do not change it."""
    return fit_shop(preset="fast")


@pytest.fixture(scope="session")
def world():
    """A recommender of the made-up shop; tests do not change it."""
    return fit_world()


@pytest.fixture(scope="session")
def shuffled_world():
    """One of the same sessions, but items stand on the shelves of others."""
    return fit_world(sessions=world_sessions(400, seed=0, order=SHUFFLED))
