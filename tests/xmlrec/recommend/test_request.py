import numpy as np
import pytest

from tests.xmlrec.models.shop import WORDS
from tests.xmlrec.recommend.world import COLD, SEVERAL, fit_items, shelf_path
from xmlrec.errors import OptionError
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.request import Request, allowed_items, find_category, is_within


def allowed_ids(world, **request):
    allowed = allowed_items(world.parts, Request(**request))
    return [world.items_.ids[item] for item in np.flatnonzero(allowed)]


def test_everything_is_allowed_that_is_not_ruled_out(world):
    ids = list(world.items_.ids)

    assert allowed_ids(world) == ids
    assert allowed_ids(world, exclude=("i0", "blank", "no such item")) == ids[1:-1]
    assert allowed_ids(world, available=frozenset({"i7", "bare", "no such item"})) == ["i7", "bare"]
    assert allowed_ids(world, available=frozenset({"i7"}), exclude=("i7",)) == []


def test_items_within_a_category_are_those_at_or_below_it_by_any_path(world):
    shelf = ["i0", "i1", SEVERAL, "i3", "i4", COLD]

    assert allowed_ids(world, within=shelf_path(0)) == shelf
    assert allowed_ids(world, within="department 2 > group 4") == [
        SEVERAL, *[f"i{item}" for item in range(40, 50)], "cold elsewhere",
    ]  # fmt: skip
    assert allowed_ids(world, within=shelf_path(0), exclude=(COLD,)) == shelf[:-1]


def test_what_is_not_available_is_allowed_only_if_the_caller_says_so():
    items = [{"id": "a"}, {"id": "b", "available": "no"}]
    recommender = fit_items(items, [[0, 1, 0], [1, 0, 1]])

    assert allowed_ids(recommender) == ["a"]
    assert allowed_ids(recommender, exclude=("a",)) == []


def test_a_category_is_given_by_its_path_or_id():
    table = ItemTable.from_items([{"id": "a", "paths": ["A > B"]}, {"id": "b", "paths": ["C > B"]}])
    taxonomy = table.taxonomy
    column = find_category(table, "C > B")

    assert taxonomy.path_text(column) == "C > B"
    assert find_category(table, taxonomy.ids[column]) == column


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("department 1 > grop 2", "did you mean 'department 1 > group 2'?"),
        ("?", "give a path such as 'A > B', or an id"),
    ],
)
def test_an_unknown_category_is_one_line(world, text, step):
    with pytest.raises(OptionError) as caught:
        allowed_ids(world, within=text)

    assert str(caught.value) == f"--within: no item's path has the category {text!r}; {step}"


def test_a_predicted_item_is_within_its_likely_categories(classifier):
    table = ItemTable.from_items([{"id": "a", "title": WORDS["6"]}], classifier=classifier)

    within = {
        path: bool(is_within(table, find_category(table, path))[0])
        for path in ("Kitchen", "Kitchen > Kettles", "Garden")
    }

    assert within == {"Kitchen": True, "Kitchen > Kettles": True, "Garden": False}


def test_at_least_one_item_is_asked_for():
    with pytest.raises(OptionError, match="^-k: 0 is less than 1; give 1 or more$"):
        Request(k=0)
