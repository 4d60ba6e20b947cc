import numpy as np
import pytest
import scipy.sparse as sp

from bench.cases import recommend_paths
from bench.options import Options
from bench.recommend_cold import ColdGains, hide_items, random_hr, standard_error
from bench.recommend_gains import BOTH, LIKELIEST, SOFT, TEXT, add_classifier_rows, classifier_table
from bench.recommend_predicted import Predicted, cross_fitted
from bench.recommend_sets import EventSet, items_of, last_left_out
from bench.recommend_variants import item_table, lists_of, path_variants, sessions_of
from xmlrec.recommend import SessionRecommender
from xmlrec.recommend.neighbours import NeighbourSettings

PATHS = [[("A", "B", "C")], [("A", "B", "D"), ("A", "E")], [("F",)], []]


def event_set(n_items=20):
    """Return histories that go on from each item to the next, of items with texts and paths."""
    rows = [
        {"id": f"i{item}", "title": f"word{item % 3}", "brand": "", "paths": [["A", f"{item % 3}"]]}
        for item in range(n_items)
    ]
    histories = [[((start + step) % n_items, "") for step in range(4)] for start in range(60)]
    ids = (*(row["id"] for row in rows), "only sold")
    split = last_left_out([*histories, [(0, ""), (n_items, ""), (1, "")]])
    return EventSet("tiny", ids, rows, split, split, may_repeat=False)


def test_paths_are_cut_at_each_level_and_stand_each_once():
    variants = path_variants(PATHS)

    assert list(variants) == [
        "none",
        "level 1 to 1",
        "level 1 to 2",
        "all levels",
        "leaf only",
        "shuffled",
    ]
    assert variants["none"] == [[]] * 4
    assert variants["level 1 to 1"] == [[("A",)], [("A",)], [("F",)], []]
    assert variants["level 1 to 2"] == [[("A", "B")], [("A", "B"), ("A", "E")], [("F",)], []]
    assert variants["all levels"] == PATHS


def test_leaves_are_roots_of_their_own():
    assert path_variants(PATHS)["leaf only"] == [[("0",)], [("1",), ("2",)], [("3",)], []]


def test_shuffled_paths_are_the_same_ones_of_other_items():
    shuffled = path_variants(PATHS)["shuffled"]

    assert sorted(shuffled) == sorted(PATHS)
    assert shuffled != PATHS


def test_paths_of_one_level_are_not_cut():
    assert list(path_variants([[("A",)], [("B",)]])) == ["none", "all levels", "shuffled"]


def test_items_that_only_events_name_come_last_without_a_path():
    items = item_table(event_set(), [[("A", "B")]] * 20, with_texts=False)

    assert items.ids[-2:] == ("i19", "only sold")
    assert items.P[-1:].nnz == 0
    assert not any(items.fields)


def test_hidden_items_are_not_learned_and_are_the_targets():
    cold = hide_items(event_set(), seed=0)

    hidden = {int(item.removeprefix("i")) for item in cold.hidden}
    assert len(hidden) == 2  # a tenth of 20
    assert not hidden & {item for history in cold.split.train for item in items_of(history)}
    assert set(cold.split.targets.tolist()) == hidden
    assert all(cold.split.train)
    assert random_hr(cold) == 100
    assert hide_items(event_set(), seed=1).hidden != cold.hidden


def test_given_neighbour_settings_are_not_fitted_anew():
    tiny, settings = event_set(), NeighbourSettings(span=4.0, n_neighbours=7)
    items = item_table(tiny, [[]] * 20, with_texts=True)

    recommender = SessionRecommender().fit(
        sessions_of(tiny.final.train), items, neighbours=settings
    )

    assert recommender.parts.neighbours.settings == settings


def test_lists_are_columns_of_available_items_that_are_not_of_the_history():
    tiny = event_set()
    items = item_table(tiny, [[]] * 20, with_texts=True)
    recommender = SessionRecommender().fit(sessions_of(tiny.final.train), items)

    lists = lists_of(
        recommender, sessions_of([[(3, "")]]), may_repeat=False, available=["i3", "i5", "i4"]
    )

    assert sorted(lists[0, :2].tolist()) == [4, 5]
    assert (lists[0, 2:] == -1).all()


def test_precision_is_of_the_likeliest_path_of_items_that_have_one():
    truth = sp.csr_array(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32))
    P = np.array([[0, 0.6, 0.3], [0.7, 0.2, 0], [0, 0, 0], [0, 0.9, 0]], dtype=np.float32)

    predicted = Predicted(sp.csr_array(P))

    assert predicted.precision(truth) == pytest.approx(100 / 3)
    expected = [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(predicted.likeliest().toarray(), expected)


@pytest.mark.slow
def test_predictions_stand_in_the_rows_of_their_items():
    rows = [
        {"id": f"i{item}", "title": word, "brand": "", "paths": [["All", word]]}
        for item, word in enumerate(["saw", "rose", "lamp"] * 20)
    ]
    split = last_left_out([[(0, ""), (1, "")]])
    tools = EventSet("tiny", tuple(row["id"] for row in rows), rows, split, split, True)
    items = item_table(tools, [[tuple(row["paths"][0])] for row in rows], with_texts=True)

    P = cross_fitted(tools, items.taxonomy)

    assert Predicted(P).precision(items.P) == 100


def test_error_of_a_mean_is_that_of_its_groups():
    values, groups = np.repeat([0.0, 1.0], 200), np.arange(400)

    alone = standard_error(values, groups)
    together = standard_error(np.repeat(values, 4), np.repeat(groups, 4))

    assert alone == pytest.approx(0.5 / np.sqrt(400), rel=0.1)
    assert together == pytest.approx(alone)


def classifier_rows(of_true):
    table, n = classifier_table(), len(of_true)
    half = np.where(np.arange(n) % 2, of_true, 0.0)
    values = {
        name: {"HR@20": gained, "MRR@20": gained}
        for name, gained in (
            (BOTH, of_true),
            (TEXT, np.zeros(n)),
            (LIKELIEST, half),
            (SOFT, of_true),
        )
    }
    add_classifier_rows(table, event_set(), ColdGains(values, np.arange(n)), 70.0)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows[:4]], table.notes


def test_share_of_the_gain_of_true_paths():
    rows, notes = classifier_rows(np.full(100, 8.0))

    assert [row["% of the gain"] for row in rows] == [100, 50, 100, None]
    assert [row["P@1"] for row in rows] == [None, 70, 70, None]
    assert [row["over text"] for row in rows] == [8, 4, 8, None]
    assert len(notes) == 1


def test_gain_within_two_standard_errors_has_no_share_but_a_note():
    rows, notes = classifier_rows(np.tile([-100.0, 100.0], 50))

    assert [row["% of the gain"] for row in rows] == [None] * 4
    assert notes[1].startswith("tiny: the HR@20 that true paths gain, 0.00, is not above 2 ")


def test_missing_set_is_a_note(monkeypatch, tmp_path):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    tables = recommend_paths.run(Options(sets=("completejourney",)))

    assert not any(table.rows for table in tables)
    assert tables[0].notes[-1].startswith("Skipped completejourney: no ")
