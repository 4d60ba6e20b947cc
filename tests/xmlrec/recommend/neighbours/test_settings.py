import pytest

from xmlrec.recommend.neighbours import NeighbourSettings


def test_settings_survive_json():
    settings = NeighbourSettings(span=3.0, decay="linear")

    assert NeighbourSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decay": "cubic"}, "decay must be one of exponential, linear, got 'cubic'"),
        ({"n_recent": 0}, "n_recent must be at least 1, got 0"),
        ({"span": 0.0}, "span must be above 0 and finite, got 0.0"),
        ({"sharpness": float("inf")}, "sharpness must be above 0 and finite, got inf"),
        ({"before": -0.1}, "before must be at least 0 and finite, got -0.1"),
        ({"repeat": float("nan")}, "repeat must be at least 0 and finite, got nan"),
        ({"rules_share": 1.0}, "rules_share must be from 0 to below 1, got 1.0"),
    ],
)
def test_a_value_out_of_range_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        NeighbourSettings(**values)
