import dataclasses
import json

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.encode.sessions.world import (
    LEAF_OF_ITEM,
    N_ITEMS,
    N_ROOTS,
    PARENTS,
    SMALL,
    category_walk,
    content_of,
    rows_of,
)
from tests.xmlrec.encode.tiny import needs_torch
from xmlrec.encode.sessions import ItemContent, SessionModel, SessionQueries, train_session_model
from xmlrec.encode.sessions.files import FACTS, WEIGHTS
from xmlrec.errors import EncoderError

pytestmark = needs_torch


def texts(n, seed=0):
    rows = np.random.default_rng(seed).normal(size=(n, 6)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


CONTENT = content_of(LEAF_OF_ITEM, texts(N_ITEMS))
SESSIONS = category_walk(40, seed=3)


@pytest.fixture(scope="module", params=[True, False], ids=["cosine", "product"])
def model(request):
    settings = dataclasses.replace(SMALL, epochs=2, cosine=request.param, category_feed="stopped")
    walk = category_walk(60, seed=4)
    valid = SessionQueries(indptr=np.arange(61), items=walk.items[4::6], targets=walk.items[5::6])
    return train_session_model(
        SESSIONS.indptr, SESSIONS.items, CONTENT, settings=settings, valid=valid, n_threads=1
    )


def mixed_content():
    """Return items with one path, with several, unsure, without any; and without a text."""
    P = np.zeros((6, len(PARENTS)), np.float32)
    P[0, 5] = 1
    P[1, [4, 7]] = 1
    P[2, [1, 8]] = 0.5, 0.3
    P[4, 2] = 1
    text = texts(6, seed=1)
    text[[3, 4]] = 0
    return ItemContent(P=sp.csr_array(P), parents=PARENTS, text=text)


IDS = np.array([9, -1, 40, -1, 3, -1])


def test_parts_sum_to_the_score(model):
    content = mixed_content()
    vectors = model.item_vectors(content, IDS)
    query = model.encode(np.array([0, 3]), SESSIONS.items[:3], vectors[[0] * N_ITEMS]).queries[0]

    parts = model.parts(query, content, IDS)

    assert parts.shape == (6, 1 + 2 + 1)
    np.testing.assert_allclose(parts.sum(axis=1), vectors @ query, atol=1e-4)


def test_a_part_is_what_the_score_loses_without_it(model):
    """Of products only: with cosines the length of the rest changes, too."""
    content, query = mixed_content(), np.ones(SMALL.dim, np.float32)
    if model.settings.cosine:
        assert np.abs(model.parts(query, content, IDS)).sum() > 0
        return
    no_text = dataclasses.replace(content, text=None)
    no_path = dataclasses.replace(content, P=sp.csr_array(content.P.shape, dtype=np.float32))
    parts = model.parts(query, content, IDS)
    scores, no_id = model.item_vectors(content, IDS) @ query, np.full(6, -1)

    for part, rest in (
        (parts[:, 0], model.item_vectors(content, no_id)),
        (parts[:, 1:-1].sum(axis=1), model.item_vectors(no_path, IDS)),
        (parts[:, -1], model.item_vectors(no_text, IDS)),
    ):
        np.testing.assert_allclose(part, scores - rest @ query, atol=1e-5)


def test_vectors_are_those_that_training_compared(model):
    import torch

    from xmlrec.encode.sessions.network import SparseRows

    with torch.inference_mode():
        expected = model.network.item_vectors(
            torch.arange(N_ITEMS),
            torch.ones(N_ITEMS),
            SparseRows(CONTENT.end_shares()),
            torch.from_numpy(CONTENT.text),
        ).numpy()

    np.testing.assert_allclose(model.item_vectors(CONTENT), expected, atol=1e-5)


def test_later_items_have_no_id_and_new_nodes_are_where_their_parents_are(model):
    parents = np.append(PARENTS, N_ROOTS + 2)
    P = np.zeros((N_ITEMS + 2, len(parents)), np.float32)
    P[:N_ITEMS, : len(PARENTS)] = CONTENT.P.toarray()
    P[N_ITEMS, N_ROOTS + 2] = P[N_ITEMS + 1, -1] = 1
    text = np.vstack([CONTENT.text, texts(1, seed=2), texts(1, seed=2)])

    vectors = model.item_vectors(ItemContent(P=sp.csr_array(P), parents=parents, text=text))

    np.testing.assert_allclose(vectors[:N_ITEMS], model.item_vectors(CONTENT), atol=1e-6)
    np.testing.assert_allclose(vectors[N_ITEMS], vectors[N_ITEMS + 1], atol=1e-6)
    assert vectors[N_ITEMS].any()


def test_a_session_does_not_depend_on_others_nor_on_items_long_ago(model):
    vectors = model.item_vectors(CONTENT)
    rows = [[1, 2, 3], [], [5], [60, 7, *range(10, 15)], list(range(10, 15))]
    sessions = rows_of(rows)

    states = model.encode(sessions.indptr, sessions.items, vectors)

    for number, row in enumerate(rows):
        one = rows_of([row])
        alone = model.encode(one.indptr, one.items, vectors)
        np.testing.assert_allclose(states.queries[number], alone.queries[0], atol=1e-5)
        np.testing.assert_allclose(states.categories[number], alone.categories[0], atol=1e-6)
    np.testing.assert_allclose(states.queries[3], states.queries[4], atol=1e-5)


def test_a_session_without_items_has_zeros(model):
    states = model.encode(np.array([0, 0]), np.array([], np.int32), model.item_vectors(CONTENT))

    assert not states.queries.any()
    assert not states.categories.any()
    assert states.queries.shape == (1, SMALL.dim)
    assert states.categories.shape == (1, len(model.end_nodes))


def test_no_node_is_more_probable_than_its_parent(model):
    states = model.encode(SESSIONS.indptr, SESSIONS.items, model.item_vectors(CONTENT))

    P = model.node_probabilities(states.categories)

    np.testing.assert_allclose(states.categories.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(P[:, :N_ROOTS].sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(P[:, 0], P[:, 4] + P[:, 5], atol=1e-6)
    np.testing.assert_allclose(P[:, model.end_nodes], states.categories, atol=1e-6)


def test_a_saved_model_answers_the_same(model, tmp_path):
    import torch

    torch.manual_seed(7)
    model.save(tmp_path / "new")
    loaded = SessionModel.load(tmp_path / "new")

    vectors = model.item_vectors(CONTENT)
    np.testing.assert_array_equal(loaded.item_vectors(CONTENT), vectors)
    for before, after in zip(
        model.encode(SESSIONS.indptr, SESSIONS.items, vectors),
        loaded.encode(SESSIONS.indptr, SESSIONS.items, vectors),
        strict=True,
    ):
        np.testing.assert_array_equal(before, after)
    assert loaded.settings == model.settings
    assert loaded.temperature == model.temperature != 1
    assert torch.initial_seed() == 7
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [FACTS, WEIGHTS]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / WEIGHTS).unlink(),
        lambda folder: (folder / WEIGHTS).write_bytes(b"short"),
        lambda folder: (folder / FACTS).write_text("{"),
        lambda folder: (folder / FACTS).write_text("[]"),
        lambda folder: edit_facts(folder, format=99),
        lambda folder: edit_facts(folder, settings={"dims": 3}),
    ],
)
def test_a_damaged_model_is_refused(model, tmp_path, damage):
    model.save(tmp_path)
    damage(tmp_path)

    with pytest.raises(EncoderError, match=str(tmp_path)):
        SessionModel.load(tmp_path)


def edit_facts(folder, **change):
    facts = json.loads((folder / FACTS).read_text())
    (folder / FACTS).write_text(json.dumps(facts | change))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (content_of(LEAF_OF_ITEM, np.ones((N_ITEMS, 3), np.float32)), "texts have 3 numbers"),
        (ItemContent(P=CONTENT.P[:, :5], parents=PARENTS[:5]), "there are 5 nodes"),
    ],
)
def test_content_of_another_kind_is_refused(model, content, message):
    with pytest.raises(ValueError, match=message):
        model.item_vectors(content)
