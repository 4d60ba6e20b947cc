"""`TaxonomyClassifier.fit`: what is learned, what is left out, and what cannot be learned."""

import numpy as np
import pytest

from tests.xmlrec.models.shop import (
    COLUMN,
    NODES,
    PATHS,
    column_of,
    fit_shop,
    same_bytes,
    shop_items,
    shop_taxonomy,
)
from xmlrec.errors import TrainingError
from xmlrec.models import TaxonomyClassifier


def found_ids(classifier, *items, k=1):
    rows = classifier.classify(list(items), k)
    return [[path["category_id"] for path in row["paths"]] for row in rows]


def test_every_item_is_found_again(classifier):
    items = shop_items()
    labels, _ = classifier.rank(items, 1)

    assert labels[:, 0].tolist() == [column_of(item) for item in items]


def test_items_may_be_strings_or_mappings(classifier):
    title = "ankle boot"

    assert same_bytes(classifier.rank([title], 5), classifier.rank([{"title": title}], 5))


def test_other_fields_and_blank_ones_change_nothing(classifier):
    item = {"title": "ankle boot", "description": " ", "price": "9", "brand": None}

    assert same_bytes(classifier.rank([item], 5), classifier.rank(["ankle boot"], 5))


def test_labels_can_be_leaves_and_inner_nodes(classifier):
    assert found_ids(classifier, "cookware starter set", "nonstick skillet") == [["5"], ["7"]]


def test_the_training_items_of_each_category_are_counted(classifier):
    with_items = {column for column in range(len(NODES)) if classifier.label_counts_[column]}

    assert with_items == {COLUMN[label_id] for label_id in PATHS}
    assert set(classifier.label_counts_.tolist()) == {0, 6}
    assert classifier.n_items_ == 36


def test_an_item_with_several_paths_counts_in_each():
    twice = {"title": "boot shaped kettle", "paths": [PATHS["2"], "Kitchen > Kettles"]}
    classifier = TaxonomyClassifier().fit([*shop_items(), twice], shop_taxonomy())

    assert classifier.label_counts_[[COLUMN["2"], COLUMN["6"]]].tolist() == [7, 7]
    assert classifier.n_items_ == 37
    (ranked,) = classifier.rank(["boot shaped kettle"], 2)[0].tolist()
    assert sorted(ranked) == [COLUMN["2"], COLUMN["6"]]


def test_category_without_items_is_found_by_its_name(classifier):
    assert found_ids(classifier, "slippers", "tools") == [["4"], ["11"]]


def test_category_far_from_items_is_kept_and_never_found(classifier):
    everything = classifier.rank(["rakes", "woks", "shoes", "boot"], 50)[0]

    assert len(classifier.taxonomy_) == 12
    assert not np.isin([COLUMN["12"], COLUMN["8"], COLUMN["1"]], everything).any()
    assert [NODES[column].id for column in np.flatnonzero(~classifier.is_findable)] == [
        "1",
        "8",
        "9",
        "12",
    ]


def test_without_a_taxonomy_it_is_made_of_the_paths():
    classifier = TaxonomyClassifier().fit(shop_items())

    assert set(classifier.added_) == {
        *(" > ".join(path) for path in PATHS.values()),
        "Shoes",
        "Garden",
    }
    (row,) = classifier.classify(["flexible hose"], 1)
    assert row["paths"][0]["path_text"] == "Garden > Hoses"


def test_unknown_categories_are_added_and_listed():
    clogs = {"title": "wooden clog", "paths": ["Shoes > Clogs"]}
    classifier = TaxonomyClassifier().fit([*shop_items(), clogs], shop_taxonomy())

    assert classifier.added_ == ("Shoes > Clogs",)
    assert found_ids(classifier, "wooden clog") == [[classifier.taxonomy_.ids[len(NODES)]]]


