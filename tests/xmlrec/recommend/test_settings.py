import pytest

from xmlrec.errors import OptionError
from xmlrec.recommend.settings import RecommenderSettings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"preset": "best"}, "--preset: there is no preset 'best'; there are fast and accurate"),
        ({"leave_out": -1}, "--leave-out: -1 is negative; give 0 or more"),
    ],
)
def test_a_setting_out_of_range_is_one_line(values, message):
    with pytest.raises(OptionError, match=f"^{message}$"):
        RecommenderSettings(**values)


def test_settings_come_back_from_json():
    settings = RecommenderSettings(preset="accurate", leave_out=2, seed=5)

    assert RecommenderSettings.from_json(settings.to_json()) == settings
