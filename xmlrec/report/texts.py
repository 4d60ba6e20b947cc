"""Numbers and texts as the page shows them."""

import math
import unicodedata
from typing import NamedTuple

MISSING = "–"
_CUT = "…"
_UNSHOWN = {"Cc", "Cs"}
"""Unicode categories that HTML may not hold: control characters, half surrogate pairs."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval; NaN where there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan


def clean(text: str) -> str:
    """Return ``text`` in one line; what HTML may not hold becomes U+FFFD."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    line = " ".join(text.split())
    return "".join(["\ufffd" if unicodedata.category(sign) in _UNSHOWN else sign for sign in line])


def cut(text: str, n_signs: int) -> str:
    """Return the beginning of a text, at most ``n_signs`` long."""
    text = clean(text[: 20 * n_signs])
    return text if len(text) <= n_signs else text[: n_signs - 1].rstrip() + _CUT


def cut_path(text: str, n_signs: int) -> str:
    """Return the end of a path, which says most, at most ``n_signs`` long."""
    text = clean(text[-20 * n_signs :])
    return text if len(text) <= n_signs else _CUT + text[-(n_signs - 1) :].lstrip(" >")


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
    """Return ``69.8–73.0 %`` for shares; nothing where there is no interval."""
    if math.isnan(estimate.low):
        return ""
    low, high = (f"{100 * share:.{n_digits}f}" for share in (estimate.low, estimate.high))
    return f"{low}\u2013{high}\u00a0%"
