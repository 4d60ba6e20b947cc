"""The class of every code point: what makes a word, what belongs to one, what separates words.

The table comes from the Unicode version of the running Python; a fitted model keeps it, so that
characters that a later version adds do not change the features of an old model.
"""

import sys
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmlrec.text.kernels import IGNORED, MARK, SEPARATOR, SPACELESS, WORD

N_CODES = sys.maxunicode + 1
ZERO_WIDTH_SPACE = 0x200B  # a format character that does separate words, in Khmer and Thai
ASSIGNED_RANGES = ((0, 0x40000), (0xE0000, 0xE0200))  # elsewhere: nothing, or private use
SPACELESS_RANGES = (
    (0x0E00, 0x0F00),  # Thai, Lao
    (0x1000, 0x10A0),  # Myanmar
    (0x1780, 0x1800),  # Khmer
    (0x3005, 0x3008),  # Han: iteration mark, closing mark, zero
    (0x3021, 0x302A),  # Han: Hangzhou numerals
    (0x3031, 0x303D),  # Kana and Han iteration marks, numerals
    (0x3041, 0x3100),  # Hiragana, Katakana
    (0x31F0, 0x3200),  # Katakana extensions
    (0x3400, 0x4DC0),  # Han extension A
    (0x4E00, 0xA000),  # Han
    (0xA9E0, 0xAA00),  # Myanmar extended B
    (0xAA60, 0xAA80),  # Myanmar extended A
    (0xF900, 0xFB00),  # Han compatibility
    (0x116D0, 0x11700),  # Myanmar extended C
    (0x1AFF0, 0x1B170),  # Kana extensions
    (0x20000, 0x40000),  # Han extensions B and later
)
CLASS_OF_CATEGORY = {"L": WORD, "N": WORD, "M": MARK}


@cache
def character_classes() -> NDArray[np.uint8]:
    """Return the class of every code point, read-only uint8 of shape (1,114,112,); 0.1 s once.

    Letters and numbers are words, by themselves where their script has no spaces; marks belong to
    the word before them; format characters such as the soft hyphen are ignored; the rest, with
    U+FFFD, U+200B and the underscore, separates words.
    """
    classes = np.full(N_CODES, SEPARATOR, dtype=np.uint8)
    for start, stop in ASSIGNED_RANGES:
        categories = map(unicodedata.category, map(chr, range(start, stop)))
        classes[start:stop] = np.fromiter(map(_class_of, categories), dtype=np.uint8)
    classes[ZERO_WIDTH_SPACE] = SEPARATOR
    for start, stop in SPACELESS_RANGES:
        letters = classes[start:stop] == WORD
        classes[start:stop][letters] = SPACELESS
    classes.flags.writeable = False
    return classes


def _class_of(category: str) -> int:
    return IGNORED if category == "Cf" else CLASS_OF_CATEGORY.get(category[0], SEPARATOR)


def to_ranges(classes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the first code point and the class of every range of equal classes."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(classes)) + 1))
    return starts, classes[starts]


def from_ranges(starts: NDArray[np.int64], kinds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the class of every code point; the inverse of `to_ranges`.

    Raises
    ------
    ValueError
        If the ranges do not cover every code point once.
    """
    if len(starts) != len(kinds) or not len(starts) or starts[0] != 0:
        raise ValueError(
            f"{len(starts)} starts and {len(kinds)} classes do not cover all characters"
        )
    return np.repeat(kinds, np.diff(starts, append=N_CODES))
