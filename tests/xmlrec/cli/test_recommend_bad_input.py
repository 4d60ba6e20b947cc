"""Every bad input of the issue: the right answer, or one clear line."""

import json
from pathlib import Path

import pytest

from tests.xmlrec.recommend.visits import event_lines, visits
from xmlrec.models import model_digest

N_LONG = 10_000


@pytest.fixture
def ask(xmlrec, recommender, shop):
    """Return the answer to one session, and what was said on stderr."""

    def ask(session, *options):
        asked = ["--model", recommender, "--session", session, "--json", *options]
        result = xmlrec("recommend", "next", *asked)
        (row,) = result.rows
        return [item["item_id"] for item in row["items"]], row, result.err

    return ask


@pytest.fixture
def fit(xmlrec, write):
    """Fit ``rec`` to the rows of a file of events."""

    def fit(content, *options):
        events = write("events.csv", content)
        return xmlrec("recommend", "fit", events, "--model", "rec", *options)

    return fit


def with_times(lines, times):
    """Return lines of events with a time each."""
    head, *rows = lines.splitlines()
    pairs = zip(rows, times, strict=True)
    return "\n".join([f"{head},timestamp", *[f"{row},{moment}" for row, moment in pairs], ""])


def test_an_empty_session_gets_popular_items(ask):
    items, row, err = ask("", "-k", "5")
    assert (len(items), row["n_unknown"], row["reason"], err) == (5, 0, None, "")


def test_a_session_of_unknown_items_gets_popular_items(ask):
    items, row, err = ask("nope,never", "-k", "5")
    assert (items, row["n_unknown"]) == (ask("", "-k", "5")[0], 2)
    assert err == "2 items of the session passed over: unknown to the model\n"


def test_a_session_of_one_item_is_answered(ask):
    assert ask("0020", "-k", "1")[0] == ["0021"]


def test_sessions_of_one_event_alone_teach_nothing(fit, new_files):
    result = fit(event_lines([["0020"], ["0021"]]))

    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == (
        "error: 0 of 2 sessions have two events or more: too few to learn what comes next"
    )
    assert new_files() == ["events.csv"]


def test_an_empty_file_of_events_is_one_line(fit):
    assert fit("session_id,item_id\n").refused() == (
        "error: events.csv: it holds no event; give one row for each event"
    )


def test_a_missing_column_is_one_line(fit):
    message = fit("session_id,product\ns,a\n").refused(2)
    assert message.startswith("error: events.csv: no column 'item_id'")


def test_a_missing_column_of_sessions_names_the_option_that_there_is(fit):
    message = fit("visit,item_id\ns,a\n").refused(2)
    assert message == (
        "error: events.csv: no column 'session_id' or 'user_id'; its columns are 'visit', "
        "'item_id'; say which holds the ids: --session-column COLUMN"
    )


def test_duplicate_events_count_once_and_are_counted(fit):
    lines = with_times(event_lines(visits()), range(1000, 1432))
    result = fit(lines + lines.splitlines()[-1] + "\n")

    assert "events.csv: 432 events in 144 sessions\n" in result.err
    assert "events.csv: 1 duplicate event left out\n" in result.err


def test_missing_times_are_rejected_where_others_are_there(fit):
    result = fit(with_times(event_lines(visits()), [*range(1000, 1431), ""]))

    assert "events.csv: 431 events in 144 sessions\n" in result.err
    assert "1 row rejected (BAD_TIME 1); kept in rec.rejects.jsonl\n" in result.err


def test_events_out_of_order_are_put_in_order(fit):
    lines = with_times(event_lines(visits()), range(1000, 1432))
    fit(lines, "--catalog", "shop.jsonl")
    digest = model_digest(Path("rec"))
    head, *rows = lines.splitlines()
    fit("\n".join([head, *reversed(rows), ""]), "--catalog", "shop.jsonl")

    assert model_digest(Path("rec")) == digest


def test_items_without_a_path_are_recommended_too(fit, xmlrec, write):
    rows = [f"002{number},boot,\n" for number in range(6)]
    items = write("items.csv", "item_id,title,path\n" + "".join(rows) + "0060,kettle,Kitchen\n")
    result = fit(event_lines(visits()), "--catalog", items)

    assert "items.csv: 7 items, 6 without a path\n" in result.err
    found = xmlrec("recommend", "next", "--model", "rec", "--session", "0020", "--json", "-k", "1")
    assert found.rows[0]["items"][0]["item_id"] == "0021"


def test_a_catalog_without_any_path_is_fitted(fit, xmlrec, write):
    items = write("items.csv", "item_id,title\n0020,boot\n0021,boot\n")
    assert fit(event_lines(visits()), "--catalog", items).code == 0
    found = xmlrec("recommend", "next", "--model", "rec", "--session", "0020", "--json", "-k", "1")
    assert found.rows[0]["items"][0]["item_id"] == "0021"
    message = xmlrec("recommend", "next", "--model", "rec", "--session", "", "--within", "Shoes")
    assert message.refused(2).startswith("error: --within: no item's path has the category 'Shoes'")


def test_a_path_unknown_to_the_taxonomy_is_one_line(xmlrec, recommender):
    asked = ["--model", recommender, "--session", "0020", "--within", "Shoes > Boot"]
    assert xmlrec("recommend", "next", *asked).refused(2) == (
        "error: --within: no item's path has the category 'Shoes > Boot'; "
        "did you mean 'Shoes > Boots'?"
    )


def test_everything_filtered_out_has_a_reason(ask):
    options = ["--within", "Shoes > Boots", "--exclude", ",".join(f"002{n}" for n in range(6))]
    items, row, err = ask("0030", *options)

    reason = "0 items are available, within 'Shoes > Boots', not excluded, not in the session"
    assert (items, row["reason"]) == ([], reason)
    assert err == f"0 items instead of 20: {reason}\n"


def test_k_above_the_catalog_gives_all_and_the_reason(ask):
    items, row, _ = ask("0020", "-k", "5000")

    assert (len(items), len(set(items))) == (35, 35)
    assert row["reason"] == "35 items are available, not in the session"


def test_k_below_one_is_a_usage_error(xmlrec, recommender):
    asked = ["--model", recommender, "--session", "0020", "-k", "0"]
    assert xmlrec("recommend", "next", *asked).code == 2


def test_a_session_of_10000_items_is_answered_fitted_and_measured(fit, xmlrec, recommender, write):
    circle = [f"002{number % 6}" for number in range(N_LONG)]
    result = fit(event_lines([*visits(), circle]))
    assert "events.csv: 10,432 events in 145 sessions\n" in result.err
    assert result.code == 0

    long = write("long.csv", event_lines([circle]))
    options = ["--model", recommender, "--out", "-", "--include-seen", "-k", "1"]
    (row,) = xmlrec("recommend", "batch", long, *options).rows
    assert row["items"][0]["item_id"] == f"002{N_LONG % 6}"
    options = ["--model", recommender, "--protocol", "last", "--include-seen", "--json"]
    assert json.loads(xmlrec("recommend", "evaluate", long, *options).out)["hr@5"] == 100.0


def test_a_model_that_is_not_there_is_one_line(xmlrec, shop):
    message = xmlrec("recommend", "next", "--model", "none", "--session", "a").refused()
    assert message == ("error: none: there is no recommender; make one with `xmlrec recommend fit`")