def test_strict_leaves_unknown_categories_out_and_lists_them():
    clogs = {"title": "wooden clog", "paths": ["Shoes > Clogs"]}
    classifier = TaxonomyClassifier().fit([clogs, *shop_items()], shop_taxonomy(), strict=True)

    ((position, path, refusal),) = classifier.refused_
    assert (position, path, refusal.code) == (0, "Shoes > Clogs", "UNKNOWN_PATH")
    assert classifier.taxonomy_ == shop_taxonomy()
    assert classifier.n_items_ == 36


def test_items_without_text_or_path_are_not_learned_from():
    useless = [{"title": "", "paths": [PATHS["2"]]}, {"title": "boot"}, {"paths": []}]
    classifier = TaxonomyClassifier().fit([*useless, *shop_items()], shop_taxonomy())

    assert classifier.n_items_ == 36
    assert classifier.label_counts_.max() == 6


def test_other_fields_can_be_read():
    items = [{"name": item["title"], "paths": item["paths"]} for item in shop_items()]
    classifier = TaxonomyClassifier(text=("name",)).fit(items, shop_taxonomy())

    assert found_ids(classifier, "ankle boot", {"name": "ankle boot"}) == [["2"], ["2"]]


def test_validation_items_are_measured():
    classifier = TaxonomyClassifier().fit(shop_items(), shop_taxonomy(), shop_items()[:12])

    assert classifier.valid_metrics_["n"] == 12
    assert classifier.valid_metrics_["p@1"] == 100.0


def test_siblings_under_one_parent_are_enough():
    items = [item for item in shop_items() if item["paths"][0][0] == "Shoes"]
    classifier = TaxonomyClassifier().fit(items, shop_taxonomy())

    assert found_ids(classifier, "hiking boot", "beach sandal") == [["2"], ["3"]]


@pytest.mark.parametrize("n_items", [2, 3, 4, 10])
def test_few_items_train(n_items):
    items = [item for start in (0, 6, 1) for item in shop_items()[start::12]][:n_items]
    classifier = TaxonomyClassifier().fit(items, shop_taxonomy())

    assert found_ids(classifier, items[0]) == [["2"]]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "there are no rows to train on"),
        ([{"title": "boot"}] * 3, "none of the 3 rows has a category path"),
        ([{"title": " ", "paths": ["A"]}] * 3, "none of the 3 rows has a text"),
        ([{"title": "boot", "paths": ["Shoes > Boots"]}], "the only usable row is in one"),
        (
            [{"title": "boot", "paths": ["Shoes > Boots"]}] * 4,
            "all 4 usable rows are in one category, 'Shoes > Boots'; add rows of other",
        ),
        (
            [{"title": "boot", "paths": ["A"]}, {"title": "", "paths": ["B"]}],
            "the only usable row is in one category, 'A'",
        ),
    ],
)
def test_reason_is_given(items, message):
    with pytest.raises(TrainingError, match=message):
        TaxonomyClassifier().fit(items)


def test_strict_may_leave_nothing():
    items = [{"title": "clog", "paths": ["Shoes > Clogs"]}] * 2

    with pytest.raises(TrainingError, match="none of the 2 rows has a category path that can"):
        TaxonomyClassifier().fit(items, shop_taxonomy(), strict=True)


@pytest.mark.parametrize("valid", [[], [{"title": "boot"}]])
def test_validation_items_without_paths_are_refused_before_training(valid):
    classifier = TaxonomyClassifier()

    with pytest.raises(TrainingError, match=r"none of the \d validation rows"):
        classifier.fit(shop_items(), shop_taxonomy(), valid)

    assert classifier.ranker_ is None


def test_other_seeds_train_other_models(classifier):
    other = fit_shop(seed=1)

    weights = [of.ranker_.weights.to_array().tobytes() for of in (other, classifier)]
    assert weights[0] != weights[1]


def test_a_text_without_paths_is_no_training_item():
    with pytest.raises(TypeError, match="item 0 is a str; it names no category path"):
        TaxonomyClassifier().fit(["boot", "hose"])
