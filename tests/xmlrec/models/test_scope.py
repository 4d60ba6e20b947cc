"""What is asked for: a branch, categories left out, how sure; or one clear line why not."""

import numpy as np
import pytest

from tests.xmlrec.models.market import market, market_items
from tests.xmlrec.models.shop import NODES
from xmlrec.errors import OptionError
from xmlrec.models import TaxonomyClassifier
from xmlrec.models.scope import Scope, below, check_max_paths, check_precision
from xmlrec.taxonomy import Node, Taxonomy

TITLES = [item["title"] for item in market_items(80, seed=3)]
BOOT = ["hiking boot leather ankle"]


def answered(rows):
    """Return the ids of all categories in rows."""
    return {path["category_id"] for row in rows for path in (*row["paths"], *row["alternatives"])}


def columns(is_in):
    return [NODES[column].id for column in np.flatnonzero(is_in).tolist()]


def test_a_category_and_all_below_it_are_meant():
    view = market().view

    scope = Scope.of(view, "Kitchen", ["Kitchen > Pans", "Shoes"])

    assert columns(scope.allowed) == ["5", "6", "7", "8"]
    assert columns(scope.excluded) == ["1", "2", "3", "4", "7", "8"]
    everything = Scope.of(view, None, ())
    assert everything.allowed is everything.excluded is None


def test_what_is_below_a_second_parent_is_below_it_too():
    taxonomy = Taxonomy.from_nodes(
        [Node("a", "A"), Node("b", "B"), Node("c", "C", ("a", "b")), Node("d", "D", ("c",))],
        source="dag",
    )

    assert below(taxonomy, 1).tolist() == [False, True, True, True]


@pytest.mark.parametrize("path", ["Shoes > Boots", "2", ("Shoes", "Boots"), ["2"]])
def test_categories_are_given_by_path_or_id(path):
    assert columns(Scope.of(market().view, path, ()).allowed) == ["2"]
    assert columns(Scope.of(market().view, None, [path]).excluded) == ["2"]


def test_one_path_is_not_taken_for_a_list_of_letters():
    assert columns(Scope.of(market().view, None, "Shoes > Boots").excluded) == ["2"]


@pytest.mark.parametrize("preset", ["fast", "balanced"])
@pytest.mark.parametrize(
    ("under", "ids"),
    [("Kitchen", {"5", "6", "7"}), ("Shoes", {"1", "2", "3", "4"}), ("Garden > Hoses", {"10"})],
)
def test_under_a_branch_only_that_branch_is_answered(preset, under, ids):
    classifier = market(preset)
    for how in ({}, {"min_precision": 0.6}, {"min_precision": 0.99}):
        rows = classifier.classify(TITLES, k=20, under=under, **how)

        assert answered(rows) <= ids
        assert all(row["paths"] or row["alternatives"] for row in rows)


def test_a_category_above_the_branch_is_never_answered():
    """P(A) is 1, where P(A > B) is that of its two labels."""
    names = "ABCDE"
    parents = ((), ("A",), ("B",), ("B",), ("A",))
    taxonomy = Taxonomy.from_nodes(map(Node, names, names, parents), source="deep.csv")
    words = {"C": "sweet apple", "D": "sour apple", "E": "steel nail"}
    items = [
        {"title": f"{words[name]} v{n}", "paths": [[name]]} for name in "CDE" for n in range(9)
    ]
    classifier = TaxonomyClassifier(preset="fast").fit(items, taxonomy)
    calibrator = classifier.parts.calibration.calibrator
    calibrator.lifts[:] = 1.0, 0.0, 0.0

    for precision in np.linspace(0.02, 0.98, 49).tolist():
        rows = classifier.classify(
            ["apple v3", "sweet", "nail"], under="B", min_precision=precision
        )
        assert answered(rows) <= {"B", "C", "D"}
    (row,) = classifier.classify(["apple v3"], min_precision=0.9)
    assert answered([{**row, "alternatives": []}]) <= {"A", "B"}


def test_probabilities_under_a_branch_are_those_given_that():
    (row,) = market().classify(["flexible hose"], under="Garden > Hoses", min_precision=0.8)

    assert (row["status"], row["paths"][0]["confidence"]) == ("ok", 1.0)
    (row,) = market().classify(["flexible hose"], under="Kitchen", k=9)
    assert sum(p["confidence"] for p in (*row["paths"], *row["alternatives"])) > 0.5


@pytest.mark.parametrize("how", [{}, {"min_precision": 0.7}])
def test_an_excluded_category_is_never_answered(how):
    rows = market().classify(TITLES, k=20, exclude=["Shoes", "6"], **how)

    assert answered(rows) <= {"5", "7", "10", "11"}
    assert answered(market().classify(TITLES, k=20)) >= {"2", "3", "6"}


