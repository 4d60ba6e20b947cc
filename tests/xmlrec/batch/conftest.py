import json

import pytest

from tests.xmlrec.batch.faulty import FaultyRequest
from tests.xmlrec.models.shop import fit_shop
from xmlrec.batch import Request, choose_format
from xmlrec.batch.chunks import Chunk
from xmlrec.catalog import Row
from xmlrec.models import TaxonomyClassifier


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a model of the shop."""
    folder = tmp_path_factory.mktemp("batch") / "model"
    fit_shop().save(folder)
    return folder


@pytest.fixture(scope="session")
def asked(model):
    """What a request for JSON lines is made of."""
    name = TaxonomyClassifier.load(model).model_name_
    form = choose_format("out.jsonl", n_paths=3)
    return {"model": model, "model_name": name, "format": form}


@pytest.fixture(scope="session")
def request_(asked):
    return Request(**asked)


@pytest.fixture(scope="session")
def faulty(asked):
    return FaultyRequest(**asked)


def row(number, title):
    return Row(f"{number:03}", {"title": title}, None, number + 2, 10 * number, "shop.csv")


def chunk_of(titles, number=0):
    """Return a chunk of rows with these titles, the ids 000, 001 and so on."""
    return Chunk(number, tuple(row(place, title) for place, title in enumerate(titles)))


def ids(part):
    """Return the ids of the results in a part, and of its rejects."""
    answered = [json.loads(line)["id"] for line in part.results.splitlines()]
    rejected = [json.loads(json.loads(line)["raw"])["id"] for line in part.rejects.splitlines()]
    return answered, rejected
