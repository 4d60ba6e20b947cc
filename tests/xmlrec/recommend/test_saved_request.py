import pickle

import pytest

from tests.xmlrec.recommend.visits import fit_visits
from xmlrec.errors import ModelError, OptionError
from xmlrec.recommend import Reranking, SessionRecommender
from xmlrec.recommend.saved_request import SavedRequest


@pytest.fixture
def folder(tmp_path):
    fit_visits().save(tmp_path / "rec")
    return tmp_path / "rec"


def test_another_process_answers_as_this_one(folder):
    opened = SessionRecommender.load(folder)
    choices = {"k": 3, "exclude": ("0021",), "reranking": Reranking(diversify=0.3)}
    request = pickle.loads(pickle.dumps(SavedRequest.of(folder, opened, **choices)))
    sessions = {"a": ["0020", "nope"], "b": [], "c": ["0060"]}

    expected = [row.to_json() for row in opened.recommend(sessions, **choices)]
    assert request.open(1)(sessions) == expected
    assert [row["id"] for row in expected] == ["a", "b", "c"]
    assert [row["n_unknown"] for row in expected] == [1, 0, 0]


def test_what_is_not_for_this_recommender_is_found_at_once(folder):
    opened = SessionRecommender.load(folder)
    with pytest.raises(OptionError, match="no item's path has the category 'Toys'"):
        SavedRequest.of(folder, opened, within="Toys")


def test_another_model_under_the_same_name_is_refused(folder):
    opened = SessionRecommender.load(folder)
    request = SavedRequest.of(folder, opened)
    opened.add_items([{"id": "new"}]).save(folder)

    with pytest.raises(ModelError, match="start the run over with --restart"):
        request.open(1)
