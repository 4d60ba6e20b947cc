"""`TaxonomyClassifier.save` and `load`: the same answers, the same bytes, and damage found."""

import shutil
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from tests.xmlrec.models.shop import (
    COLUMN,
    queries,
    same_bytes,
    shop_items,
    shop_taxonomy,
)
from xmlrec.demo import make_catalog
from xmlrec.errors import ModelError
from xmlrec.models import TaxonomyClassifier

QUERIES = queries()


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_loaded_classifier_answers_as_before(classifier, saved):
    loaded = TaxonomyClassifier.load(saved)

    assert same_bytes(loaded.rank(QUERIES, 9), classifier.rank(QUERIES, 9))
    assert loaded.classify(QUERIES, 4) == classifier.classify(QUERIES, 4)
    assert loaded.evaluate(shop_items()) == classifier.evaluate(shop_items())
    assert loaded.taxonomy_ == classifier.taxonomy_
    assert loaded.settings == classifier.settings
    assert loaded.is_findable.tolist() == classifier.is_findable.tolist()


def test_a_loaded_classifier_saves_the_same_bytes(saved, tmp_path):
    TaxonomyClassifier.load(saved).save(tmp_path / "again")

    assert files_of(tmp_path / "again") == files_of(saved)


def test_a_loaded_classifier_can_be_saved_over_itself(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "model")
    loaded = TaxonomyClassifier.load(tmp_path / "model")
    loaded.save(tmp_path / "model")

    assert files_of(tmp_path / "model") == files_of(saved)
    assert loaded.rank(["ankle boot"], 1)[0].tolist() == [[COLUMN["2"]]]


def test_rows_name_the_model_that_answered(classifier, saved):
    loaded = TaxonomyClassifier.load(saved)

    assert loaded.model_name_ == classifier.model_name_
    assert loaded.model_name_.startswith("balanced@sha256:")
    assert TaxonomyClassifier().model_name_ == "balanced@unsaved"


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_threads(tmp_path):
    rows = make_catalog(300)
    for n_threads in (1, 2):
        classifier = TaxonomyClassifier(seed=3, n_threads=n_threads).fit(rows)
        classifier.save(tmp_path / str(n_threads))

    one, two = (files_of(tmp_path / str(n_threads)) for n_threads in (1, 2))
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_no_file_holds_pickled_objects(saved):
    for path in saved.rglob("*.npy"):
        assert np.load(path, mmap_mode="r", allow_pickle=False).dtype != object


def test_validation_metrics_stay_with_the_model(tmp_path):
    classifier = TaxonomyClassifier().fit(shop_items(), shop_taxonomy(), shop_items())
    classifier.save(tmp_path / "model")

    assert TaxonomyClassifier.load(tmp_path / "model").valid_metrics_ == (classifier.valid_metrics_)


def test_another_kind_of_model_is_refused(saved, tmp_path):
    model = shutil.copytree(saved, tmp_path / "model")
    path = model / "base" / "manifest.json"
    path.write_text(path.read_text().replace('"classifier"', '"recommender"'))

    with pytest.raises(ModelError, match="it is a recommender, not a classifier"):
        TaxonomyClassifier.load(model)


def refusal(model):
    """Return why opening refuses a model; without digests it may not notice, but never breaks."""
    with pytest.raises(ModelError) as found:
        TaxonomyClassifier.load(model)
    with suppress(ModelError):
        TaxonomyClassifier.load(model, verify=False)
    return str(found.value)


def damage(content):
    """Yield ``content`` damaged in ways that keep its size."""
    yield bytes(len(content))
    yield content.replace(b"{", b"(").replace(b"}", b"(")
    for place in (5, 10, 60, -2):
        if -len(content) <= place < len(content):
            damaged = bytearray(content)
            damaged[place] ^= 0xFF
            yield bytes(damaged)


def test_damage_of_the_same_size_is_refused(saved, tmp_path):
    model = shutil.copytree(saved, tmp_path / "model")
    for path in sorted((model / "base").rglob("*.*")):
        whole = path.read_bytes()
        for damaged in damage(whole):
            if damaged != whole and path.name != "manifest.json":
                path.write_bytes(damaged)
                message = refusal(model)
                assert "\n" not in message
                assert path.relative_to(model / "base").as_posix() in message
        path.write_bytes(whole)


def test_swapped_files_of_the_same_size_are_refused(saved, tmp_path):
    model = shutil.copytree(saved, tmp_path / "model")
    files = sorted(model.rglob("*.npy"), key=lambda path: path.stat().st_size)
    swaps = [
        (one, other)
        for one, other in pairwise(files)
        if one.stat().st_size == other.stat().st_size and one.read_bytes() != other.read_bytes()
    ]
    for one, other in swaps:
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        assert "changed since training" in refusal(model)
        one.write_bytes(first)
        other.write_bytes(second)
    assert len(swaps) >= 3
