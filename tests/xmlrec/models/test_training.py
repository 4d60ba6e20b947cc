import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.models.shop import shop_taxonomy
from xmlrec.models.training import (
    findable_columns,
    item_paths,
    label_items,
    text_items,
)
from xmlrec.models.view import known_columns
from xmlrec.taxonomy import Node, Taxonomy


def taxonomy_of(parents):
    """Return a taxonomy of nodes "0", "1", ...; ``parents`` lists those of each."""
    nodes = [
        Node(str(column), f"name {column}", tuple(map(str, above)))
        for column, above in enumerate(parents)
    ]
    return Taxonomy.from_nodes(nodes, source="test")


def findable(parents, with_items):
    counts = np.zeros(len(parents), dtype=np.int32)
    counts[list(with_items)] = 3
    return findable_columns(taxonomy_of(parents), counts).tolist()


@pytest.mark.parametrize(
    "paths",
    [
        [["A", "B"]],
        ["A > B"],
        "A > B",
        [("A", "B"), "A > B"],
    ],
    ids=["elements", "text", "one text alone", "the same twice"],
)
def test_a_path_may_be_written_in_several_ways(paths):
    assert item_paths({"paths": paths}) == [("A", "B")]


@pytest.mark.parametrize("item", [{}, {"paths": None}, {"paths": []}])
def test_an_item_may_have_no_path(item):
    assert item_paths(item) == []


def test_label_columns_are_the_taxonomys_numbers():
    labelled = label_items(
        [{"paths": ["Shoes > Boots", "Garden"]}, {"paths": []}, {"paths": [["7"]]}],
        shop_taxonomy(),
    )

    assert labelled.Y.toarray().nonzero()[0].tolist() == [0, 0, 2]
    assert labelled.Y.toarray().nonzero()[1].tolist() == [1, 8, 6]
    assert labelled.has_paths.tolist() == [True, False, True]


def test_two_ways_to_the_same_category_count_once():
    labelled = label_items([{"paths": [["2"], "Shoes > Boots"]}], shop_taxonomy())

    assert labelled.Y.data.tolist() == [1.0]


def test_unknown_category_comes_after_the_taxonomys_own():
    taxonomy = shop_taxonomy()

    labelled = label_items([{"paths": ["Shoes > Clogs > Wooden"]}], taxonomy)

    assert labelled.added == ("Shoes > Clogs", "Shoes > Clogs > Wooden")
    assert labelled.taxonomy.ids[: len(taxonomy)] == taxonomy.ids
    assert labelled.Y.indices.tolist() == [len(taxonomy) + 1]


def test_strict_refuses_an_unknown_category_and_says_which():
    labelled = label_items(
        [{"paths": ["Shoes"]}, {"paths": ["Shoes > Clogs", "Garden"]}],
        shop_taxonomy(),
        strict=True,
    )

    ((position, path, refusal),) = labelled.refused
    assert (position, path, refusal.code) == (1, "Shoes > Clogs", "UNKNOWN_PATH")
    assert labelled.Y[[1]].indices.tolist() == [8]
    assert labelled.has_paths.tolist() == [True, True]


@pytest.mark.parametrize("title", ["", "  ", "\t\n", "\u3000", None])
def test_blank_texts_are_left_out(title):
    assert text_items([title or "", {"title": title}], ("title", "description")) == [{}, {}]


def test_a_string_is_the_first_field_and_other_fields_are_not_read():
    items = ["red boot", {"name": "red boot", "color": "red", "paths": ["x"]}]

    assert text_items(items, ("name", "about")) == [{"name": "red boot"}] * 2


def test_known_labels_have_their_names_paths_and_parents():
    counts = np.zeros(12, dtype=np.int32)
    counts[[1, 2]] = 1

    taxonomy = shop_taxonomy()
    known = known_columns(taxonomy, findable_columns(taxonomy, counts))

    assert known.columns.tolist() == [1, 2, 3]
    assert known.names == ["Boots", "Sandals", "Slippers"]
    assert known.paths == ["Shoes Boots", "Shoes Sandals", "Shoes Slippers"]
    assert known.parents.tolist() == [-1, 0, 0, 0, -1, 4, 4, 6, -1, 8, 8, 10]


def test_sibling_without_items_is_findable():
    assert findable([[], [0], [0], [0]], {1}) == [1, 2, 3]


def test_categories_above_and_below_those_with_items_are_not():
    chain = [[], [0], [1], [2], [3]]

    assert findable(chain, {2}) == [2]


def test_sibling_above_items_is_not_findable():
    # 1 and 2 are siblings; 3 has items below 2
    assert findable([[], [0], [0], [2]], {1, 3}) == [1, 3]


def test_sibling_below_items_is_not_findable():
    # 1 has items, and so has 2 below it: its sibling 3 stays out
    assert findable([[], [0], [1], [1]], {1, 2}) == [1, 2]


def test_cousins_are_not_findable():
    assert findable([[], [0], [0], [1], [2]], {3}) == [3]


def test_every_category_of_a_flat_taxonomy_is_findable():
    assert findable([[], [], [], []], {2}) == [0, 1, 2, 3]


def test_category_with_several_parents_is_judged_under_its_primary_one():
    # 2 and 3 share parent 1, but 3 sits under 0 first
    assert findable([[], [], [1], [0, 1]], {2}) == [2]
    assert findable([[], [], [1], [1, 0]], {2}) == [2, 3]


def test_parents_may_come_after_their_children():
    assert findable([[2], [2], []], {0}) == [0, 1]


@settings(deadline=None)
@given(
    seeds=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=12),
    has_items=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_findable_columns_match_the_definition(seeds, has_items):
    # parent of node i: one of -1 .. i - 1
    parents = [int(seed * (column + 1)) - 1 for column, seed in enumerate(seeds)]
    with_items = {column for column in range(len(parents)) if has_items[column]}

    def above(column):
        while (column := parents[column]) >= 0:
            yield column

    expected = [
        column
        for column in range(len(parents))
        if column in with_items
        or (
            any(parents[other] == parents[column] for other in with_items)
            and not with_items & set(above(column))
            and not any(column in above(other) for other in with_items)
        )
    ]

    assert findable([[above] if above >= 0 else [] for above in parents], with_items) == expected
