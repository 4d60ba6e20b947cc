import json

import pytest

from xmlrec.catalog import CatalogSettings
from xmlrec.errors import ColumnError, InputError
from xmlrec.recommend.item_catalog import read_item_catalog
from xmlrec.recommend.items import ItemTable

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def read(tmp_path, content, name="items.csv", **how):
    """Return the catalog of a file, and the rejects: line and code of each."""
    path = tmp_path / name
    path.write_text(content)
    rejects = []
    catalog = read_item_catalog(str(path), rejects.append, **how)
    return catalog, rejects, [(reject.line, str(reject.code)) for reject in rejects]


def ends(catalog):
    """Return the path texts of each item's categories, by its id."""
    table = catalog.items
    return {
        item: [table.taxonomy.path_text(column) for column in row.nonzero()[0].tolist()]
        for item, row in zip(table.ids, table.P.toarray(), strict=True)
    }


def test_rows_become_items_with_fields_paths_and_availability(tmp_path):
    content = "item_id,title,brand,path,available\na,Cup,Acme,Kitchen > Cups,yes\nb,Tea,,,0\n"
    catalog, _, faults = read(tmp_path, content)

    assert catalog.items.ids == ("a", "b")
    assert catalog.items.fields == ({"title": "Cup", "brand": "Acme"}, {"title": "Tea"})
    assert ends(catalog) == {"a": ["Kitchen > Cups"], "b": []}
    assert catalog.items.is_available.tolist() == [True, False]
    assert (catalog.n_new, catalog.n_known, catalog.n_without_path) == (2, 0, 1)
    assert catalog.added == ("Kitchen", "Kitchen > Cups")
    assert faults == []


def test_a_catalog_without_labels_and_texts_is_fine(tmp_path):
    catalog, _, faults = read(tmp_path, "id\na\nb\n")

    assert ends(catalog) == {"a": [], "b": []}
    assert catalog.n_without_path == 2
    assert faults == []


def test_item_id_comes_before_id_and_another_column_may_be_named(tmp_path):
    content = "id,item_id,sku,title\n1,a,x,Cup\n"
    assert read(tmp_path, content)[0].items.ids == ("a",)
    catalog, *_ = read(tmp_path, content, settings=CatalogSettings(id_column="sku"))
    assert catalog.items.ids == ("x",)
    assert catalog.items.fields == ({"title": "Cup"},)


def test_json_lines_and_parquet_hold_several_paths(tmp_path):
    rows = [
        {"id": "a", "title": "Cup", "paths": ["Kitchen > Cups", "Gifts"], "available": True},
        {"id": "b", "title": "Hose", "paths": [], "available": False},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "items.parquet")
    lines, _, _ = read(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "items.jsonl")
    parquet = read_item_catalog(str(tmp_path / "items.parquet"), print)

    for catalog in (lines, parquet):
        assert ends(catalog) == {"a": ["Kitchen > Cups", "Gifts"], "b": []}
        assert catalog.items.fields == ({"title": "Cup"}, {"title": "Hose"})
        assert catalog.items.is_available.tolist() == [True, False]


def test_bad_rows_are_rejected_and_counted(tmp_path):
    content = "id,title,paths,available\na,Cup,,\n,Tea,,\na,Pan,,\nb,Pot,,maybe\nc,Jug,A >  > B,\n"
    catalog, rejects, faults = read(tmp_path, content)

    assert catalog.items.ids == ("a",)
    assert catalog.items.fields == ({"title": "Cup"},)
    wanted = [(3, "BAD_ID"), (4, "DUPLICATE_ID"), (5, "BAD_AVAILABLE"), (6, "BAD_LABEL")]
    assert faults == wanted
    assert catalog.rejected == {code: 1 for _, code in wanted}
    assert rejects[1].message == f"the item 'a' is there already: {tmp_path / 'items.csv'}:2"
    assert json.loads(rejects[1].raw)["title"] == "Pan"


def test_a_duplicate_in_another_file_names_the_first_one(tmp_path):
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text("id,title\na,Cup\n")
    rejects = []
    catalog = read_item_catalog(str(tmp_path / "*.csv"), rejects.append)

    assert len(catalog.items) == 1
    assert rejects[0].source == str(tmp_path / "2.csv")
    assert rejects[0].message.endswith(f"{tmp_path / '1.csv'}:2")


def test_a_path_that_fits_nowhere_is_a_reject_and_its_item_stays(tmp_path, classifier):
    classifier_items = ItemTable.from_items([], classifier=classifier)
    content = "id,title,paths\na,cordless kettle,Shoes > Boots\nb,pan,Toys > Kites\n"
    catalog, _, faults = read(tmp_path, content, items=classifier_items)
    assert faults == []
    assert catalog.added == ("Toys", "Toys > Kites")

    twins = ItemTable.from_items([{"id": "x", "paths": [["1_Home"], ["2_Home"]]}])
    catalog, rejects, faults = read(tmp_path, "id,title,paths\na,Lamp,Home\n", items=twins)
    assert faults == [(2, "AMBIGUOUS_PATH")]
    assert json.loads(rejects[0].raw) == {"paths": "Home"}
    assert (catalog.n_refused, catalog.n_without_path) == (1, 1)
    assert catalog.items.ids == ("x", "a")


def test_paths_are_predicted_where_a_catalog_has_none(tmp_path, classifier):
    content = "id,title\na,cordless kettle boil water\nb,4711\n"
    catalog, _, faults = read(tmp_path, content, classifier=classifier)

    assert "Kitchen > Kettles" in ends(catalog)["a"]
    assert catalog.items.is_predicted.tolist() == [True, False]
    assert (catalog.n_predicted, catalog.n_without_path) == (1, 1)
    assert catalog.added == ()
    assert faults == []


def test_items_that_a_table_has_are_left_out_and_counted(tmp_path):
    items = ItemTable.from_items([{"id": "a", "title": "Old"}])
    catalog, _, faults = read(tmp_path, "id,title\na,New\nb,Tea\n", items=items)

    assert catalog.items.ids == ("a", "b")
    assert catalog.items.fields == ({"title": "Old"}, {"title": "Tea"})
    assert (catalog.n_new, catalog.n_known) == (1, 1)
    assert faults == []


def test_a_catalog_without_an_id_column_is_refused(tmp_path):
    with pytest.raises(ColumnError, match="no column 'item_id' or 'id'; its columns are 'title'"):
        read(tmp_path, "title\nCup\n")


def test_two_label_columns_are_refused(tmp_path):
    with pytest.raises(ColumnError, match="may each be the label column"):
        read(tmp_path, "id,path,category\na,A,B\n")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the file is empty"),
        ("id,title\n", "it holds no item"),
        ("id,title\n,Cup\n,Tea\n", "none of its 2 rows can be used as an item"),
    ],
)
def test_a_catalog_without_an_item_is_refused(tmp_path, content, problem):
    with pytest.raises(InputError) as error:
        read(tmp_path, content)
    assert str(error.value) == f"{tmp_path / 'items.csv'}: {problem}"
