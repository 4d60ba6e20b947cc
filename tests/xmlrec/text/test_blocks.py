import pytest

from xmlrec.text import NgramBlock

GOOD = {"name": "words", "fields": ("title",), "unit": "word", "n_min": 1, "n_max": 2}


def test_fields_weigh_one_each_by_default():
    block = NgramBlock(**GOOD | {"fields": ["title", "brand"]})

    assert block.fields == ("title", "brand")
    assert block.field_weights == (1.0, 1.0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": ""}, "name is empty"),
        ({"fields": ()}, "fields is empty"),
        ({"fields": ("title", "title")}, "twice"),
        ({"field_weights": (1.0, 2.0)}, "2 field_weights for 1 fields"),
        ({"field_weights": (0.0,)}, "positive"),
        ({"weight": float("nan")}, "positive"),
        ({"weight": float("inf")}, "positive"),
        ({"unit": "byte"}, "'byte'"),
        ({"n_min": 0}, "n_min 0"),
        ({"n_min": 3}, "n_min 3"),
        ({"n_max": 17}, "n_max 17"),
        ({"min_df": 0}, "min_df"),
    ],
)
def test_a_bad_setting_is_named(change, problem):
    with pytest.raises(ValueError, match=problem):
        NgramBlock(**GOOD | change)
