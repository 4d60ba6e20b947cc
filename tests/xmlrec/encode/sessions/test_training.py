import dataclasses
import logging

import numpy as np
import pytest

from tests.xmlrec.encode.sessions.world import (
    LEAF_OF_ITEM,
    N_CYCLE,
    N_ITEMS,
    N_LEAVES,
    N_ROOTS,
    PARENTS,
    SMALL,
    category_walk,
    content_of,
    cycle,
    rows_of,
)
from tests.xmlrec.encode.tiny import needs_torch
from xmlrec.encode.sessions import ItemContent, SessionQueries, train_session_model
from xmlrec.encode.sessions.judging import figures_of, target_ranks
from xmlrec.errors import EncoderError, TrainingError

pytestmark = needs_torch

CONTENT = content_of(LEAF_OF_ITEM)
LONGER = {"epochs": 40, "lr": 0.02}
COLD = np.arange(N_ITEMS) % 8 == 7
"""One item of each leaf is in no session."""


def train(sessions, content=CONTENT, **change):
    others = {name: change.pop(name) for name in ("valid", "folder", "on_step") if name in change}
    settings = dataclasses.replace(SMALL, **change)
    return train_session_model(
        sessions.indptr, sessions.items, content, settings=settings, n_threads=1, **others
    )


def best_items(model, content, sessions, among=None):
    """Return the item of highest score for each session."""
    among = np.arange(len(content)) if among is None else among
    vectors = model.item_vectors(content)
    states = model.encode(sessions.indptr, sessions.items, vectors)
    return among[(states.queries @ vectors[among].T).argmax(axis=1)]


def queries_of(sessions, **others):
    """Return the sessions without their last item, which becomes the target."""
    rows = np.split(sessions.items, sessions.indptr[1:-1])
    shorter = rows_of([row[:-1] for row in rows])
    targets = np.array([row[-1] for row in rows])
    return SessionQueries(indptr=shorter.indptr, items=shorter.items, targets=targets, **others)


def weights_of(model):
    return {name: of.numpy().copy() for name, of in model.network.state_dict().items()}


def assert_equal_models(model, other, atol=0.0):
    ours, theirs = weights_of(model), weights_of(other)
    assert ours.keys() == theirs.keys()
    for name, weights in ours.items():
        np.testing.assert_allclose(weights, theirs[name], rtol=0, atol=atol, err_msg=name)
    assert model.temperature == pytest.approx(other.temperature, rel=1e-4 if atol else 0)


class KilledError(Exception):
    """What the tests raise in the middle of a training."""


def kill_at(n_steps):
    def on_step(step, of):
        if step == n_steps:
            raise KilledError

    return on_step


def assert_cycle_is_learned(model, content):
    items = np.arange(N_CYCLE)
    sessions = rows_of([[(item - 1) % N_CYCLE, item] for item in items])
    np.testing.assert_array_equal(best_items(model, content, sessions), (items + 1) % N_CYCLE)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"n_negatives": 0},
        {"cosine": False},
        {"category_feed": "none"},
        {"category_feed": "stopped", "category_share": 0.2},
    ],
    ids=str,
)
def test_the_item_that_always_comes_next_is_learned(change):
    assert_cycle_is_learned(train(cycle(), **LONGER | change), CONTENT)


def test_items_are_learned_without_any_path():
    content = ItemContent(P=CONTENT.P[:, :0], parents=PARENTS[:0])

    model = train(cycle(), content, **LONGER)

    assert_cycle_is_learned(model, content)
    assert model.end_nodes.size == 0


def test_the_category_that_always_comes_next_is_learned_and_sure():
    model = train(category_walk(), valid=queries_of(category_walk(60, seed=1)))

    sessions = category_walk(80, length=3, seed=2)
    states = model.encode(sessions.indptr, sessions.items, model.item_vectors(CONTENT))
    expected = (LEAF_OF_ITEM[sessions.items[2::3]] + 1) % N_LEAVES
    np.testing.assert_array_equal(model.end_nodes, N_ROOTS + np.arange(N_LEAVES))
    np.testing.assert_array_equal(states.categories.argmax(axis=1), expected)
    assert states.categories.max(axis=1).mean() > 0.95


@pytest.fixture(scope="module")
def cold_model():
    return train(category_walk(known=np.flatnonzero(~COLD)), id_dropout=0.25)


def leaves_of_cold(model, content):
    """Return the leaf of the best cold item, by its place, for a session in each leaf."""
    sessions = rows_of([[8 * leaf, 8 * ((leaf + 1) % N_LEAVES)] for leaf in range(N_LEAVES)])
    return LEAF_OF_ITEM[best_items(model, content, sessions, np.flatnonzero(COLD))]


def test_a_cold_item_is_found_by_its_path(cold_model):
    expected = (np.arange(N_LEAVES) + 2) % N_LEAVES

    np.testing.assert_array_equal(leaves_of_cold(cold_model, CONTENT), expected)


