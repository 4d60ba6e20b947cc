import pytest

from xmlrec.catalog import CatalogSettings
from xmlrec.catalog.columns import choose_columns
from xmlrec.errors import ColumnError


def choose(*names, **settings):
    return choose_columns("shop.csv", names, CatalogSettings(**settings))


def test_title_and_description_are_the_text():
    assert choose("id", "title", "price", "description").text == ("title", "description")
    assert choose("description").text == ("description",)


def test_file_without_text_columns_is_refused_with_the_columns_it_has():
    with pytest.raises(ColumnError) as error:
        choose("sku", "name")
    assert str(error.value) == (
        "shop.csv: no column 'title' or 'description'; its columns are 'sku', 'name'; "
        "say which hold the text: --text COLUMN"
    )
    assert error.value.exit_code == 2


def test_only_the_first_columns_of_many_are_listed():
    with pytest.raises(ColumnError, match=r"'c19' and 80 more;"):
        choose(*(f"c{number}" for number in range(100)))


def test_named_text_columns_must_exist():
    assert choose("sku", "name", text_columns=("name",)).text == ("name",)
    with pytest.raises(ColumnError, match="no column 'nmae', which --text names"):
        choose("sku", "name", text_columns=("name", "nmae"))


def test_id_column_is_id_or_the_named_one_or_none():
    assert choose("id", "title").id == "id"
    assert choose("id", "title", "sku", id_column="sku").id == "sku"
    assert choose("title").id is None
    with pytest.raises(ColumnError, match="no column 'gtin', which --id-column names"):
        choose("id", "title", id_column="gtin")


@pytest.mark.parametrize("name", ["path", "category", "product_type", "google_product_category"])
def test_one_known_label_column_is_found(name):
    assert choose("title", name, needs_labels=True).label == name


def test_paths_go_before_any_other_label_column():
    assert choose("title", "path", "category", "paths", needs_labels=True).label == "paths"


def test_two_label_columns_are_both_named():
    names = ("title", "product_type", "category")
    with pytest.raises(ColumnError, match="'category', 'product_type' may each .*--label-column"):
        choose(*names, needs_labels=True)
    assert choose(*names, needs_labels=True, label_column="category").label == "category"
    assert choose(*names).label is None


def test_file_without_a_label_column_is_refused_with_the_columns_it_has():
    with pytest.raises(ColumnError, match="no label column.*its columns are 'title', 'genre';"):
        choose("title", "genre", needs_labels=True)
    with pytest.raises(ColumnError, match="no column 'kind', which --label-column names"):
        choose("title", "genre", needs_labels=True, label_column="kind")


def test_column_cannot_be_text_and_label_at_once():
    with pytest.raises(ColumnError, match="'category' would be text and label at once"):
        choose("title", "category", needs_labels=True, text_columns=("title", "category"))
    with pytest.raises(ColumnError, match="'paths' would be text and label at once"):
        choose("title", "paths", text_columns=("paths",))
    assert choose("title", "category", text_columns=("category",)).text == ("category",)


def test_first_of_several_id_columns_is_the_id_unless_another_is_named():
    usual = ("session_id", "user_id")
    assert choose("title", "user_id", "session_id", id_columns=usual).id == "session_id"
    assert choose("title", "user_id", "id", id_columns=usual).id == "user_id"
    assert choose("title", "user_id", "sku", id_columns=usual, id_column="sku").id == "sku"
    with pytest.raises(ColumnError) as error:
        choose("title", "id", id_columns=usual)
    assert str(error.value) == (
        "shop.csv: no column 'session_id' or 'user_id'; its columns are 'title', 'id'; "
        "say which holds the ids: --id-column COLUMN"
    )


def test_key_columns_must_exist():
    assert choose("title", "item_id", key_columns=("item_id",)).keys == ("item_id",)
    with pytest.raises(ColumnError, match="no column 'item_id'; its columns are 'title'; rename"):
        choose("title", key_columns=("item_id",))


def test_columns_of_text_and_labels_may_be_missing_but_not_if_they_are_named():
    settings = {"needs_labels": True, "may_lack_columns": True}
    columns = choose("id", **settings)
    assert (columns.text, columns.label) == ((), None)
    assert choose("id", "path", **settings).label == "path"
    with pytest.raises(ColumnError, match="may each be the label column"):
        choose("id", "path", "category", **settings)
    with pytest.raises(ColumnError, match="no column 'kind', which --label-column names"):
        choose("id", label_column="kind", **settings)
    with pytest.raises(ColumnError, match="no column 'name', which --text names"):
        choose("id", text_columns=("name",), **settings)
