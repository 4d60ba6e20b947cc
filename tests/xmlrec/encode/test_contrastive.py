import numpy as np
import pytest

from tests.oracles.contrastive import loss_reference
from tests.xmlrec.encode.tiny import needs_torch, open_tiny_encoder, save_tiny_model
from xmlrec.encode.contrastive import (
    CHUNK_TOKENS,
    chunk_ends,
    contrastive_loss,
    embed,
    embed_all,
    freeze_layers,
    start_training,
    token_rows,
)

pytestmark = needs_torch

TEXTS = ["red hammer", "saw", "big old blue boot . small red shoe", "", "drill paint"] * 15


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_model(folder)
    return folder


@pytest.fixture
def model(folder):
    return open_tiny_encoder(folder).model.eval()


def made_up_masks(rng, shape):
    kinds = rng.integers(3, size=shape)
    kinds[np.arange(shape[0]), rng.integers(shape[1], size=shape[0])] = 2
    return kinds == 2, kinds == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_loss_is_the_one_stated(seed):
    import torch

    rng = np.random.default_rng(seed)
    S = rng.normal(size=(4, 6)) * 3
    is_own, is_negative = made_up_masks(rng, S.shape)

    loss = contrastive_loss(*map(torch.from_numpy, (S, is_own, is_negative)))

    assert loss.item() == pytest.approx(loss_reference(S, is_own, is_negative), rel=1e-9)


def test_items_without_negatives_cost_nothing_and_have_no_gradient():
    import torch

    S = torch.randn(2, 2, requires_grad=True)
    is_own = torch.tensor([[True, True], [True, True]])
    loss = contrastive_loss(S, is_own, ~is_own)
    loss.backward()

    assert loss.item() == 0
    assert (S.grad == 0).all()


def test_own_labels_do_not_compete():
    import torch

    S = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    is_own = torch.tensor([[True, True, False]])
    contrastive_loss(S, is_own, ~is_own).backward()

    assert (S.grad[0, :2] < 0).all()
    assert S.grad[0, 2] > 0


def test_vectors_are_those_of_the_encoder(folder, model):
    rows = token_rows(model, TEXTS, 64)
    assert len(chunk_ends(np.sort([row.size for row in rows]))) > 1

    vectors = embed_all(model, rows)

    expected = model.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(embed(model, rows).detach().numpy(), vectors, rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_chunks_cost_as_little_as_any(seed):
    sizes = np.sort(np.random.default_rng(seed).integers(1, 90, size=9))

    def cost(ends):
        starts = [0, *ends[:-1]]
        padded = [(end - at) * int(sizes[end - 1]) for at, end in zip(starts, ends, strict=True)]
        return sum(padded) + CHUNK_TOKENS * len(ends)

    cuts = [[at for at in range(1, 9) if chosen >> at & 1] for chosen in range(0, 2**9, 2)]
    assert cost(chunk_ends(sizes)) == min(cost([*ends, 9]) for ends in cuts)


def test_texts_of_one_size_are_one_chunk():
    assert chunk_ends(np.full(500, 12)) == [500]
    assert chunk_ends(np.array([7])) == [1]
    assert chunk_ends(np.array([2] * 50 + [60] * 50)) == [50, 100]


def test_long_texts_are_cut(model):
    rows = token_rows(model, ["red " * 90, "red"], 8)

    assert [row.size for row in rows] == [8, 3]
    assert token_rows(model, [], 8) == []
    assert token_rows(model, ["red " * 90], 200)[0].size == 64


@pytest.mark.parametrize("n", [0, 1, 2])
def test_frozen_layers_get_no_gradient_and_no_dropout(model, n):
    freeze_layers(model, n)
    start_training(model)
    rows = token_rows(model, TEXTS[:4], 64)
    embed(model, rows).sum().backward()

    bert = next(part for part in model.modules() if type(part).__name__ == "BertModel")
    parts = [bert.embeddings, *bert.encoder.layer]
    for number, part in enumerate(parts):
        assert part.training == (number >= n)
        assert all((w.grad is not None) == (number >= n) for w in part.parameters())


@pytest.mark.parametrize("n", [-1, 3])
def test_a_layer_is_left_to_train(model, n):
    with pytest.raises(ValueError, match="frozen_layers must lie between 0 and 2"):
        freeze_layers(model, n)
