"""Names of what an explanation speaks of, in a taxonomy that has changed."""

import pytest

from tests.xmlrec.models.shop import COLUMN, fit_shop
from xmlrec.models.evidence import common_path, path_as_trained


@pytest.fixture(scope="module")
def shop():
    """A classifier of the shop in which pans have become kettles, and sandals have gone."""
    shop = fit_shop(preset="fast")
    shop.merge("7", "6")
    shop.remove("3")
    return shop


def columns(*label_ids):
    return [COLUMN[label_id] for label_id in label_ids]


@pytest.mark.parametrize(
    ("label_ids", "path"),
    [
        (("6",), "Kitchen > Kettles"),
        (("5", "6"), "Kitchen"),
        (("6", "7"), "Kitchen > Kettles"),  # both are answered with kettles
        (("2", "3"), "Shoes > Boots"),  # nothing is answered with sandals
        (("2", "10"), ""),
        (("3",), ""),
    ],
)
def test_categories_lie_within_the_deepest_one_that_has_them_all(shop, label_ids, path):
    assert common_path(shop.view, columns(*label_ids)) == path


def test_a_category_that_is_no_more_has_the_path_it_had(shop):
    taxonomy = shop.taxonomy_

    assert path_as_trained(taxonomy, COLUMN["7"]) == ("Kitchen", "Pans")
    assert path_as_trained(taxonomy, COLUMN["3"]) == ("Shoes", "Sandals")
    assert path_as_trained(taxonomy, COLUMN["2"]) == ("Shoes", "Boots")


def test_a_path_of_categories_that_are_all_no_more_is_known():
    shop = fit_shop(preset="fast")
    shop.remove(["9", "10", "11", "12"])

    assert path_as_trained(shop.taxonomy_, COLUMN["12"]) == ("Garden", "Tools", "Rakes")
