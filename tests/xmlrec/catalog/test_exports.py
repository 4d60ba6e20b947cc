import csv
import io

import pytest

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog.exports import recognise
from xmlrec.errors import ColumnError


def columns(header):
    return header.split(",")


GOOGLE = columns(
    "id,title,description,link,image_link,price,availability,brand,gtin,mpn,"
    "google_product_category,product_type"
)
SHOPIFY = columns(
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,"
    "Option1 Value,Variant SKU,Variant Price,Image Src,Status"
)
NEW_SHOPIFY = columns(
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,"
    "Status,SKU,Option1 name,Option1 value,Price,Product image URL"
)


def table(names, *rows, delimiter=","):
    """Return a table of rows that give some of the columns by name."""
    file = io.StringIO()
    writer = csv.DictWriter(file, names, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(names, *rows, name="feed.csv", **settings):
        delimiter = "\t" if name.endswith(".tsv") else ","
        path = write_file(tmp_path, name, table(names, *rows, delimiter=delimiter))
        return read_whole(path, **settings)

    return read


def google_row(number, category="", own=""):
    texts = {"id": f"g{number}", "title": f"kettle {number}", "description": "1.7 L"}
    return texts | {"google_product_category": category, "product_type": own}


@pytest.mark.parametrize(
    ("names", "system"),
    [
        (GOOGLE, "Google Merchant"),
        (columns("id,title,description,brand,google_product_category,product_type"), GOOGLE),
        (["ID", "Title", "Link", "Product type"], GOOGLE),
        (["g:id", "g:title", "g:link", "g:product_type"], GOOGLE),
        (SHOPIFY, "Shopify"),
        (NEW_SHOPIFY, "Shopify"),
        (["id", "title", "description", "category"], None),
        (["id", "title", "product_type"], None),
        (["handle", "title", "price"], None),
    ],
)
def test_export_is_recognised_by_its_header(names, system):
    export = recognise(tuple(names))
    expected = "Google Merchant" if system is GOOGLE else system
    assert (export and export.name) == expected


@pytest.mark.parametrize("name", ["feed.csv", "feed.tsv", "feed.txt"])
def test_google_feed_is_read_as_id_title_description_and_category(read, name):
    rows = [google_row(1, "Home & Garden > Kitchen", "Kettles"), google_row(2, "632", "Pots")]
    file = read(GOOGLE, *rows, name=name, needs_labels=True)
    assert file.ids == ["g1", "g2"]
    assert file.reader.columns.text == ("title", "description")
    assert file.reader.columns.label == "google_product_category"
    assert [row.paths for row in file.rows] == [(("Home & Garden", "Kitchen"),), (("632",),)]


def test_google_feed_of_other_spelling_is_read_alike(read):
    names = [name.replace("_", " ").capitalize() for name in GOOGLE]
    row = {"Id": "g1", "Title": "kettle", "Google product category": "A > B"}
    file = read(names, row, needs_labels=True)
    assert (file.ids, file.titles, file.rows[0].paths) == (["g1"], ["kettle"], (("A", "B"),))


@pytest.mark.parametrize(
    ("n_standard", "n_own", "label"),
    [
        (4, 4, "google_product_category"),
        (2, 4, "google_product_category"),
        (1, 4, "product_type"),
        (0, 1, "product_type"),
        (0, 0, "google_product_category"),
    ],
)
def test_google_category_is_the_label_unless_the_own_one_is_filled_twice_as_often(
    read, n_standard, n_own, label
):
    rows = [google_row(n, "A" * (n < n_standard), "B" * (n < n_own)) for n in range(4)]
    file = read(GOOGLE, *rows, needs_labels=True)
    assert file.reader.columns.label == label
    assert len(file.rows) == 4


@pytest.mark.parametrize(
    ("own", "paths"),
    [
        ("Home > Kettles", [["Home", "Kettles"]]),
        ("Home > Kettles, Gifts > For Her", [["Home", "Kettles"], ["Gifts", "For Her"]]),
        ('"Home > Bed, Bath",Gifts > Him', [["Home", "Bed, Bath"], ["Gifts", "Him"]]),
        ("Food, Beverages > Tea", [["Food, Beverages", "Tea"]]),
        ("Home > Bed, Bath & Table", [["Home", "Bed, Bath & Table"]]),
        ("Clothing, Shoes", [["Clothing, Shoes"]]),
        ("A>B,C>D", [["A", "B"], ["C", "D"]]),
        ("A > B, C\nD > E, F", [["A", "B, C"], ["D", "E, F"]]),
    ],
)
def test_commas_part_the_paths_of_a_product_type_that_all_have_levels(read, own, paths):
    file = read(GOOGLE, google_row(1, "", own), needs_labels=True)
    assert [list(path) for path in file.rows[0].paths] == paths


def test_commas_are_part_of_names_in_a_google_category(read):
    file = read(GOOGLE, google_row(1, "A, B > C, D > E"), needs_labels=True)
    assert file.rows[0].paths == (("A, B", "C, D", "E"),)


def test_label_column_that_is_named_is_the_label(read):
    row = google_row(1, "A", "B")
    file = read(GOOGLE, row, needs_labels=True, label_column="product_type")
    assert file.rows[0].paths == (("B",),)


def test_column_called_paths_goes_before_those_of_an_export(read):
    file = read([*GOOGLE, "paths"], google_row(1, "A", "B") | {"paths": "C"}, needs_labels=True)
    assert file.rows[0].paths == (("C",),)


def test_google_feed_as_json_lines_has_its_category_as_label(tmp_path):
    line = '{"id":"1","title":"a","google_product_category":"A > B","product_type":"C"}\n'
    file = read_whole(write_file(tmp_path, "a.jsonl", line), needs_labels=True)
    assert file.rows[0].paths == (("A", "B"),)


SHIRT = {
    "Handle": "shirt",
    "Title": "Linen shirt",
    "Body (HTML)": "<p>Cool &amp; light</p>",
    "Product Category": "Apparel & Accessories > Clothing",
    "Type": "Shirts",
}
MUG = {"Handle": "mug", "Title": "Mug", "Product Category": "Home > Mugs", "Type": "Mugs"}


def test_shopify_export_is_its_products_and_the_other_rows_are_counted(read):
    variants = [{"Handle": "shirt", "Option1 Value": size} for size in "SML"]
    picture = {"Handle": "mug", "Image Src": "https://example.com/mug.jpg"}
    file = read(SHOPIFY, SHIRT, *variants, MUG, picture, needs_labels=True)
    assert file.ids == ["shirt", "mug"]
    assert file.titles == ["Linen shirt", "Mug"]
    assert file.rows[0].fields["description"] == "<p>Cool &amp; light</p>"
    assert file.rows[0].paths == (("Apparel & Accessories", "Clothing"),)
    assert file.reader.columns.text == ("title", "description")
    assert (file.reader.counts.n_rows, file.reader.counts.n_skipped) == (2, 4)
    assert file.rejects == []
    assert [row.line for row in file.rows] == [2, 6]


def test_newer_shopify_export_is_read_alike(read):
    new = {"Handle": "URL handle", "Body (HTML)": "Description"}
    new["Product Category"] = "Product category"
    rows = [
        {new.get(name, name): text for name, text in row.items()}
        for row in (SHIRT, {"Handle": "shirt", "SKU": "s-1"}, MUG)
    ]
    file = read(NEW_SHOPIFY, *rows, needs_labels=True)
    assert file.ids == ["shirt", "mug"]
    assert file.rows[0].fields["description"] == "<p>Cool &amp; light</p>"
    assert file.rows[1].paths == (("Home", "Mugs"),)
    assert file.reader.counts.n_skipped == 1


def test_type_of_a_shopify_export_is_the_label_where_no_category_is_filled(read):
    rows = [SHIRT | {"Product Category": ""}, MUG | {"Product Category": ""}]
    file = read(SHOPIFY, *rows, needs_labels=True)
    assert [row.paths for row in file.rows] == [(("Shirts",),), (("Mugs",),)]


def test_row_without_a_title_under_a_handle_of_its_own_is_a_product(read):
    file = read(SHOPIFY, SHIRT, {"Handle": "nameless", "Body (HTML)": "text"})
    assert file.ids == ["shirt", "nameless"]


def test_rows_after_a_product_that_cannot_be_read_are_no_products(tmp_path):
    content = table(SHOPIFY, SHIRT, {"Handle": "mug", "Title": "Mug"}, {"Handle": "mug"}, MUG)
    path = write_file(tmp_path, "a.csv", content.replace("mug,Mug", "mug,Mug,", 1))
    file = read_whole(path)
    assert file.ids == ["shirt", "mug"]
    assert file.faults == [(3, "FIELD_COUNT")]
    assert file.reader.counts.n_skipped == 1


def test_columns_of_an_export_that_are_named_keep_their_names(read):
    rows = [SHIRT, {"Handle": "shirt"}]
    file = read(SHOPIFY, *rows, model_text=("Title", "Body (HTML)"), id_column="Handle")
    assert file.ids == ["shirt"]
    assert file.rows[0].fields["Title"] == "Linen shirt"
    assert file.reader.columns.text == ("Title", "Body (HTML)")
    assert file.reader.counts.n_skipped == 1


def test_column_whose_usual_name_is_taken_keeps_its_own(read):
    file = read([*SHOPIFY, "id"], SHIRT | {"id": "7"})
    assert file.ids == ["7"]
    assert file.rows[0].fields["Handle"] == "shirt"


def test_label_columns_of_no_export_stay_ambiguous(read):
    with pytest.raises(ColumnError, match="may each be the label column"):
        read(["title", "product_type", "category"], needs_labels=True)
