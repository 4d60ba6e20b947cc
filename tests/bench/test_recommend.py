import numpy as np
import pytest

from bench import recommend_peers, recommend_sets
from bench.cases import recommend
from bench.options import Options
from bench.recommend_peers import POPULARITY, Answers, K
from bench.recommend_rows import padded
from bench.recommend_sets import EventSet, every_prefix


@pytest.fixture
def tables(monkeypatch, tmp_path):
    """The tables of a set in which ours are always right, beside real popularity."""
    for module in (recommend_sets, recommend_peers):
        monkeypatch.setattr(module, "WORK", tmp_path)
    rng = np.random.default_rng(0)
    test = [[(int(item), "") for item in rng.integers(40, size=5)] for _ in range(50)]
    catalog = [{"id": str(item), "paths": [["A", str(item % 4)]]} for item in range(40)]
    split = every_prefix(test, test)
    clicks = EventSet("diginetica", tuple(map(str, range(40))), catalog, split, split, True)

    def ours(event_set, preset, *, seed=0):
        n_right = len(split.targets) - seed
        lists = [[item, (item + 1) % 40] for item in split.targets[:n_right].tolist()]
        return Answers(padded([*lists, *[[]] * seed], K), 3.0, 0.5, {}, "2020-02-02")

    monkeypatch.setattr(recommend, "load_recommend_set", lambda name: clicks)
    monkeypatch.setattr(recommend, "ours", ours)
    monkeypatch.setattr(recommend, "peers_of", lambda event_set: [POPULARITY])
    return recommend.run(Options(sets=("diginetica",), accurate=True))


def test_each_system_has_a_row_and_presets_are_means_over_seeds(tables):
    rows = [dict(zip(tables[0].columns, row, strict=True)) for row in tables[0].rows]

    assert [row["system"] for row in rows] == ["xmlrec, fast", "xmlrec, accurate", "popularity"]
    fast, accurate, popular = rows
    assert (fast["HR@20"], fast["MRR@20"], fast["fit s"]) == (100, 100, 3.0)
    assert fast["seeds +-"] is None
    assert accurate["HR@20"] == pytest.approx(100 * (1 - 1 / 200))  # of 200, 0, 1 and 2 are missed
    assert accurate["seeds +-"] == pytest.approx(0.5)
    assert popular["HR@20"] < 80
    assert popular["coverage"] == 100 * K / 40


def test_lead_over_the_best_other_is_sure_where_its_interval_leaves_out_zero(tables):
    fast = [row for row in tables[1].rows if row[1] == "xmlrec, fast"]

    assert [row[2:4] for row in fast] == [
        ("popularity", "HR@20"),
        ("popularity", "MRR@20"),
        ("popularity", "NDCG@10"),
    ]
    popular_hits = tables[0].rows[2][4]
    assert fast[0][4] == pytest.approx(100 - popular_hits)
    assert fast[0][5] < fast[0][4] < fast[0][6]
    assert fast[0][7] == "yes"


def test_missing_set_is_a_note(monkeypatch, tmp_path):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    every, ahead = recommend.run(Options(sets=("completejourney",)))

    assert every.rows == ahead.rows == []
    assert every.notes[0].startswith("Skipped completejourney: no ")
