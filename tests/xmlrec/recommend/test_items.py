import numpy as np
import pandas as pd
import pytest

from tests.xmlrec.models.shop import COLUMN, fit_shop
from xmlrec.errors import InputError, UnknownItemError
from xmlrec.recommend.items import ItemTable
from xmlrec.taxonomy import Node, Taxonomy

KETTLE, SPRAY, SET = "Kitchen > Kettles", "Garden > Hoses", "Kitchen"

ITEMS = [
    {"item_id": "k", "title": "Kettle", "paths": [KETTLE], "price": 20, "available": "no"},
    {"item_id": "both", "paths": [KETTLE, ["Kitchen", "Pans"], SPRAY], "available": True},
    {"item_id": "inner", "paths": SET},
    {"item_id": "bare"},
]


def placed(table, matrix):
    """Return the categories of each item and their probabilities, as path texts."""
    return [
        {table.taxonomy.path_text(column): round(float(p), 4) for column, p in enumerate(row) if p}
        for row in matrix.toarray()
    ]


def test_items_end_where_their_paths_do_at_any_depth():
    table = ItemTable.from_items(ITEMS)

    assert table.ids == ("k", "both", "inner", "bare")
    assert placed(table, table.P) == [
        {KETTLE: 1},
        {KETTLE: 1, "Kitchen > Pans": 1, SPRAY: 1},
        {SET: 1},
        {},
    ]
    assert (table.P.dtype, table.P.indices.dtype) == (np.float32, np.int32)
    assert not table.is_predicted.any()


def test_an_item_is_in_all_categories_above_its_own_once():
    table = ItemTable.from_items(ITEMS)

    assert placed(table, table.nodes()) == [
        {"Kitchen": 1, KETTLE: 1},
        {"Kitchen": 1, KETTLE: 1, "Kitchen > Pans": 1, "Garden": 1, SPRAY: 1},
        {"Kitchen": 1},
        {},
    ]


def test_fields_are_what_is_no_id_path_or_availability():
    items = [
        {"id": 7, "title": "Cup", "brand": None, "size": float("nan"), "price": 3, "paths": SET}
    ]
    table = ItemTable.from_items(items)

    assert table.ids == ("7",)
    assert table.fields == ({"title": "Cup", "price": "3"},)


def test_availability_is_yes_where_nothing_is_said():
    said = ["true", "YES", "1", 1, True, None, "", "false", "No", "0", 0, False]
    table = ItemTable.from_items([{"id": n, "available": value} for n, value in enumerate(said)])

    assert table.is_available.tolist() == [True] * 7 + [False] * 5


def test_texts_are_joined_from_the_fields_that_an_item_has():
    items = [
        {"id": "a", "title": "Cup", "description": "Blue."},
        {"id": "b", "description": "Red."},
        {"id": "c", "brand": "Acme"},
    ]
    texts = ItemTable.from_items(items).texts(("title", "description"))
    assert texts == ["Cup. Blue.", "Red.", ""]


def test_columns_are_found_by_id_and_unknown_ids_counted():
    table = ItemTable.from_items(ITEMS)

    assert table.column("inner") == 2
    columns, n_unknown = table.columns_of(["bare", "x", "k", "bare", "y"])
    assert columns.tolist() == [3, 0, 3]
    assert columns.dtype == np.int32
    assert n_unknown == 2
    with pytest.raises(UnknownItemError, match="there is no item 'x'; add it with"):
        table.column("x")


def test_no_items_are_a_table_too():
    table = ItemTable.from_items([])

    assert len(table) == len(table.taxonomy) == 0
    assert table.nodes().shape == table.P.shape == (0, 0)
    assert table.texts(("title",)) == []


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"title": "a"}], "items: item 0 has no id; give it under 'item_id'"),
        ([{"id": "a"}, {"id": ""}], "items: item 1 has no id"),
        ([{"id": "a"}, {"id": "a"}], "items: item 1: the id 'a' comes twice; leave it out"),
        ([{"id": "a", "available": "maybe"}], "items: item 0 has 'maybe' for 'available'; say tru"),
    ],
)
def test_bad_items_are_refused(items, message):
    with pytest.raises(InputError) as error:
        ItemTable.from_items(items)
    assert str(error.value).startswith(message)


