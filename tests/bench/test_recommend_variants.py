from bench.recommend_variants import item_table, lists_of, path_variants, sessions_of
from tests.bench.recommend_cases import tiny_set
from xmlrec.recommend import SessionRecommender
from xmlrec.recommend.neighbours import NeighbourSettings

PATHS = [[("A", "B", "C")], [("A", "B", "D"), ("A", "E")], [("F",)], []]


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
    items = item_table(tiny_set(), [[("A", "B")]] * 20, with_texts=False)

    assert items.ids[-2:] == ("i19", "only sold")
    assert items.P[-1:].nnz == 0
    assert not any(items.fields)


def test_given_neighbour_settings_are_not_fitted_anew():
    tiny, settings = tiny_set(), NeighbourSettings(span=4.0, n_neighbours=7)
    items = item_table(tiny, [[]] * 20, with_texts=True)

    recommender = SessionRecommender().fit(
        sessions_of(tiny.final.train), items, neighbours=settings
    )

    assert recommender.parts.neighbours.settings == settings


def test_lists_are_columns_of_available_items_that_are_not_of_the_history():
    tiny = tiny_set()
    items = item_table(tiny, [[]] * 20, with_texts=True)
    recommender = SessionRecommender().fit(sessions_of(tiny.final.train), items)

    lists = lists_of(
        recommender, sessions_of([[(3, "")]]), may_repeat=False, available=["i3", "i5", "i4"]
    )

    assert sorted(lists[0, :2].tolist()) == [4, 5]
    assert (lists[0, 2:] == -1).all()
