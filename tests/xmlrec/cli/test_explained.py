"""Explanations for people: what they say, in which order."""

from dataclasses import replace

import pytest

from xmlrec.cli.explained import differences, explained, word_list
from xmlrec.models.explanation import (
    Explanation,
    Neighbour,
    PathLevel,
    Rival,
    Term,
    TreeEvidence,
    TreeLevel,
    TreePath,
    Words,
)
from xmlrec.text.words import Word

WORDS = Words(1.0, (Word("kettle", "word", 0.9), Word("kettle", "letters", 0.3)), (), -0.2)
LEVEL = TreeLevel(12, "Kitchen", WORDS, -0.25, 0.75, -0.0625)
EXPLANATION = Explanation(
    category_id="6",
    path_text="Kitchen > Kettles",
    score=2.5,
    fused=3.0,
    held_back=-0.5,
    is_new=False,
    found_as="Kitchen > Boilers",
    terms=(
        Term("tree", -0.5, 2.0, -1.0),
        Term("name words", 1.0, 4.0, 4.0, WORDS),
        Term("vector", 0.0, 6.0, 0.0),
    ),
    tree=TreeEvidence(0.6, "search", (TreePath(0.9, False, (LEVEL,)),)),
    label_texts=("Kettles. Kitchen Kettles",),
    neighbours=(Neighbour("Acme kettle", 0.75),),
    levels=(PathLevel(1, "Kitchen", (), WORDS), PathLevel(2, "Kettles", ("kettle",), WORDS)),
    rival=Rival(
        "7", "Kitchen > Pans", 1.5, 1.0, {"tree": -0.5, "name words": 1.5, "size": 0.0}, 2,
        ("Kettles", None),
    ),
)  # fmt: skip


def test_an_explanation_is_read_from_top_to_bottom():
    assert explained(EXPLANATION).splitlines() == [
        "  why Kitchen > Kettles",
        "    found as Kitchen > Boilers, which was merged into it",
        "    tree                  -0.500 x   2.000 =   -1.000",
        "    name words             1.000 x   4.000 =   +4.000"
        "  kettle +0.900, letters of kettle +0.300, others -0.200",
        "    sum                                        +3.000",
        "    held back                                  -0.500"
        "  new, and leads by too little to come first",
        "  label trees: score 0.6, found by search",
        "    tree 1: score 0.9, not reached by the search",
        "      level 1: margin +0.750 = words +1.000 and bias -0.250; 12 labels left in Kitchen",
        "        kettle +0.900, letters of kettle +0.300, others -0.200",
        "  texts of the category",
        "    Kettles. Kitchen Kettles",
        "  nearest labelled items",
        "     0.750  Acme kettle",
        "  words shared with the path",
        "    level 1: Kitchen  none (cosine 1.000)",
        "    level 2: Kettles  kettle (cosine 1.000)",
        "  runner-up: Kitchen > Pans, score 1.500, 1.000 behind",
        "    they part at level 2: Kettles / the path ends",
        "    name words +1.500, tree -0.500",
    ]


def test_what_there_is_none_of_is_left_out():
    bare = replace(
        EXPLANATION, held_back=0.0, found_as=None, label_texts=(), neighbours=(), rival=None
    )
    text = explained(bare)

    for absent in ("held back", "found as", "texts of", "nearest", "runner-up"):
        assert absent not in text


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (Words(0.0, (), (), 0.0), "no words"),
        (Words(0.0001, (Word("a", "word", 0.0001),), (), 0.0), "no words"),
        (
            Words(-0.3, (Word("a", "word", 0.1),), (Word("b c", "words", -0.4),), 0.0),
            "a +0.100, b c -0.400",
        ),
    ],
)
def test_words_against_come_last_and_tiny_ones_are_not_listed(words, line):
    assert word_list(words) == line


def test_small_differences_are_added_up():
    terms = {str(number): number / 10 for number in range(8)}

    assert differences(terms) == "7 +0.700, 6 +0.600, 5 +0.500, 4 +0.400, 3 +0.300, others +0.300"
    assert differences({"tree": 0.0}) == "none"
