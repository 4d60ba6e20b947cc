import json

import pytest

from tests.xmlrec.recommend.visits import event_lines


@pytest.fixture
def measure(xmlrec, recommender, write):
    """Measure the recommender on some sessions."""

    def measure(sessions, *options):
        events = write("new.csv", event_lines(sessions))
        return xmlrec("recommend", "evaluate", events, "--model", recommender, *options)

    return measure


def test_the_circle_is_known(measure):
    figures = json.loads(measure([["0020", "0021", "0022"], ["0063", "0064"]], "--json").out)

    assert (figures["n_queries"], figures["hr@5"], figures["mrr@20"]) == (3, 100.0, 100.0)


def test_only_the_last_event_is_asked_for(measure):
    options = ["--protocol", "last", "--all-items", "--include-seen", "--json"]
    figures = json.loads(measure([["0020", "0021", "0022"], ["0063"]], *options).out)

    assert (figures["n_queries"], figures["candidate_share"]) == (1, 1.0)


def test_items_that_come_again_are_missed_where_they_are_left_out(measure):
    sessions = [["0020", "0020"]]
    left_out = json.loads(measure(sessions, "--exclude-seen", "--json").out)
    let_in = json.loads(measure(sessions, "--include-seen", "--json").out)

    assert (left_out["hr@20"], let_in["hr@20"]) == (0.0, 100.0)


def test_unknown_items_are_counted_as_missed(measure):
    result = measure([["0020", "nope"], ["0020", "0021"]], "--json")

    assert "new.csv: 1 item unknown to the model\n" in result.err
    figures = json.loads(result.out)
    assert (figures["n_queries"], figures["n_unknown_targets"], figures["hr@5"]) == (2, 1, 50.0)


def test_figures_stand_in_a_table(measure):
    lines = dict(line.split() for line in measure([["0020", "0021"]]).lines[1:])
    assert (lines["hr@5"], lines["candidate_share"]) == ("100.00", "0.9722")


def test_nothing_to_predict_is_one_line(measure):
    result = measure([["0020"]])
    assert (result.code, result.out) == (1, "")
    assert "error: events: none of its 1 sessions has two events" in result.err


def test_there_is_no_other_protocol(measure):
    assert measure([["0020"]], "--protocol", "first").code == 2
