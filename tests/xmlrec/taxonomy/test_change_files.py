import pytest

from tests.xmlrec.taxonomy.shelves import shelves
from xmlrec.errors import ColumnError, InputError
from xmlrec.taxonomy import Node, Taxonomy
from xmlrec.taxonomy.adding import NewCategory
from xmlrec.taxonomy.change_files import read_mapping, read_new_categories

OLD = shelves().taxonomy
NEW = Taxonomy.from_nodes(
    [Node("k", "Kitchen"), Node("k5", "Small Boilers", ("k",)), Node("k6", "Big Boilers", ("k",))],
    source="new.csv",
)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_new_categories_are_read(write):
    path = write(
        "PATH;id;note;definition;aliases;examples\n"
        "Kitchen > Mills;k3;x;Grind.;grinders|mills;a mill | another\n"
        "Kitchen>Pans;;;;;\n"
    )

    assert read_new_categories(path) == [
        NewCategory(
            path=("Kitchen", "Mills"),
            id="k3",
            definition="Grind.",
            aliases=("grinders", "mills"),
            examples=("a mill", "another"),
        ),
        NewCategory(path=("Kitchen", "Pans")),
    ]


def test_a_path_is_all_that_is_needed(write):
    assert read_new_categories(write("path\nBooks\n\nFilms\n")) == [
        NewCategory(path=("Books",)),
        NewCategory(path=("Films",)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,id\nBooks,1\nFilms\n", "line 3: 1 cells where the header has 2"),
        ("path,id\nBooks,1\n ,2\n", "line 3: a category of '': its name is empty"),
        ("path\nA >  > B\n", "line 2: a category of 'A >  > B': its name is empty"),
        ("path\n'A\n\"B\n", "the row is not CSV"),
        ("", "the file is empty"),
    ],
)
def test_one_bad_row_refuses_the_file(write, text, message):
    with pytest.raises(InputError) as error:
        read_new_categories(write(text))
    assert message in str(error.value)


def test_columns_must_be_there_once(write):
    with pytest.raises(ColumnError, match="no column 'path'; the columns are 'name'"):
        read_new_categories(write("name\nBooks\n"))
    with pytest.raises(ColumnError, match="column 'id' is there twice"):
        read_new_categories(write("path,id,id\nBooks,1,2\n"))


def test_a_mapping_table_names_ids_or_paths(write):
    path = write("old,new\nk1,k5\nKitchen > Kettles,Kitchen > Big Boilers\ng1,\nnone,k5\n")

    targets, unknown = read_mapping(path, OLD, NEW)

    assert targets == {"k1": ("k5", "k6"), "g1": ()}
    assert unknown == ["none"]


def test_a_mapping_of_shopify_is_read(write):
    path = write(
        "# Shopify Product Taxonomy - Mapping\n# Format:\n# \u2192 {base}\n# \u21d2 {mapped}\n\n"
        "\u2192 Kitchen > Kettles\n\u21d2 Kitchen > Small Boilers\n\u21d2 Kitchen > Big Boilers\n\n"
        "\u2192 Garden > Hoses\n\u21d2 Kitchen\n"
    )

    assert read_mapping(path, OLD, NEW).targets == {"k1": ("k5", "k6"), "g1": ("k",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("old,new\nk1,k9\n", "line 2: 'k9' is not in the new release"),
        ("old,new\nk1\n", "line 2: 1 cells where the header has 2"),
        ("k1,k5\n", "line 1: 'k1,k5' is neither a CSV header nor such a line"),
    ],
)
def test_a_bad_mapping_is_refused(write, text, message):
    with pytest.raises(InputError) as error:
        read_mapping(write(text), OLD, NEW)
    assert message in str(error.value)
