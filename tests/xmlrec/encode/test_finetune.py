import logging

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.encode.tiny import WORDS, needs_torch, open_tiny_encoder, save_tiny_model
from xmlrec.encode import training_run
from xmlrec.encode.finetune import finetune
from xmlrec.encode.finetune_settings import FinetuneSettings, ValidationRows
from xmlrec.encode.label_texts import nearest_labels
from xmlrec.errors import EncoderError

N_LABELS = 11
LABEL_TEXTS = [f"{word} . tools {word}" for word in WORDS[:N_LABELS]]
SETTINGS = FinetuneSettings(epochs=2, batch_size=16, lr=3e-3, frozen_layers=0, seed=3)
STEPS_PER_EPOCH = 9
N_ITEMS = STEPS_PER_EPOCH * 16 - N_LABELS


def catalog(n=N_ITEMS, seed=0):
    """Return items that name their label's other word twice, and another word once; and Y."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % N_LABELS
    words = WORDS[N_LABELS:]
    texts = [f"{words[label]} {words[label]} {rng.choice(words)}" for label in labels]
    return texts, sp.csr_array((np.ones(n), (np.arange(n), labels)), shape=(n, N_LABELS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_model(folder)
    return folder


@pytest.fixture
def encoder(folder):
    return open_tiny_encoder(folder)


def weights_of(encoder):
    return np.concatenate([w.detach().numpy().ravel() for w in encoder.model.parameters()])


def share_right(encoder, label_vectors=None):
    """Return the share of new items whose nearest label is their own, by its text by default."""
    texts, Y = catalog(90, seed=1)
    vectors = encoder.encode(LABEL_TEXTS) if label_vectors is None else label_vectors
    ranked = nearest_labels(encoder.encode(texts), vectors, 1)[:, 0]
    return (ranked == Y.indices).mean()


class KilledError(Exception):
    """What the tests raise in the middle of a training."""


def kill_after(encoder, n_steps, monkeypatch):
    """Let the training of ``encoder`` die at the start of step ``n_steps``, counted from 0."""
    make_step = training_run.TrainingRun.make_step

    def fail_or_step(run, batch):
        if run.model is encoder.model and run.state.step == n_steps:
            raise KilledError
        return make_step(run, batch)

    monkeypatch.setattr(training_run.TrainingRun, "make_step", fail_or_step)
    monkeypatch.setattr(training_run, "SAVE_S", 0.0)


@needs_torch
def test_the_labels_of_a_catalog_are_learned(encoder):
    before = share_right(encoder)
    settings = FinetuneSettings(epochs=6, batch_size=16, lr=3e-3, frozen_layers=0)

    trained, label_vectors = finetune(encoder, *catalog(), LABEL_TEXTS, settings=settings)

    assert before < 0.5
    assert share_right(trained, label_vectors) > 0.9
    assert share_right(trained) > 0.9


@needs_torch
def test_label_vectors_are_trained_ones_texts_or_nothing(encoder):
    texts, Y = catalog()
    is_known = np.arange(N_LABELS) < 8
    Y = Y @ sp.diags_array(is_known.astype(np.float32))
    labels = [*LABEL_TEXTS[:10], ""]

    trained, vectors = finetune(encoder, texts, sp.csr_array(Y), labels, settings=SETTINGS)

    of_texts = trained.encode(labels)
    np.testing.assert_allclose(np.linalg.norm(vectors[:10], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[8:10], of_texts[8:10], atol=1e-5)
    assert np.abs(vectors[:8] - of_texts[:8]).max(axis=1).min() > 1e-3
    assert not vectors[10].any()


@needs_torch
def test_training_goes_on_from_given_label_vectors(encoder):
    start = np.eye(N_LABELS, encoder.dim, dtype=np.float32)
    settings = FinetuneSettings(epochs=1, lr=1e-9, label_lr=1e-9)

    _, vectors = finetune(encoder, *catalog(32), LABEL_TEXTS, settings=settings, start=start)

    np.testing.assert_allclose(vectors, start, atol=1e-6)


@needs_torch
def test_a_trained_encoder_reads_as_much_as_training_did(encoder):
    settings = FinetuneSettings(epochs=1, max_length=4, frozen_layers=0)

    trained, _ = finetune(encoder, *catalog(32), LABEL_TEXTS, settings=settings)

    short, long = trained.encode(["red hammer", "red hammer saw drill"])
    np.testing.assert_allclose(short, long, atol=1e-5)


@needs_torch
def test_equal_calls_make_equal_weights_whatever_torch_drew_before(folder):
    import torch

    trained = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        trained.append(
            finetune(open_tiny_encoder(folder), *catalog(), LABEL_TEXTS, settings=SETTINGS)[0]
        )
        assert torch.initial_seed() == seed

    np.testing.assert_array_equal(*map(weights_of, trained))


@needs_torch
@pytest.mark.parametrize("n_steps", [3, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 5])
def test_a_killed_training_goes_on_where_it_was(folder, tmp_path, monkeypatch, n_steps):
    texts, Y = catalog()
    valid = ValidationRows(*catalog(30, seed=5))
    arguments = {
        "settings": SETTINGS,
        "valid": valid,
        "parents": np.full(N_LABELS, -1),
    }
    whole, vectors = finetune(open_tiny_encoder(folder), texts, Y, LABEL_TEXTS, **arguments)
    first = open_tiny_encoder(folder)
    kill_after(first, n_steps, monkeypatch)
    with pytest.raises(KilledError):
        finetune(first, texts, Y, LABEL_TEXTS, folder=tmp_path / "state", **arguments)

    second = open_tiny_encoder(folder)
    seen = []
    monkeypatch.setattr(
        training_run._Progress, "add", lambda progress, loss, n_items: seen.append(loss)
    )
    resumed, resumed_vectors = finetune(
        second, texts, Y, LABEL_TEXTS, folder=tmp_path / "state", **arguments
    )

    assert len(seen) == 2 * STEPS_PER_EPOCH - n_steps
    np.testing.assert_allclose(weights_of(resumed), weights_of(whole), rtol=0, atol=1e-5)
    np.testing.assert_allclose(resumed_vectors, vectors, rtol=0, atol=1e-5)


@needs_torch
def test_a_finished_training_is_not_repeated(folder, tmp_path, monkeypatch):
    arguments = {"settings": SETTINGS, "folder": tmp_path}
    first, vectors = finetune(open_tiny_encoder(folder), *catalog(), LABEL_TEXTS, **arguments)

    second = open_tiny_encoder(folder)
    kill_after(second, 0, monkeypatch)
    again, vectors_again = finetune(second, *catalog(), LABEL_TEXTS, **arguments)

    np.testing.assert_array_equal(weights_of(again), weights_of(first))
    np.testing.assert_array_equal(vectors_again, vectors)


@needs_torch
@pytest.mark.parametrize("change", ["settings", "texts", "Y", "labels", "weights"])
def test_the_state_of_another_training_is_refused(folder, tmp_path, change):
    texts, Y = catalog(32)
    finetune(open_tiny_encoder(folder), texts, Y, LABEL_TEXTS, settings=SETTINGS, folder=tmp_path)
    other, labels, settings = open_tiny_encoder(folder), LABEL_TEXTS, SETTINGS
    if change == "settings":
        settings = FinetuneSettings(seed=4)
    elif change == "texts":
        texts = texts[::-1]
    elif change == "Y":
        Y = Y[::-1]
    elif change == "labels":
        labels = LABEL_TEXTS[::-1]
    else:
        next(other.model.parameters()).data[0, 0] += 1

    with pytest.raises(EncoderError, match="on other rows, settings or weights"):
        finetune(other, texts, Y, labels, settings=settings, folder=tmp_path)


@needs_torch
def test_training_that_only_hurts_gives_back_the_model_as_it_was(encoder, caplog):
    texts, Y = catalog()
    before = weights_of(encoder)
    valid = ValidationRows([LABEL_TEXTS[0]], Y[:1])  # found first before, and never better
    settings = FinetuneSettings(epochs=5, batch_size=16, lr=1e-2, frozen_layers=0)

    with caplog.at_level(logging.INFO, logger=training_run.__name__):
        trained, _ = finetune(encoder, texts, Y, LABEL_TEXTS, settings=settings, valid=valid)

    np.testing.assert_array_equal(weights_of(trained), before)
    measured = [record.getMessage() for record in caplog.records if "recall" in record.message]
    assert len(measured) == 2  # before the first epoch and after it


@needs_torch
def test_progress_is_logged_with_the_time_left(encoder, caplog, monkeypatch):
    monkeypatch.setattr(training_run, "LOG_S", 0.0)
    with caplog.at_level(logging.INFO, logger=training_run.__name__):
        finetune(encoder, *catalog(), LABEL_TEXTS, settings=SETTINGS)

    assert caplog.messages[0].startswith("step 1 of 18, loss ")
    assert caplog.messages[0].endswith("minutes left")
    assert len(caplog.messages) == 18


@needs_torch
def test_the_model_is_left_ready_to_encode(encoder):
    settings = FinetuneSettings(epochs=1, batch_size=16, frozen_layers=2)
    trained, _ = finetune(encoder, *catalog(32), LABEL_TEXTS, settings=settings)

    assert not trained.model.training
    assert all(weights.requires_grad for weights in trained.model.parameters())


@needs_torch
@pytest.mark.parametrize(("n_items", "n_labels"), [(31, N_LABELS), (32, 10)])
def test_shapes_that_do_not_fit_are_refused(encoder, n_items, n_labels):
    texts, Y = catalog(32)

    with pytest.raises(ValueError, match=r"has shape .* expected"):
        finetune(encoder, texts[:n_items], Y, LABEL_TEXTS[:n_labels])


@needs_torch
def test_validation_rows_have_the_same_labels(encoder):
    texts, Y = catalog(32)
    valid = ValidationRows(texts, Y[:, 1:])

    with pytest.raises(ValueError, match="has 10 labels, expected 11"):
        finetune(encoder, texts, Y, LABEL_TEXTS, valid=valid)


@pytest.mark.parametrize(("n_texts", "n_kinds", "rows"), [(4, 5, 5), (5, 4, 5), (2, 2, 0)])
def test_validation_rows_that_do_not_fit_are_refused(n_texts, n_kinds, rows):
    texts, Y = catalog(32)

    with pytest.raises(ValueError, match=rf"got {n_texts} texts, Y of .* and {n_kinds} kinds"):
        ValidationRows(
            texts[:n_texts], Y[:rows] if rows else sp.csr_array((2, 11)), np.ones(n_kinds)
        )


@pytest.mark.gpu
@needs_torch
def test_a_model_on_a_gpu_learns_there(folder):
    import torch

    encoder = open_tiny_encoder(folder)
    encoder.model.to("cuda")
    settings = FinetuneSettings(epochs=6, batch_size=16, lr=3e-3, frozen_layers=0)

    trained, _ = finetune(encoder, *catalog(), LABEL_TEXTS, settings=settings)

    assert trained.model.device.type == "cuda"
    assert torch.isfinite(next(trained.model.parameters())).all()
    assert share_right(trained) > 0.9


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"lr": 0.0}, "lr must be above 0"),
        ({"temperature": np.inf}, "temperature must be above 0"),
        ({"label_lr": -1.0}, "label_lr must be above 0"),
        ({"frozen_layers": -1}, "frozen_layers must be at least 0"),
    ],
)
def test_settings_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        FinetuneSettings(**values)
