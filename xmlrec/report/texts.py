"""Numbers and texts as the page shows them."""

import math
import unicodedata
from typing import NamedTuple

from xmlrec.taxonomy.node import SEPARATOR

MISSING = "–"
_CUT = "…"
NAME_SIGNS = 44
_UNSHOWN = {"Cc", "Cs"}
"""Unicode categories that HTML may not hold: control characters, half surrogate pairs."""

_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Signs that turn the direction of what follows, with which one text can make others illegible."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval; NaN where there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan


def showable(text: str) -> str:
    """Return ``text`` without bidi controls, and with U+FFFD for what HTML may not hold."""
    if text.isprintable():
        return text
    signs = text.translate(_TURNS)
    return "".join(["\ufffd" if unicodedata.category(sign) in _UNSHOWN else sign for sign in signs])


def clean(text: str) -> str:
    """Return ``text`` in one line, with single spaces, and `showable`."""
    return showable(" ".join(text.split()))


def cut(text: str, n_signs: int) -> str:
    """Return the beginning of a text, at most ``n_signs`` long."""
    text = clean(text[: 20 * n_signs])
    return text if len(text) <= n_signs else text[: n_signs - 1].rstrip() + _CUT


def cut_path(text: str, n_signs: int) -> str:
    """Return a path with long names cut, and without its first ones if it is still too long.

    The last name, which says most, is always there.
    """
    names = [cut(name, NAME_SIGNS) for name in text.split(SEPARATOR)]
    n_dropped = 0
    while len(names) > 1 and len(SEPARATOR.join(names)) > n_signs:
        names.pop(0)
        n_dropped += 1
    return SEPARATOR.join([_CUT, *names] if n_dropped else names)


def percent(share: float, n_digits: int = 1) -> str:
    """Return a share of 0 to 1 as ``71.4 %``; a dash for NaN."""
    return MISSING if math.isnan(share) else f"{100 * share:.{n_digits}f}\u00a0%"


def number(value: float, n_digits: int = 3) -> str:
    """Return a float with ``n_digits`` behind the point; a dash for NaN."""
    return MISSING if math.isnan(value) else f"{value:,.{n_digits}f}"


def count(value: int) -> str:
    """Return an integer with commas."""
    return f"{int(value):,}"


def interval(estimate: Estimate, n_digits: int = 1) -> str:
    """Return ``69.8–73.0 %`` for shares; nothing for none, or one of no width.

    A figure that is the same in every row is the same in every resample, which says nothing.
    """
    if math.isnan(estimate.low) or estimate.low == estimate.high:
        return ""
    low, high = (f"{100 * share:.{n_digits}f}" for share in (estimate.low, estimate.high))
    return f"{low}\u2013{high}\u00a0%"
