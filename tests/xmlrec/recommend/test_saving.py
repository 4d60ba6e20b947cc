import json
import shutil

import pytest

from tests.xmlrec.recommend.world import (
    COLD,
    SEVERAL,
    copy_of,
    fit_items,
    shelf_path,
    world_sessions,
)
from xmlrec.errors import ModelError
from xmlrec.recommend import SessionRecommender, Sessions

SESSIONS = [["i0", "i5"], [], ["x", SEVERAL], [COLD]]
NEW = [{"id": "new", "title": "new kind0", "paths": [shelf_path(0) + " > new"]}]


@pytest.fixture(scope="module")
def saved(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recommender") / "model"
    copy_of(world).save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of the saved recommender that a test may change."""
    return shutil.copytree(saved, tmp_path / "model")


def test_a_loaded_recommender_answers_as_the_saved_one(world, saved):
    for verify in (True, False):
        loaded = SessionRecommender.load(saved, verify=verify)

        for options in ({}, {"within": shelf_path(0), "explain": True}):
            assert loaded.recommend(SESSIONS, **options) == world.recommend(SESSIONS, **options)
        sessions = world_sessions(20, seed=17)
        assert loaded.evaluate(sessions) == world.evaluate(sessions)
        assert loaded.settings == world.settings
        assert loaded.parts.limits == world.parts.limits


def test_items_that_were_added_are_saved(world, folder):
    opened = SessionRecommender.load(folder).add_items(NEW)
    opened.save(folder)

    loaded = SessionRecommender.load(folder)

    assert loaded.items_.ids[-1] == "new"
    assert loaded.recommend(SESSIONS, k=65) == opened.recommend(SESSIONS, k=65)
    loaded.add_items([{"id": "another", "paths": [shelf_path(0) + " > new"]}]).save(folder)
    assert len(SessionRecommender.load(folder).items_) == 66


def test_a_recommender_without_texts_and_paths_comes_back(tmp_path):
    recommender = fit_items([{"id": "a"}, {"id": "b"}, {"id": "c"}], [[0, 1, 2, 0]] * 20)
    recommender.save(tmp_path / "model")

    loaded = SessionRecommender.load(tmp_path / "model")

    assert loaded.parts.content is None
    assert loaded.recommend([["a"], []]) == recommender.recommend([["a"], []])


def test_the_same_recommender_has_the_same_bytes(world, saved, tmp_path):
    copy_of(world).save(tmp_path / "other")

    names = sorted(path.relative_to(saved) for path in saved.rglob("*") if path.is_file())
    others = tmp_path / "other"
    assert names == sorted(p.relative_to(others) for p in others.rglob("*") if p.is_file())
    for name in names:
        assert (saved / name).read_bytes() == (others / name).read_bytes()


def test_every_damaged_file_is_refused(folder):
    files = [path for path in (folder / "base").rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(ModelError):
            SessionRecommender.load(folder)
        path.unlink()
        with pytest.raises(ModelError):
            SessionRecommender.load(folder)
        path.write_bytes(content)
    SessionRecommender.load(folder)


def test_a_file_that_is_cut_off_is_one_line_without_the_digests_too(folder):
    path = folder / "base" / "scoring" / "warm.npy"
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(ModelError, match="warm.npy has .* bytes, not"):
        SessionRecommender.load(folder, verify=False)


def test_parts_of_different_recommenders_are_refused(folder):
    manifest = folder / "base" / "manifest.json"
    described = json.loads(manifest.read_text())
    described["limits"]["colour"] = "red"
    manifest.write_text(json.dumps(described))

    with pytest.raises(ModelError, match="it is damaged .*make it again with `xmlrec recommend"):
        SessionRecommender.load(folder)


def test_a_classifier_is_no_recommender(classifier, tmp_path):
    classifier.save(tmp_path / "model")

    with pytest.raises(ModelError) as caught:
        SessionRecommender.load(tmp_path / "model")

    assert "\n" not in str(caught.value)
    assert "not a recommender; make it again with `xmlrec recommend fit`" in str(caught.value)
    assert "None" not in str(caught.value)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no recommender; make one"):
        SessionRecommender.load(tmp_path / "nothing")


def test_a_recommender_that_another_has_changed_is_not_overwritten(folder):
    first, second = (SessionRecommender.load(folder) for _ in range(2))
    first.add_items(NEW).save(folder)

    with pytest.raises(ModelError, match="it has changed since it was opened; add the items again"):
        second.add_items([{"id": "other"}]).save(folder)

    assert SessionRecommender.load(folder).items_.ids[-1] == "new"
    first.add_items([{"id": "other"}]).save(folder)  # who wrote it last may go on


def test_a_change_is_noticed_under_another_spelling_of_the_folder(folder):
    first, second = (SessionRecommender.load(folder) for _ in range(2))
    first.add_items(NEW).save(folder)

    with pytest.raises(ModelError, match="it has changed since it was opened"):
        second.save(folder.parent / "." / ".." / folder.parent.name / folder.name)


def test_an_unfinished_write_leaves_the_old_one(folder, monkeypatch):
    opened = SessionRecommender.load(folder).add_items(NEW)
    monkeypatch.setattr("xmlrec.recommend.saving.rows_of", fail)

    with pytest.raises(ModelError, match="cannot be written"):
        opened.save(folder)

    assert len(SessionRecommender.load(folder).recommend(Sessions.of([[0]]), k=64)[0].items) == 64
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def fail(*_):
    raise OSError(28, "No space left on device")