def test_a_cold_item_with_a_wrong_path_is_not_found(cold_model):
    moved = np.where(COLD, (LEAF_OF_ITEM + 3) % N_LEAVES, LEAF_OF_ITEM)
    expected = (np.arange(N_LEAVES) + 2) % N_LEAVES

    assert not (leaves_of_cold(cold_model, content_of(moved)) == expected).any()


def test_a_shuffled_taxonomy_does_not_help_cold_items():
    shuffled = content_of(np.random.default_rng(0).permutation(LEAF_OF_ITEM))
    model = train(category_walk(known=np.flatnonzero(~COLD)), shuffled, id_dropout=0.25)

    expected = (np.arange(N_LEAVES) + 2) % N_LEAVES

    assert (leaves_of_cold(model, shuffled) == expected).mean() < 0.5


def test_a_cold_item_is_found_by_its_text():
    text = np.eye(N_LEAVES, dtype=np.float32)[LEAF_OF_ITEM]
    content = ItemContent(P=CONTENT.P[:, :0], parents=PARENTS[:0], text=text)

    model = train(category_walk(known=np.flatnonzero(~COLD)), content, id_dropout=0.25)

    expected = (np.arange(N_LEAVES) + 2) % N_LEAVES
    np.testing.assert_array_equal(leaves_of_cold(model, content), expected)


def test_items_without_sessions_have_no_vector_of_their_own(cold_model):
    is_zero = ~weights_of(cold_model)["ids.weight"].any(axis=1)

    np.testing.assert_array_equal(is_zero, COLD)


def test_a_session_of_equal_items_alone_can_be_trained():
    model = train(rows_of([[3, 3, 3]] * 4), epochs=2)

    assert all(np.isfinite(weights).all() for weights in weights_of(model).values())


def test_equal_calls_make_equal_models_whatever_torch_drew_before():
    import torch

    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        models.append(train(cycle(), epochs=2, valid=queries_of(cycle(20))))
        assert torch.initial_seed() == seed

    assert_equal_models(*models)


@pytest.mark.parametrize("n_steps", [3, 7, 10])
def test_a_killed_training_goes_on_where_it_was(tmp_path, monkeypatch, n_steps):
    from xmlrec.encode.sessions import run

    monkeypatch.setattr(run, "SAVE_S", 0.0)
    arguments = {"epochs": 4, "category_share": 0.25, "valid": queries_of(cycle(20))}
    whole = train(cycle(), **arguments)
    with pytest.raises(KilledError):
        train(cycle(), folder=tmp_path, on_step=kill_at(n_steps), **arguments)
    steps = []

    resumed = train(
        cycle(), folder=tmp_path, on_step=lambda step, of: steps.append((step, of)), **arguments
    )

    assert steps == [(step, 16) for step in range(n_steps, 17)]  # the step of the kill comes again
    assert_equal_models(resumed, whole, atol=1e-5)


def test_a_finished_training_is_not_repeated(tmp_path):
    first = train(cycle(), epochs=2, folder=tmp_path)

    again = train(cycle(), epochs=2, folder=tmp_path, on_step=kill_at(1))

    assert_equal_models(again, first)


@pytest.mark.parametrize("change", ["settings", "sessions", "paths", "validation"])
def test_the_state_of_another_training_is_refused(tmp_path, change):
    arguments = {"sessions": cycle(), "epochs": 1, "folder": tmp_path}
    train(**arguments)
    other = {
        "settings": {"lr": 0.02},
        "sessions": {"sessions": cycle(length=5)},
        "paths": {"content": content_of(LEAF_OF_ITEM[::-1])},
        "validation": {"valid": queries_of(cycle(20))},
    }

    with pytest.raises(EncoderError, match="on other rows, settings or weights"):
        train(**arguments | other[change])


def test_the_best_weights_are_kept(caplog):
    caplog.set_level(logging.INFO)
    walk = category_walk(60, seed=1)
    backwards = rows_of([row[::-1] for row in np.split(walk.items, walk.indptr[1:-1])])
    valid = queries_of(backwards)

    model = train(category_walk(), valid=valid, patience=3)

    messages = [record.getMessage() for record in caplog.records if "NDCG" in record.getMessage()]
    scores = [float(message.split("NDCG@20 ")[1]) for message in messages]
    best = int(np.argmax(scores))
    assert len(scores) == best + 1 + 3 < SMALL.epochs
    vectors = model.item_vectors(CONTENT)
    queries = model.encode(valid.indptr, valid.items, vectors).queries
    figures = figures_of(target_ranks(queries, vectors, valid))
    assert figures["NDCG@20"] == pytest.approx(max(scores), abs=1e-4)
    assert scores[-1] < max(scores) - 1e-3


def test_sessions_without_a_next_item_are_refused():
    with pytest.raises(TrainingError, match="no session has two events"):
        train(rows_of([[1], [], [2]]))


@pytest.mark.parametrize("item", [-1, N_ITEMS])
def test_an_unknown_item_is_refused(item):
    with pytest.raises(ValueError, match=f"items must be between 0 and {N_ITEMS - 1}"):
        train(rows_of([[0, item]]))


def test_without_torch_the_way_to_install_it_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(EncoderError, match=r"torch is not installed.*pip install"):
        train(cycle())
