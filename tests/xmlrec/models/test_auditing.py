import numpy as np
import pytest

from tests.xmlrec.models.market import market, market_items
from tests.xmlrec.models.shop import PATHS, WORDS, fit_shop, shop_items
from xmlrec.models.auditing import LEAST, Auditor
from xmlrec.models.training import item_paths

BOOT = {"title": "leather ankle boot"}


def verdicts(classifier, *given, item=BOOT):
    """Return the verdicts on ``item`` with several paths, or lists of them."""
    paths = [[tuple(path) for path in of_item] for of_item in given]
    return [row["verdict"] for row in Auditor(classifier)([item] * len(paths), paths).rows]


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ([["Shoes", "Boots"]], "agree"),
        ([["2"]], "agree"),
        ([["shoes", "BOOTS"]], "agree"),
        ([["Shoes"]], "finer"),
        ([["Shoes", "Sandals"]], "disagree"),
        ([["Shoes", "Slippers"]], "disagree"),
        ([["Kitchen"]], "disagree"),
        ([["Shoes", "Clogs"]], "unknown_category"),
        ([["Books"]], "unknown_category"),
        ([["Garden", "Tools", "Rakes"]], "unknown_category"),
        ([], "no_category"),
        ([["Shoes", "Sandals"], ["Shoes", "Boots"]], "agree"),
        ([["Books"], ["Kitchen", "Pans"]], "disagree"),
        ([["Books"], ["Shoes"]], "finer"),
    ],
)
def test_verdicts(classifier, given, verdict):
    assert verdicts(classifier, given) == [verdict]


def test_a_path_above_the_given_one_is_coarser(classifier):
    pan = {"title": "nonstick pan skillet fry"}
    assert verdicts(classifier, [["Kitchen", "Pans", "Woks"]], item=pan) == ["coarser"]
    bundle = {"title": "cookware set starter bundle"}
    assert verdicts(classifier, [["Kitchen", "Pans"]], item=bundle) == ["coarser"]


def test_without_an_answer_there_is_neither_verdict_nor_suspicion(classifier):
    audit = Auditor(classifier)([{"title": "\u65e5\u672c"}, {"title": ""}], [[("Shoes",)]] * 2)
    assert [row["verdict"] for row in audit.rows] == ["abstain", "abstain"]
    assert [row["reason"] for row in audit.rows] == ["no_known_words", "empty_text"]
    assert [row["suspicion"] for row in audit.rows] == [None, None]
    assert [row["given"][0]["confidence"] for row in audit.rows] == [None, None]
    assert np.isnan(audit.suspicion).all()


def test_no_rows_give_no_rows(classifier):
    assert Auditor(classifier)([], []).rows == []


def test_an_unknown_path_stays_as_it_is_and_its_known_part_is_judged(classifier):
    audit = Auditor(classifier)([BOOT] * 2, [[("shoes", "Clogs")], [("Books", "Novels")]])
    shoes, books = (row["given"][0] for row in audit.rows)
    assert (shoes["category_id"], shoes["path"]) == (None, ["shoes", "Clogs"])
    assert shoes["confidence"] > 0.5
    assert (books["path_text"], books["confidence"]) == ("Books > Novels", None)
    assert [row["suspicion"] for row in audit.rows] == [0.0, None]


def test_a_removed_category_is_unknown():
    classifier = fit_shop()
    classifier.remove("3")
    assert verdicts(classifier, [["Shoes", "Sandals"]]) == ["unknown_category"]


def test_a_merged_category_is_what_it_became():
    classifier = fit_shop()
    classifier.merge("2", "3")
    (row,) = Auditor(classifier)([BOOT], [[("Shoes", "Boots")]]).rows
    assert (row["verdict"], row["given"][0]["path_text"]) == ("agree", "Shoes > Sandals")
    assert row["given"][0]["confidence"] == row["suggested"]["confidence"]


@pytest.mark.parametrize("more_paths", [0.0, 0.3])
def test_confidence_of_a_given_path_is_that_of_the_answers(more_paths):
    """Of a label as `classify` has it, of a category above as on the way to a label below it."""
    classifier, items = market(more_paths=more_paths), market_items(60, 3)
    answers = classifier.classify(items, 20)
    labels = [("Garden", "Hoses"), ("Kitchen",), ("Shoes",)]
    audit = Auditor(classifier)(items, [labels] * len(items))
    for row, answer in zip(audit.rows, answers, strict=True):
        found = answer["paths"] + answer["alternatives"]
        for given in row["given"]:
            depth = len(given["path"])
            chances = [
                path["level_confidence"][depth - 1]
                for path in found
                if path["path"][:depth] == given["path"]
            ]
            assert given["confidence"] == max(chances, default=0.0)


@pytest.mark.parametrize(("more_paths", "counts"), [(0.3, min), (0.0, max)])
def test_suspicion_compares_the_path_that_counts_with_the_best(more_paths, counts):
    """The least likely one, or the likeliest where an item has one path only."""
    classifier, items = market(more_paths=more_paths), market_items(60, 3)
    paths = [[("Garden", "Hoses"), ("Kitchen",)]] * len(items)
    answers = classifier.classify(items, 1)
    rows = Auditor(classifier)(items, paths).rows
    for row, answer in zip(rows, answers, strict=True):
        chance = counts(given["confidence"] for given in row["given"])
        best = answer["paths"][0]["confidence"]
        expected = max(1 - (chance + LEAST) / (best + LEAST), 0)
        assert row["suspicion"] == pytest.approx(expected, abs=2e-4 / (best + LEAST))
        assert row["suggested"] == answer["paths"][0]


def test_random_categories_are_the_most_suspicious():
    classifier = market(n_items=600)
    items = market_items(500, 7)
    rng = np.random.default_rng(0)
    is_easy = [set(item["title"].split()[1:]) <= set(own_words(item)) for item in items]
    wrong = rng.choice(np.flatnonzero(is_easy), 10, replace=False)
    paths = [item_paths(item) for item in items]
    for at in wrong.tolist():
        others = [tuple(path) for path in PATHS.values() if tuple(path) not in paths[at]]
        paths[at] = [others[rng.integers(len(others))]]
    audit = Auditor(classifier)(items, paths)
    first = np.argsort(-audit.suspicion, kind="stable")[:25]
    assert np.isin(wrong, first).mean() >= 0.8


def own_words(item):
    (label,) = [label for label, path in PATHS.items() if path == item["paths"][0]]
    return WORDS[label].split()


def test_a_sure_answer_may_be_none():
    classifier, items = market(), market_items(100, 3)
    audit = Auditor(classifier, min_precision=0.98)(items, [item_paths(item) for item in items])
    for row, answer in zip(audit.rows, classifier.classify(items, min_precision=0.98), strict=True):
        assert row["status"] == answer["status"]
        assert row["suggested"] == (answer["paths"][0] if answer["paths"] else None)
        assert (row["verdict"] == "abstain") == (not answer["paths"])
        assert row["suspicion"] is not None


def test_the_shops_own_items_agree(classifier):
    items = shop_items()
    audit = Auditor(classifier)(items, [item_paths(item) for item in items])
    assert {row["verdict"] for row in audit.rows} == {"agree"}
    assert {row["suspicion"] for row in audit.rows} == {0.0}
    assert [row["id"] for row in audit.rows] == [item["id"] for item in items]
