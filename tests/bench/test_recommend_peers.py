import json

import numpy as np
import pytest

from bench import recommend_peers, recommend_sets, recommend_worker
from bench.peers import BenchError, peer_versions
from bench.recommend_baselines import fit_popularity, fit_session_popularity
from bench.recommend_ours import read_lists
from bench.recommend_peers import (
    POPULARITY,
    K,
    Peer,
    answers_once,
    peers_of,
)
from bench.recommend_rows import Rows, padded
from bench.recommend_sets import EventSet, every_prefix
from bench.recommend_worker import chosen_settings


def history(*items):
    return [(item, "") for item in items]


@pytest.fixture
def clicks(monkeypatch, tmp_path):
    """Two queries, [0] and [0, 2], after sessions in which 1 comes most, then 2, then 0."""
    for module in (recommend_sets, recommend_peers):
        monkeypatch.setattr(module, "WORK", tmp_path)
    train = [history(1, 2), history(1, 2, 1), history(0, 1)]
    split = every_prefix(train, [history(0, 2, 1)])
    return EventSet("tiny", ("a", "b", "c"), [], split, split, True)


def test_popular_items_come_by_number_of_events_and_ties_by_column():
    rank, _ = fit_popularity(Rows.of([[2, 1, 2], [1, 0]]), 4)
    queries = Rows.of([[1], []])

    assert rank(queries, 3, True).tolist() == [[1, 2, 0], [1, 2, 0]]
    assert rank(queries, 4, False).tolist() == [[2, 0, 3, -1], [1, 2, 0, 3]]


def test_items_of_the_session_come_first_by_count_then_the_later_one():
    rank, _ = fit_session_popularity(Rows.of([[0, 1, 0]]), 4)

    assert rank(Rows.of([[3, 2, 3, 1]]), 4, True).tolist() == [[3, 1, 2, 0]]
    assert rank(Rows.of([[3, 2]]), 1, True).tolist() == [[2]]


def test_answers_come_from_a_process_and_are_kept(clicks, capfd):
    first, again = (answers_once(clicks, POPULARITY, fresh=False, run_slow=False) for _ in "12")

    assert first.lists.tolist() == [[1, 2, 0] + [-1] * (K - 3)] * 2
    np.testing.assert_array_equal(again.lists, first.lists)
    assert first.fit_s > 0
    assert capfd.readouterr().err.count("tiny: popularity") == 1

    answers_once(clicks, POPULARITY, fresh=True, run_slow=False)
    assert capfd.readouterr().err.count("tiny: popularity") == 1


def test_slow_peer_is_run_only_when_asked_and_is_kept_even_if_fresh(clicks, capfd):
    slow = Peer("slow", "popularity", is_slow=True)

    assert answers_once(clicks, slow, fresh=False, run_slow=False) is None
    assert answers_once(clicks, slow, fresh=False, run_slow=True) is not None
    assert answers_once(clicks, slow, fresh=True, run_slow=False) is not None
    assert capfd.readouterr().err.count("tiny: slow") == 1


def test_settings_are_those_with_the_best_mrr_on_the_tuning_split(clicks, monkeypatch):
    def fit_constant(train, n_items, *, order, **_):
        return lambda queries, k, may_repeat: padded([order] * len(queries), k), {}

    monkeypatch.setitem(recommend_worker.FITS, "constant", fit_constant)
    settings = [{"order": order} for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0])]  # targets 2, 1
    job = {"method": "constant", "settings": settings, "n_items": 3, "k": 3}
    job |= {"threads": 1, "seed": 0, "may_repeat": True}

    assert chosen_settings(job, clicks.folder() / "tuning.npz") == {"order": [2, 1, 0]}


def test_package_of_a_peer_is_in_the_list_of_its_environment(clicks):
    versions = {peer.package: peer.version() for peer in peers_of_named(clicks, "diginetica")}

    assert versions == {
        None: None,
        "implicit": peer_versions("implicit")["implicit"],
        "RecTools": peer_versions("rectools")["RecTools"],
    }


def test_session_popularity_needs_items_that_may_come_again(clicks):
    clicks_names, other_names = (
        [peer.name for peer in peers_of_named(clicks, name, may_repeat=may_repeat)]
        for name, may_repeat in (("diginetica", True), ("amazon-sports", False))
    )

    assert set(clicks_names) - set(other_names) == {"session popularity"}


def peers_of_named(event_set, name, *, may_repeat=True):
    split = event_set.final
    return peers_of(EventSet(name, event_set.item_ids, [], split, split, may_repeat))


def answer(query, *items):
    return {"id": query, "items": [{"item_id": item, "score": 1.0} for item in items]}


def write_answers(path, *answers):
    path.write_text("".join(json.dumps(row) + "\n" for row in answers))
    return path


def test_our_lists_are_columns_in_the_order_of_the_queries(clicks, tmp_path):
    out = write_answers(tmp_path / "out.jsonl", answer("1", "c", "a"), answer("0", "b"))

    lists = read_lists(clicks, out)

    assert lists[:, :2].tolist() == [[1, -1], [2, 0]]
    assert (lists[:, 2:] == -1).all()


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([answer("0", "a")], "1 queries have no answer or"),
        ([answer("0", "a"), answer("0", "a"), answer("1", "a")], "query 0 or an item of it"),
        ([answer("0", "a", "a"), answer("1", "a")], "query 0 or an item of it"),
        ([answer("0", "a"), answer("2", "a")], "2 queries have no answer or"),
    ],
)
def test_answers_that_were_not_asked_for_are_refused(clicks, tmp_path, answers, message):
    out = write_answers(tmp_path / "out.jsonl", *answers)

    with pytest.raises(BenchError, match=message):
        read_lists(clicks, out)
