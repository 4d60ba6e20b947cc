import pytest

from tests.xmlrec.taxonomy.shelves import changed, paths, shelves
from xmlrec.errors import ChangeError
from xmlrec.taxonomy import extend_with_paths
from xmlrec.taxonomy.adding import NewCategory, clean_texts, elements_of, plan_adds
from xmlrec.taxonomy.changes import Add, Merge, Remove, Rename, Split


def plan(*rows, state=None):
    taxonomy = (state or shelves()).taxonomy
    rows = [row if isinstance(row, dict) else {"path": row} for row in rows]
    return plan_adds(taxonomy, [NewCategory(**row) for row in rows])


def refusal(*rows, state=None):
    with pytest.raises(ChangeError) as error:
        plan(*rows, state=state)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "path",
    ["Kitchen > Mills", "k > Mills", "KITCHEN>Mills", ["Kitchen", " Mills "], "Kitchen > Mills "],
)
def test_a_parent_is_found_as_in_a_catalog(path):
    (add,) = plan(path)

    assert (add.name, add.parents) == ("Mills", ("k",))


def test_an_id_is_the_one_that_training_would_have_made():
    (add,) = plan("Kitchen > Mills")
    trained = extend_with_paths(shelves().taxonomy, [("Kitchen", "Mills")]).taxonomy

    assert add.id == trained.ids[-1]


def test_what_is_said_of_a_category_is_kept():
    row = {
        "path": "Books",
        "id": " b ",
        "definition": " To read. ",
        "aliases": ["volumes", " "],
        "examples": ["a novel", "a novel", " an atlas"],
    }

    assert plan(row) == [Add("b", "Books", (), "To read.", ("volumes",), ("a novel", "an atlas"))]


def test_a_parent_may_be_new_too_in_any_order():
    adds = plan("Books > Novels > Crime", "Books", {"path": "books > Novels", "id": "n"})

    assert [add.name for add in adds] == ["Books", "Novels", "Crime"]
    assert paths(changed(*adds))[adds[2].id] == "Books > Novels > Crime"
    assert adds[2].parents == ("n",)


def test_an_id_that_was_given_once_is_not_made_again():
    first = changed(*plan("Kitchen > Mills"))
    state = changed(Remove(first.taxonomy.ids[-1]), state=first)

    (add,) = plan("Kitchen > Mills", state=state)

    assert add.id.startswith(first.taxonomy.ids[-1])
    assert paths(changed(add, state=state))[add.id] == "Kitchen > Mills"


def test_a_parent_is_found_under_its_old_name():
    (add,) = plan("Kitchen > Kettles > Mini", state=changed(Rename("k1", "Boilers")))

    assert add.parents == ("k1",)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "Kitchen > Pots > Woks",
            "there is no category 'Pots' below 'Kitchen'; add that one first",
        ),
        ("Kitchen > Kettles > A > B", "there is no category 'A' below 'Kitchen > Kettles'"),
        ("Bath > Towels", "there is no category 'Bath' at the top"),
        ("", "its name is empty"),
        (" ", "its name is empty"),
        ([], "its name is empty"),
        ("Kitchen >  > Woks", "its name is empty"),
        ("Kitchen > ", "its name is empty"),
        (["Kitchen", "A > B"], "contains the separator"),
        ("Kitchen > A\x07", "contains a control character"),
        ({"path": "Books", "id": " "}, "' ' cannot be an id"),
        ({"path": "Books", "id": "\x00"}, "cannot be an id"),
    ],
)
def test_a_category_without_place_name_or_id_is_refused(path, message):
    assert message in refusal(path)


def test_a_parent_that_is_no_more_is_refused():
    assert "category 'k2' was removed" in refusal(
        "Kitchen > Toasters > Mini", state=changed(Remove("k2"))
    )
    assert plan("k2 > Mini", state=changed(Merge(("k2",), "k1")))[0].parents == ("k1",)
    assert "several categories fit; use an id: k1, g1" in refusal(
        "Kitchen > Toasters > Mini", state=changed(Split("k2", ("k1", "g1")))
    )


def test_texts_are_cleaned():
    assert clean_texts(["b", " a ", "", "b", "\t", "\ud800"]) == ("b", "a", "?")


def test_elements_are_cut_at_signs_between_blanks_if_there_are_any():
    assert elements_of("A>B > C") == ("A>B", "C")
    assert elements_of("A>B>C") == ("A", "B", "C")
    assert elements_of("A") == ("A",)