def test_probabilities_of_what_is_left_stay_also_further_up():
    """An item that is surely a boot is no likelier a hose because boots are excluded."""
    before, after = (
        {
            path["category_id"]: (path["confidence"], path["level_confidence"])
            for path in (*row["paths"], *row["alternatives"])
        }
        for row in market().classify(BOOT, k=20)
        + market().classify(BOOT, k=20, exclude=["Shoes > Boots"])
    )

    assert before.pop("2")[0] > 0.9
    assert after == before


def test_if_the_best_label_is_excluded_the_row_says_so():
    (row,) = market().classify(BOOT, exclude=["Shoes > Boots"])
    assert (row["status"], row["reason"]) == ("review", "excluded")
    assert row["paths"][0]["category_id"] != "2"

    (row,) = market().classify(BOOT, exclude=["Shoes"], min_precision=0.9)
    assert (row["status"], row["reason"], row["paths"]) == ("abstain", "excluded", [])


def test_a_category_of_which_only_the_best_label_is_excluded_can_still_be_sure():
    (row,) = market().classify(BOOT, exclude=["Shoes > Boots"], min_precision=0.8)

    assert (row["status"], row["reason"]) == ("ok", None)
    assert row["paths"][0]["path_text"] == "Shoes"


def test_an_item_of_which_every_candidate_is_excluded_has_no_answer():
    classifier, names = market(), [f"Boot{n}" for n in range(30)]
    many = TaxonomyClassifier(preset="fast").fit(
        [
            {"title": f"leather boot {name} {n}", "paths": [["Shoes", name]]}
            for name in names
            for n in range(2)
        ]
        + [{"title": f"flexible hose {n}", "paths": [["Garden", "Hoses"]]} for n in range(4)]
    )

    rows = many.classify(["leather boot", ""], exclude=["Shoes"])

    assert [(row["status"], row["reason"]) for row in rows] == [
        ("abstain", "excluded"),
        ("abstain", "empty_text"),
    ]
    assert classifier.classify(["leather boot"], min_precision=0.8)[0]["status"] == "ok"


REFUSED = {
    "an unknown branch": (
        {"under": "Shoes > Clogs"},
        "under: there is no category 'Shoes > Clogs'",
    ),
    "no branch": ({"under": ""}, "under: there is no category ''"),
    "a branch without anything": (
        {"under": "Garden > Tools > Rakes"},
        "no category that can be answered",
    ),
    "an unknown category": (
        {"exclude": ["Clogs", "Shoes"]},
        "exclude: there is no category 'Clogs'",
    ),
    "everything": ({"exclude": ["Shoes", "Kitchen", "Garden"]}, "exclude: every category is exc"),
    "all of the branch": ({"under": "Shoes", "exclude": ["Shoes"]}, "exclude: every category is"),
    "a precision of 0": ({"min_precision": 0.0}, "min-precision: it must be between 0 and 1"),
    "a precision of 1": ({"min_precision": 1}, "min-precision: it must be between 0 and 1"),
    "a precision in percent": ({"min_precision": 95}, "exclusive, got 95"),
    "a precision below 0": ({"min_precision": -0.5}, "exclusive, got -0.5"),
    "no number": ({"min_precision": float("nan")}, "exclusive, got nan"),
    "no paths": ({"max_paths": 0}, "max-paths: it must be at least 1, got 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_asked_for_is_one_clear_line(case):
    how, message = REFUSED[case]

    with pytest.raises(OptionError) as raised:
        market().classify(BOOT, **how)

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_name_that_several_categories_have_is_refused_with_their_ids():
    twins = Taxonomy.from_nodes([*NODES, Node("13", "Boots", ("1",))], source="twins.csv")
    items = [{**item, "paths": [["2"]] if n % 2 else [["13"]]}
             for n, item in enumerate(market_items(40))]  # fmt: skip
    classifier = TaxonomyClassifier(preset="fast").fit(items, twins)

    with pytest.raises(OptionError, match="several categories are called 'Shoes > Boots'.*2, 13"):
        classifier.classify(BOOT, under="Shoes > Boots")


def test_a_category_that_is_no_more_can_be_left_out_but_not_asked_for():
    classifier = TaxonomyClassifier(preset="fast").fit(market_items(60))
    (column,) = [n for n, name in enumerate(classifier.taxonomy_.names) if name == "Sandals"]
    classifier.remove(classifier.taxonomy_.ids[column])

    assert classifier.classify(TITLES, exclude=["Shoes > Sandals"]) == classifier.classify(TITLES)
    with pytest.raises(OptionError, match="no category that can be answered is under 'Shoes > S"):
        classifier.classify(BOOT, under="Shoes > Sandals")


def test_good_numbers_are_taken_as_they_are():
    assert (check_precision(0.5), check_max_paths(None), check_max_paths(3)) == (0.5, None, 3)
