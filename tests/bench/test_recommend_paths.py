import numpy as np
import pytest

from bench import recommend_predicted
from bench.cases import recommend_paths
from bench.options import Options
from bench.recommend_sets import EventSet, last_left_out

N_KINDS, N_OF_KIND = 6, 20
WORDS = ("saw", "rose", "lamp", "ball", "tent", "soup")


@pytest.fixture(scope="module")
def buyers():
    """A set whose histories stay within one kind of item, as paths and titles say."""
    rng = np.random.default_rng(0)
    n_items = N_KINDS * N_OF_KIND
    catalog = [
        {
            "id": f"i{item}",
            "title": f"{WORDS[item % N_KINDS]} number{item}",
            "brand": "",
            "paths": [["Shop", f"{item % 2}", WORDS[item % N_KINDS]]],
        }
        for item in range(n_items)
    ]
    histories = [
        [
            (int(item * N_KINDS + user % N_KINDS), "")
            for item in rng.permutation(N_OF_KIND)[: rng.integers(4, 8)]
        ]
        for user in range(600)
    ]
    split = last_left_out(histories)
    ids = tuple(row["id"] for row in catalog)
    return EventSet("completejourney", ids, catalog, split, split, may_repeat=False)


@pytest.fixture(scope="module")
def tables(buyers, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recommend_predicted, "WORK", tmp_path_factory.mktemp("work"))
        patch.setattr(recommend_paths, "load_recommend_set", lambda name: buyers)
        options = Options(sets=("completejourney",), n_seeds=2, n_repetitions=1)
        return recommend_paths.run(options)


def rows_of(table):
    """Return the rows as mappings; of columns of one name the first."""
    return [dict(zip(reversed(table.columns), reversed(row), strict=True)) for row in table.rows]


@pytest.mark.slow
def test_candidates_stand_beside_all_items(tables):
    fitted, of_all = rows_of(tables[0])

    assert (fitted["scored"], of_all["scored"]) == ("candidates", "all items")
    assert of_all["% of items"] == pytest.approx(100, abs=6)  # all but those of the history
    assert of_all["% of targets"] == of_all["% of all"] == 100
    assert fitted["HR@20"] == pytest.approx(fitted["% of all"] * of_all["HR@20"] / 100)
    assert 0 < fitted["p50 ms"] <= fitted["p99 ms"]


@pytest.mark.slow
def test_speed_says_what_is_to_be_reached(tables):
    reached = {row["what"]: row["to reach"] for row in rows_of(tables[1])}

    assert reached["neighbours of a session, p50"] == 1
    assert reached["neighbours of a session, p99"] == 5
    assert reached["fitting, the index of neighbours"] == 5
    assert all(row["value"] > 0 for row in rows_of(tables[1]))


@pytest.mark.slow
def test_each_variant_of_the_paths_is_compared_with_none(tables):
    rows = rows_of(tables[2])

    names = ["none", "level 1 to 1", "level 1 to 2", "all levels", "leaf only", "shuffled"]
    assert [(row["texts"], row["paths"]) for row in rows] == [
        (texts, name) for texts in ("yes", "no") for name in names
    ]
    none, whole = rows[6], rows[9]
    assert none["over none"] is None
    assert whole["over none"] == pytest.approx(whole["HR@20"] - none["HR@20"])
    assert whole["from"] <= whole["over none"] <= whole["to"]


@pytest.mark.slow
def test_cold_items_are_found_by_what_says_their_kind(tables):
    both, text, path, neither = rows_of(tables[3])

    assert both["hidden"] == 12
    assert both["times random"] == pytest.approx(both["HR@20"] / 100)  # 12 lists hold 20 at most
    assert text["HR@20 over text"] is None
    assert path["MRR@20"] > 1.5 * neither["MRR@20"]
    assert both["MRR@20 over text"] == pytest.approx(both["MRR@20"] - text["MRR@20"])


@pytest.mark.slow
def test_predicted_paths_have_a_precision_and_a_share_of_the_gain_or_a_note(tables):
    rows, notes = rows_of(tables[4]), tables[4].notes

    assert [row["measure"] for row in rows] == ["HR@20"] * 4 + ["MRR@20"] * 4
    true, likeliest, soft, text = rows[4:]
    assert likeliest["P@1"] == soft["P@1"] > 80
    assert true["P@1"] is text["P@1"] is None
    assert text["over text"] is text["standard error"] is None
    for row, name in ((rows[0], "HR@20"), (true, "MRR@20")):
        is_sure = row["over text"] > 2 * row["standard error"]
        assert row["% of the gain"] == (100 if is_sure else None)
        assert any(name in note for note in notes[1:]) != is_sure


@pytest.mark.slow
def test_forecast_has_a_row_a_level(tables):
    rows = rows_of(tables[5])

    assert [row["level"] for row in rows] == [1, 2, 3]
    assert rows[0]["ECE"] < 1  # all are in one shop
    assert all(row["to reach"] == 3 for row in rows)


def test_missing_set_is_a_note(monkeypatch, tmp_path):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    tables = recommend_paths.run(Options(sets=("completejourney",)))

    assert not any(table.rows for table in tables)
    assert tables[0].notes[-1].startswith("Skipped completejourney: no ")


@pytest.mark.slow
def test_neighbours_alone_find_what_is_of_the_same_kind(tables):
    values = {row["what"]: row["value"] for row in rows_of(tables[1])}

    assert values["neighbours alone, HR@20"] > 80  # the 20 items of a kind, without those seen
    assert 0 < values["neighbours alone, MRR@20"] < values["neighbours alone, HR@20"]
