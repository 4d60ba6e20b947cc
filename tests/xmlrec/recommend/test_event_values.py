from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from xmlrec.catalog.rows import RowFault
from xmlrec.recommend.event_values import MAX_TIME, parse_id, parse_time, parse_weight

NOON = 43_200.0
"""Of 1 January 1970, in seconds."""


@pytest.mark.parametrize(
    "value",
    [
        "43200",
        "43200.0",
        " 4.32e4 ",
        43_200,
        np.int64(43_200),
        np.float32(43_200),
        "1970-01-01T12:00",
        "1970-01-01 12:00:00.000000",
        "1970-01-01T12:00:00Z",
        "1970-01-01T14:00:00+02:00",
        datetime(1970, 1, 1, 12),
        datetime(1970, 1, 1, 12, tzinfo=UTC),
        datetime(1970, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_numbers_are_seconds_and_texts_without_a_zone_are_utc(value):
    assert parse_time(value) == NOON


@pytest.mark.parametrize("value", ["1970-01-02", date(1970, 1, 2)])
def test_a_date_is_its_first_second(value):
    assert parse_time(value) == 2 * NOON


@pytest.mark.parametrize("value", ["", "  ", None, float("nan"), pd.NaT, pd.NA])
def test_what_is_blank_is_no_time(value):
    assert parse_time(value) is None


@pytest.mark.parametrize(
    "value", ["yesterday", "2024-02-30", "12:00", "1_000", "31.01.2026", True, [1], b"1"]
)
def test_what_is_no_time_is_refused(value):
    with pytest.raises(RowFault, match="is no time; give seconds since 1970, or ISO 8601") as fault:
        parse_time(value)
    assert fault.value.code == "BAD_TIME"


@pytest.mark.parametrize(
    "value",
    ["1700000000000", 1_700_000_000_000, "-1", "1969-12-31", "2100-01-01", "nan", "inf", MAX_TIME],
)
def test_milliseconds_and_other_times_out_of_range_are_refused(value):
    with pytest.raises(RowFault, match="is not between 1970 and 2100; give seconds since 1970"):
        parse_time(value)


def test_weights_are_numbers_and_1_where_there_is_none():
    assert [parse_weight(w) for w in ("2.5", 3, np.float32(0.5), "", None)] == [2.5, 3, 0.5, 1, 1]


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "many", 1e39, 1e-50, True, "1_0"])
def test_weights_that_float32_cannot_hold_above_0_are_refused(value):
    with pytest.raises(RowFault, match="is not a number above 0") as fault:
        parse_weight(value)
    assert fault.value.code == "BAD_WEIGHT"


def test_ids_are_texts_as_they_are_or_whole_numbers():
    assert [parse_id(value, "item_id") for value in ("007", " a", 7, np.int32(7))] == [
        "007",
        " a",
        "7",
        "7",
    ]


@pytest.mark.parametrize("value", ["", None, float("nan")])
def test_a_missing_id_is_refused(value):
    with pytest.raises(RowFault, match="the id, column 'item_id', is missing"):
        parse_id(value, "item_id")


@pytest.mark.parametrize("value", [7.0, True, ["a"]])
def test_an_id_that_is_not_one_text_is_refused(value):
    with pytest.raises(RowFault, match="is neither text nor a whole number"):
        parse_id(value, "item_id")
