"""`TaxonomyClassifier.evaluate`: metrics of a labelled catalog."""

import math

import pytest

from tests.xmlrec.models.shop import (
    NODES,
    column_of,
    shop_items,
)
from xmlrec.errors import TrainingError
from xmlrec.models import TaxonomyClassifier
from xmlrec.taxonomy import Taxonomy


def test_known_items_score_full(classifier):
    metrics = classifier.evaluate(shop_items())

    assert metrics["n"] == 36
    assert metrics["p@1"] == metrics["recall@10"] == metrics["hf_micro"] == 100.0
    assert metrics["tree_distance"] == 0.0
    assert metrics["n_without_category"] == 0


def test_unknown_category_is_a_miss_whose_known_ancestors_count(classifier):
    # predicted Shoes > Boots, true Shoes > Clogs > Wooden: 1 of 2, and 1 of 3 shared
    metrics = classifier.evaluate([{"title": "ankle boot", "paths": ["Shoes > Clogs > Wooden"]}])

    assert metrics["n"] == 1
    assert metrics["p@1"] == metrics["recall@10"] == 0.0
    assert metrics["hp_micro"] == pytest.approx(100 / 2)
    assert metrics["hr_micro"] == pytest.approx(100 / 3)
    assert metrics["tree_distance"] == 3.0
    assert metrics["level_1_f1_micro"] == 100.0


def test_rare_categories_are_worth_more_and_unknown_ones_most(classifier):
    items = [
        {"title": "ankle boot", "paths": ["Shoes > Boots"]},  # right, 6 training items
        {"title": "ankle boot", "paths": ["Shoes > Clogs"]},  # a miss, none
    ]

    metrics = classifier.evaluate(items)

    scale = (math.log(36) - 1) * 2.5**0.55
    found, missed = (1 + scale * (count + 1.5) ** -0.55 for count in (6, 0))
    assert metrics["psp@1"] == pytest.approx(100 * found / (found + missed))


def test_items_without_paths_are_left_out_and_counted(classifier):
    items = [shop_items()[0], {"title": "boot"}, {"title": "hose", "paths": []}]

    metrics = classifier.evaluate(items)

    assert (metrics["n"], metrics["n_without_category"]) == (1, 2)


def test_an_item_without_text_is_a_miss(classifier):
    items = [shop_items()[0], {"title": "", "paths": ["Shoes > Boots"]}]

    metrics = classifier.evaluate(items)

    assert (metrics["n"], metrics["p@1"]) == (2, 50.0)


def test_a_path_that_means_nothing_is_a_miss():
    twins = Taxonomy.from_nodes([*NODES, type(NODES[0])("13", "Boots", ("1",))], source="twins.csv")
    items = [{**item, "paths": [[NODES[column_of(item)].id]]} for item in shop_items()]
    classifier = TaxonomyClassifier().fit(items, twins)

    metrics = classifier.evaluate([items[0], {**items[0], "paths": ["Shoes > Boots"]}])

    assert (metrics["n"], metrics["p@1"]) == (2, 50.0)


def test_the_model_is_not_changed(classifier):
    before = len(classifier.taxonomy_), classifier.label_counts_.tolist()
    classifier.evaluate([{"title": "clog", "paths": ["Shoes > Clogs"]}])

    assert (len(classifier.taxonomy_), classifier.label_counts_.tolist()) == before


def test_nothing_to_measure_against_is_an_error(classifier):
    with pytest.raises(TrainingError, match="no row has a category path"):
        classifier.evaluate([{"title": "boot"}])
