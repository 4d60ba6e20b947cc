import numpy as np
import pytest

from bench.catalogs import make_catalog
from bench.datasets import TextSet
from bench.softmax import Cosines, best, fit_sharpness, softmax_confidences
from xmlrec.encode import packaged_encoder


def row(title, path):
    return {"title": title, "description": "", "paths": [[path]]}


def test_sharpness_is_that_of_the_softmax_that_drew_the_labels():
    rng = np.random.default_rng(0)
    S = rng.uniform(-1, 1, size=(4_000, 5))
    chances = np.exp(3.0 * S) / np.exp(3.0 * S).sum(axis=1, keepdims=True)
    drawn = (rng.random((4_000, 1)) > np.cumsum(chances, axis=1)).sum(axis=1)

    sharpness = fit_sharpness(S, np.eye(5, dtype=bool)[drawn])

    assert sharpness == pytest.approx(3.0, rel=0.1)
    np.testing.assert_allclose(best(S, 3.0), chances.max(axis=1))


def test_rows_that_are_called_as_their_label_are_right_and_sure():
    names = ("winter boots", "kitchen knife", "garden hose")
    rows = [row(name, name) for name in names]
    catalog = make_catalog(TextSet("tiny", rows * 3, rows))

    found = softmax_confidences(packaged_encoder(), catalog)

    assert found.is_right.all()
    assert found.is_sure[0.95].all()
    assert (found.confidence > 0.9).all()
    assert Cosines(packaged_encoder(), catalog).of(catalog.test_items).shape == (3, 3)
