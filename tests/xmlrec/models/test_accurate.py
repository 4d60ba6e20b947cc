"""The preset with a transformer, here one that is small enough to train in seconds."""

import shutil
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.encode.tiny import WORDS, needs_torch, save_tiny_model
from tests.xmlrec.models.test_explaining import assert_adds_up
from xmlrec.encode import SentenceEncoder, training_run
from xmlrec.encode.label_texts import scale_rows
from xmlrec.errors import EncoderError, ModelError
from xmlrec.fuse.scores import NAMES as NAMES_OF_TERMS
from xmlrec.models import TaxonomyClassifier, parts_training
from xmlrec.models.changing import open_view
from xmlrec.models.explaining import explain
from xmlrec.models.teachers import open_teacher

pytestmark = needs_torch

NAMES = WORDS[:6]
SIGNS = WORDS[6:12]
PER_CATEGORY = 12


def items_of(seed=0):
    """Return items of six categories: a sign of the category, and a word that says nothing."""
    rng = np.random.default_rng(seed)
    return [
        {"title": f"{SIGNS[i]} {rng.choice(WORDS[14:])}", "paths": [["shop", NAMES[i]]]}
        for i in np.arange(PER_CATEGORY * len(NAMES)) % len(NAMES)
    ]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_model(folder)
    return str(folder)


@pytest.fixture(scope="module")
def patched():
    how = parts_training.FinetuneSettings(epochs=4, batch_size=8, lr=3e-3, frozen_layers=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_training, "FIRST", how)
        yield


def new_classifier(tiny):
    return TaxonomyClassifier(preset="accurate", encoder=tiny, text=("title",), n_threads=1)


@pytest.fixture(scope="module")
def classifier(tiny, patched):
    return new_classifier(tiny).fit(items_of())


def first_paths(classifier, titles):
    return [row["paths"][0]["path"][-1] for row in classifier.classify(titles)]


def test_answers_are_explained(classifier):
    for title in (SIGNS[2], WORDS[13], f"{SIGNS[2]} {NAMES[4]}"):
        for explained in classifier.explain(title, 3):
            assert_adds_up(explained)
            assert len(explained.neighbours) == 3
    (explained,) = classifier.explain(SIGNS[2])
    assert all(SIGNS[2] in each.text for each in explained.neighbours)


def test_an_item_without_words_but_with_tokens_is_explained_by_its_vector(classifier):
    ranker = copy(classifier.ranker_)
    ranker.features = copy(ranker.features)
    n_features = ranker.features.n_features
    ranker.features.transform = lambda items, **_: sp.csr_array(
        (len(items), n_features), dtype=np.float32
    )

    (explained,) = explain(replace(classifier.view, ranker=ranker), {"title": SIGNS[2]})

    assert_adds_up(explained)
    assert explained.terms[NAMES_OF_TERMS.index("vector")].value != 0
    assert explained.terms[NAMES_OF_TERMS.index("name words")].words.total == 0


def test_items_are_classified(classifier):
    assert isinstance(classifier.parts.ranker.dense.encoder.first, SentenceEncoder)
    assert first_paths(classifier, SIGNS) == list(NAMES)


def test_the_transformer_alone_knows_the_categories(classifier):
    dense = classifier.parts.ranker.dense
    found = dense.similar_labels(dense.encoder.encode(SIGNS), None)[:, 0]

    assert [classifier.taxonomy_.names[label] for label in found] == list(NAMES)


def test_a_saved_model_answers_as_before(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    loaded = TaxonomyClassifier.load(tmp_path / "model", n_threads=1)

    assert loaded.settings == classifier.settings
    for one, other in zip(loaded.classify(SIGNS), classifier.classify(SIGNS), strict=True):
        assert [p["path"] for p in one["paths"]] == [p["path"] for p in other["paths"]]


def test_a_new_category_is_found_by_its_text(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    loaded = TaxonomyClassifier.load(tmp_path / "model", n_threads=1)
    loaded.add_category(["shop", "sofa"])

    (row,) = loaded.classify(["sofa"])

    assert ["shop", "sofa"] in [found["path"] for found in row["paths"] + row["alternatives"]]


def test_its_token_vectors_teach_another_preset(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    ranker, view = classifier.parts.ranker, open_view(classifier.parts, "model")

    teacher = open_teacher(str(tmp_path / "model"), view.taxonomy, view.known)

    static = ranker.dense.encoder.second
    assert teacher.encoder.digest == static.digest
    of_static = ranker.labels.vectors[view.known.columns, -static.dim :]
    np.testing.assert_allclose(teacher.vectors, scale_rows(of_static), atol=1e-6)
    student = TaxonomyClassifier(preset="fast", text=("title",), teacher=str(tmp_path / "model"))
    assert first_paths(student.fit(items_of()), SIGNS) == list(NAMES)


def test_a_damaged_transformer_is_named(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    (weights,) = (tmp_path / "model").rglob("model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    with pytest.raises(ModelError, match="model.safetensors"):
        TaxonomyClassifier.load(tmp_path / "model")
    with pytest.raises(EncoderError, match="its digest is wrong"):
        TaxonomyClassifier.load(tmp_path / "model", verify=False)


def test_many_texts_are_seen_less_often(tiny, patched, monkeypatch):
    epochs, finetune = [], parts_training.finetune

    def record(*arguments, settings, **more):
        epochs.append(settings.epochs)
        return finetune(*arguments, settings=settings, **more)

    monkeypatch.setattr(parts_training, "finetune", record)
    for limit in (10**6, 150, 1):
        monkeypatch.setattr(parts_training, "MAX_TEXTS", limit)
        new_classifier(tiny).fit(items_of())

    assert epochs == [4, 2, 2, 2, 1, 2]  # at first and at last, for each of the limits


class KilledError(Exception):
    """What the test raises in the middle of a training."""


@pytest.mark.parametrize(("epochs", "step"), [(4, 5), (2, 3)])
def test_a_killed_training_goes_on_where_it_was(
    classifier, tiny, tmp_path, monkeypatch, epochs, step
):
    """Once in the training of four epochs that comes first, once in the one of two that follows."""
    made, make_step = [], training_run.TrainingRun.make_step

    def fail_or_step(run, batch):
        key = run.settings.epochs, run.state.step
        if key == (epochs, step) and key not in made:
            made.append(key)
            raise KilledError
        made.append(key)
        return make_step(run, batch)

    monkeypatch.setattr(training_run.TrainingRun, "make_step", fail_or_step)
    monkeypatch.setattr(training_run, "SAVE_S", 0.0)
    with pytest.raises(KilledError):
        new_classifier(tiny).fit(items_of(), folder=tmp_path)

    resumed = new_classifier(tiny).fit(items_of(), folder=tmp_path)

    assert len(made) == len(set(made)) + 1  # no step twice but the one that died
    expected = classifier.parts.ranker.labels.vectors
    np.testing.assert_allclose(resumed.parts.ranker.labels.vectors, expected, atol=1e-4)


def test_an_encoder_that_is_missing_is_named(tmp_path):
    missing = new_classifier(str(tmp_path / "none"))

    with pytest.raises(EncoderError, match="none"):
        missing.fit(items_of())


def test_a_pickle_is_refused(tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "pickle")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(EncoderError, match="pickle"):
        new_classifier(str(folder)).fit(items_of())
