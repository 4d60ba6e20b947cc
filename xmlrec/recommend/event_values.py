"""What one event says, from a file's text or a data frame's values: its ids, time and weight."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from numbers import Integral, Real

from xmlrec.catalog.rows import Fault, RowFault

MAX_TIME = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
"""Seconds since 1970 that a time stays below: one in milliseconds does not, and is refused."""

LEAST_WEIGHT, MOST_WEIGHT = 1e-30, 1e30
"""What float32 holds without becoming 0 or infinite."""

_N_CACHED = 1 << 14


def parse_id(value: object, column: str) -> str:
    """Return the id in ``value``, a text or a whole number; `RowFault` if it is none."""
    if isinstance(value, str):
        if value:
            return value
    elif isinstance(value, Integral) and not isinstance(value, bool):
        return str(value)
    elif not is_missing(value):
        message = f"the id, column {column!r}, is neither text nor a whole number: {value!r}"
        raise RowFault(Fault.BAD_ID, message)
    raise RowFault(Fault.BAD_ID, f"the id, column {column!r}, is missing")


def parse_time(value: object) -> float | None:
    """Return seconds since 1970 in UTC, None where there is no time.

    Parameters
    ----------
    value : str, number, date or datetime, or None
        A number is seconds, never anything else; a text that is no number is a date or time of
        ISO 8601. Without a zone it is UTC, a date alone its first second.

    Raises
    ------
    RowFault
        With code BAD_TIME, if it is no time, or not between 1970 and 2100.
    """
    if is_missing(value):
        return None
    try:
        seconds = _seconds(value)
    except (ValueError, OverflowError):
        message = f"{value!r} is no time; give seconds since 1970, or ISO 8601 as 2026-01-31T12:00"
        raise RowFault(Fault.BAD_TIME, message) from None
    if not 0 <= seconds < MAX_TIME:  # which NaN is not either
        message = f"the time {value!r} is not between 1970 and 2100; give seconds since 1970"
        raise RowFault(Fault.BAD_TIME, message)
    return seconds


def parse_weight(value: object) -> float:
    """Return a weight, 1 where there is none; `RowFault` unless it is a number above 0."""
    if is_missing(value):
        return 1.0
    try:
        weight = _number(value)
    except ValueError:
        weight = 0.0
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        message = f"the weight {value!r} is not a number above 0 and up to {MOST_WEIGHT:g}"
        raise RowFault(Fault.BAD_WEIGHT, message)
    return weight


def is_missing(value: object) -> bool:
    """Say whether a value is absent: None, blank, or what data frames have for it, such as NaN."""
    if isinstance(value, str):
        return not value or value.isspace()
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA is neither equal to itself nor unequal
        return True


def _number(value: object) -> float:
    """Return a number, or the number in a text; `ValueError` if it is neither."""
    if isinstance(value, str):
        if "_" in value:  # which Python's own numbers may have
            raise ValueError(value)
        return float(value)
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    raise ValueError(value)


def _seconds(value: object) -> float:
    if isinstance(value, datetime):
        return _utc(value).timestamp()
    if isinstance(value, date):
        return _utc(datetime.combine(value, time())).timestamp()
    try:
        return _number(value)
    except ValueError:
        if isinstance(value, str):
            return _iso_seconds(value.strip())
        raise


@lru_cache(maxsize=_N_CACHED)
def _iso_seconds(text: str) -> float:
    return _utc(datetime.fromisoformat(text)).timestamp()


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
