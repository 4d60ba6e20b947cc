import numpy as np
import pytest

from tests.xmlrec.report.evaluations import make_evaluation, shop_evaluation
from xmlrec.report.reliability import calibrations, coverage_figure, coverage_points
from xmlrec.report.rows import read_rows


def test_every_level_is_calibrated_by_itself():
    # football, tennis for football, kitchen for knives
    evaluation = shop_evaluation([2, 3, 6], [{2}, {2}, {7}], confidence=[0.75, 0.5, 0.25])

    whole, first, second, third = calibrations(read_rows(evaluation))

    assert [found.title for found in (whole, first, third)] == ["Whole path", "Level 1", "Level 3"]
    assert [found.n_rows for found in (whole, first, second, third)] == [3, 3, 3, 2]
    shares = [found.right_share for found in (whole, first, second, third)]
    assert shares == pytest.approx([1 / 3, 1, 1, 1 / 2])
    assert whole.error == pytest.approx((0.25 + 0.5 + 0.25) / 3)
    assert third.brier == pytest.approx((0.25**2 + 0.5**2) / 2)


def test_taxonomy_of_one_level_has_one_diagram():
    found = calibrations(read_rows(make_evaluation(n_rows=20, children=())))

    assert [calibration.title for calibration in found] == ["Whole path"]


def test_points_say_what_confidence_a_precision_takes():
    evaluation = shop_evaluation(
        [2, 2, 3, 2], [{2}] * 4, confidence=[0.75, 0.625, 0.5, 0.25], threshold=0.5
    )
    *_, at_99, own = points = coverage_points(read_rows(evaluation))

    assert at_99[1:] == (0.625, 0.5, 1.0)
    assert own.target == "The model's thresholds"
    assert own[2:] == pytest.approx((3 / 4, 2 / 3))
    plot = coverage_figure(read_rows(evaluation), points)
    assert "99\u00a0% precision: 50\u00a0% covered" in plot
    assert "thresholds: 75\u00a0% covered" in plot


def test_precision_out_of_reach_has_no_threshold():
    *points, own = coverage_points(read_rows(shop_evaluation([3, -1], [{2}, {2}])))

    assert all(np.isnan(point.threshold) and point.coverage == 0 for point in points)
    assert np.isnan(own.precision)


def test_without_answers_there_is_nothing_to_plot():
    rows = read_rows(shop_evaluation([-1], [{2}]))

    assert calibrations(rows) == []
    assert coverage_figure(rows, coverage_points(rows)) == ""
