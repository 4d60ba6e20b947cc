import pytest

from xmlrec.models import RankerSettings


def test_settings_come_back_from_json():
    settings = RankerSettings(tree="taxonomy", text=("name", "about"), seed=7)

    assert RankerSettings.from_json(settings.to_json()) == settings


def test_unknown_preset_or_tree_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match="preset must be one of fast, balanced, accurate, got 'fats'"
    ):
        RankerSettings(preset="fats")
    with pytest.raises(ValueError, match="tree must be one of learned, taxonomy, flat, got 'oak'"):
        RankerSettings(tree="oak")


@pytest.mark.parametrize("text", [(), ("title", "title")])
def test_text_needs_different_fields(text):
    with pytest.raises(ValueError, match="one or more different fields"):
        RankerSettings(text=text)
