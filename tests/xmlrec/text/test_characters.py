import sys

import numpy as np
import pytest

from tests.oracles.text import class_reference
from xmlrec.text.characters import character_classes, from_ranges, to_ranges
from xmlrec.text.kernels import IGNORED, MARK, SEPARATOR, SPACELESS, WORD

CLASS_OF = {"W": WORD, "S": SPACELESS, "M": MARK, "i": IGNORED, ".": SEPARATOR}


@pytest.fixture(scope="module")
def classes():
    return character_classes()


def test_every_code_point_is_of_the_class_that_its_category_and_name_say(classes):
    expected = [CLASS_OF[class_reference(chr(code))] for code in range(sys.maxunicode + 1)]

    differing = np.flatnonzero(classes != np.array(expected, dtype=np.uint8))

    assert [f"{code:x}" for code in differing] == []


@pytest.mark.parametrize(
    ("char", "kind"),
    [
        ("a", WORD),
        ("7", WORD),
        ("é", WORD),
        ("한", WORD),
        ("日", SPACELESS),
        ("の", SPACELESS),
        ("ー", SPACELESS),
        ("ก", SPACELESS),
        ("\u0301", MARK),
        ("\u00ad", IGNORED),
        ("_", SEPARATOR),
        ("\ufffd", SEPARATOR),
        ("\u200b", SEPARATOR),
        ("\0", SEPARATOR),
        ("😀", SEPARATOR),
    ],
)
def test_a_character_has_its_class(classes, char, kind):
    assert classes[ord(char)] == kind


def test_ranges_give_the_classes_back(classes):
    starts, kinds = to_ranges(classes)

    assert len(starts) < 3000
    np.testing.assert_array_equal(from_ranges(starts, kinds), classes)


def test_ranges_that_leave_out_characters_are_refused(classes):
    starts, kinds = to_ranges(classes)

    with pytest.raises(ValueError, match="do not cover"):
        from_ranges(starts[1:], kinds[1:])
    with pytest.raises(ValueError, match="do not cover"):
        from_ranges(starts, kinds[1:])
