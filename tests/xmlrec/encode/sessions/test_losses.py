import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import softmax

from tests.xmlrec.encode.tiny import needs_torch
from xmlrec.encode.sessions.losses import category_loss, fit_temperature, item_loss


def tensors(*arrays):
    import torch

    return [torch.from_numpy(np.asarray(array)) for array in arrays]


@needs_torch
def test_with_all_items_the_loss_is_that_of_the_softmax():
    rng = np.random.default_rng(0)
    queries, vectors = rng.normal(size=(5, 4)), rng.normal(size=(7, 4))
    targets = np.array([0, 6, 3, 3, 1])
    expected = -np.log(softmax(queries @ vectors.T, axis=1)[np.arange(5), targets]).mean()

    is_target = targets[:, np.newaxis] == np.arange(7)
    loss = item_loss(*tensors(queries, vectors[targets], vectors, is_target), 7)

    assert loss.item() == pytest.approx(expected)


@needs_torch
def test_drawn_items_stand_for_all_others():
    queries, of_targets, of_drawn = tensors([[1.0]], [[2.0]], [[0.5], [2.0], [1.0]])
    (is_target,) = tensors([[False, True, False]])

    loss = item_loss(queries, of_targets, of_drawn, is_target, 30)

    wrong = (math.exp(0.5) + math.exp(1)) * 30 / 3
    assert loss.item() == pytest.approx(-math.log(math.exp(2) / (math.exp(2) + wrong)))


@needs_torch
def test_where_no_wrong_item_is_drawn_nothing_is_lost():
    queries, of_targets, of_drawn, is_target = tensors([[1.0]], [[2.0]], [[2.0]], [[True]])
    queries.requires_grad_()

    loss = item_loss(queries, of_targets, of_drawn, is_target, 1)
    loss.backward()

    assert loss.item() == 0
    assert queries.grad.item() == 0


@needs_torch
def test_rows_without_a_category_do_not_count():
    P = softmax([[1.0, 2.0, 0.5], [3.0, 1.0, 1.0], [0.0, 0.0, 1.0]], axis=1)
    counts, ends, shares = tensors([2, 0, 1], [0, 2, 1], [0.75, 0.25, 1.0])

    loss = category_loss(*tensors(np.log(P)), counts, ends, shares)

    expected = -(0.75 * math.log(P[0, 0]) + 0.25 * math.log(P[0, 2]) + math.log(P[2, 1])) / 2
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_sure_and_unsure_probabilities_is_found(temperature):
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, size=(20_000, 6))
    P = softmax(logits, axis=1)
    drawn = (P.cumsum(axis=1) < rng.random((len(P), 1))).sum(axis=1).clip(max=5)
    rows = np.arange(len(P))
    shares = sp.csr_array((np.ones(len(P)), (rows, drawn)), shape=P.shape)

    found = fit_temperature(softmax(logits * temperature, axis=1).astype(np.float32), shares)

    assert found == pytest.approx(temperature, rel=0.04)


def test_without_categories_the_temperature_is_one():
    assert fit_temperature(np.ones((3, 2), np.float32), sp.csr_array((3, 2))) == 1.0