def test_extending_keeps_columns_and_appends_items_and_categories():
    table = ItemTable.from_items(ITEMS[:2])
    more = table.extended([ITEMS[2], {"id": "new", "paths": ["Toys > Kites", SPRAY]}])

    assert more.ids == ("k", "both", "inner", "new")
    assert more.taxonomy.ids[: len(table.taxonomy)] == table.taxonomy.ids
    assert placed(more, more.P)[:2] == placed(table, table.P)
    assert placed(more, more.P)[2:] == [{SET: 1}, {"Toys > Kites": 1, SPRAY: 1}]
    assert more.is_available.tolist() == [False, True, True, True]
    assert table.ids == ("k", "both")
    with pytest.raises(InputError, match="item 0: the id 'k' is in the table already"):
        table.extended([{"id": "k"}])


def test_bare_ids_are_items_without_texts_and_paths():
    table = ItemTable.from_items(ITEMS).with_ids(["x", "y"])

    assert table.ids[4:] == ("x", "y")
    assert table.P[4:].nnz == 0
    assert table.fields[4:] == ({}, {})
    assert table.is_available[4:].all()


def test_a_taxonomy_that_is_given_keeps_its_ids():
    nodes = [Node("1", "Kitchen"), Node("2", "Kettles", ("1",)), Node("3", "Unused")]
    taxonomy = Taxonomy.from_nodes(nodes, source="shop.csv")
    table = ItemTable.from_items(ITEMS, taxonomy)

    assert table.taxonomy.ids[:3] == ("1", "2", "3")
    assert placed(table, table.P)[0] == {KETTLE: 1}


def test_a_path_that_cannot_be_used_is_left_out():
    table = ItemTable.from_items([{"id": "a", "paths": [["Kitchen", " "], KETTLE]}])

    assert placed(table, table.P) == [{KETTLE: 1}]


def test_data_frame_rows_are_items():
    frame = pd.DataFrame({"item_id": ["a", "b"], "title": ["Cup", None], "available": [True, None]})
    table = ItemTable.from_items(frame.to_dict("records"))

    assert table.fields == ({"title": "Cup"}, {})
    assert table.is_available.all()


def test_missing_paths_are_predicted_and_given_ones_stay(classifier):
    items = [
        {"id": "p", "title": "cordless kettle boil water"},
        {"id": "g", "title": "cordless kettle boil water", "paths": [SPRAY]},
        {"id": "s", "title": "4711"},
        {"id": "n", "title": "kite", "paths": ["Toys > Kites"]},
    ]
    table = ItemTable.from_items(items, classifier=classifier)

    assert table.is_predicted.tolist() == [True, False, False, False]
    assert table.taxonomy.ids[: len(COLUMN)] == tuple(COLUMN)
    labels, P = classifier.probabilities(items[:1], 5)
    assert int(table.P[[0]].toarray().argmax()) == labels[0, 0] == COLUMN["6"]
    assert table.P[0, COLUMN["6"]] == P[0, 0]
    assert placed(table, table.P)[1:] == [{SPRAY: 1}, {}, {"Toys > Kites": 1}]
    assert (table.nodes().data <= 1).all()
    assert table.nodes()[0, COLUMN["5"]] >= P[0, 0]


def test_new_items_are_predicted_in_a_taxonomy_of_their_own(classifier):
    table = ItemTable.from_items([{"id": "k", "paths": ["Shoes > Boots", "Kitchen > Kettles"]}])
    more = table.extended([{"id": "p", "title": "cordless kettle boil water"}], classifier)

    assert more.is_predicted.tolist() == [False, True]
    found = placed(more, more.P)[1]
    assert max(found, key=found.get) == KETTLE
    assert more.taxonomy.ids[: len(table.taxonomy)] == table.taxonomy.ids


def test_a_category_that_the_classifier_got_later_has_its_column():
    changed = fit_shop(preset="fast")
    table = ItemTable.from_items([{"id": "g", "paths": [SPRAY]}], classifier=changed)
    changed.add_category("Garden > Gnomes", examples=["bearded gnome figure", "gnome with lantern"])
    more = table.extended([{"id": "p", "title": "bearded gnome figure with lantern"}], changed)

    found = placed(more, more.P)[1]
    assert max(found, key=found.get) == "Garden > Gnomes"
    assert placed(more, more.P)[0] == {SPRAY: 1}
