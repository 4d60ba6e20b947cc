import re

import pytest

from xmlrec.cli.recommend_options import split_ids

BOOTS = [f"002{number}" for number in range(6)]


@pytest.fixture
def ask(xmlrec, recommender):
    """Ask for what comes next in a session."""
    return lambda session, *options: xmlrec(
        "recommend", "next", "--model", recommender, "--session", session, *options
    )


def ids(result):
    (row,) = result.rows
    return [item["item_id"] for item in row["items"]]


def test_items_stand_in_a_table_with_titles_and_paths(ask):
    result = ask("0020", "-k", "2")

    assert (result.code, result.err) == (0, "")
    head, first, second = (re.split(r" {2,}", line.strip()) for line in result.lines)
    assert head == ["item", "title", "path", "score"]
    assert first[:4] == ["1", "0021", "Nordhult boot leather", "Shoes > Boots"]
    assert second[:2] == ["2", "0022"]
    assert float(first[4]) > float(second[4])


def test_unknown_items_are_passed_over_and_counted(ask):
    result = ask("nope,0020,never", "--json", "-k", "1")

    assert result.err == "2 items of the session passed over: unknown to the model\n"
    (row,) = result.rows
    assert (row["n_unknown"], row["items"][0]["item_id"]) == (2, "0021")


def test_items_of_the_session_are_left_out_or_let_in(ask):
    assert "0020" not in ids(ask("0020", "--json", "-k", "35"))
    assert "0020" in ids(ask("0020", "--include-seen", "--json", "-k", "36"))


def test_excluded_items_are_not_there(ask):
    assert ids(ask("0020", "--exclude", "0021,0022", "--exclude", "0023", "--json"))[0] == "0025"


def test_too_few_items_have_a_reason(ask):
    result = ask("0020", "--within", "Shoes > Boots", "-k", "9", "--json")

    assert ids(result)[:2] == ["0021", "0022"]
    assert sorted(ids(result)) == BOOTS[1:]
    reason = "5 items are available, within 'Shoes > Boots', not in the session"
    assert result.err == f"5 items instead of 9: {reason}\n"
    assert result.rows[0]["reason"] == reason


def test_at_most_so_many_items_of_a_category(ask):
    found = ids(ask("0020", "-k", "6", "--cap", "1", "--level", "1", "--json"))
    assert len({item for item in found if item.startswith(("002", "003"))}) == 1


def test_a_level_alone_is_of_nothing(ask):
    message = ask("0020", "--level", "1").refused(2)
    assert message == (
        "error: --level: it is of the categories of --calibrate and --cap; give one of them too"
    )


def test_terms_of_an_explanation_add_up(ask):
    result = ask("0020,0021", "-k", "1", "--explain")

    lines = result.out.partition("why 0022\n")[2].splitlines()
    *terms, total = (line.split(maxsplit=1) for line in lines if re.match(r" +[+-]\d", line))
    assert total[1] == "sum"
    assert sum(float(term) for term, _ in terms) == pytest.approx(float(total[0]), abs=0.01)
    assert {name for _, name in terms} >= {"neighbours", "rules"}
    assert any(line.startswith("    because of: 002") for line in lines)
    assert any(line.startswith("    sessions like it: ") for line in lines)


def test_an_explanation_is_in_the_json_too(ask):
    (row,) = ask("0020", "-k", "1", "--explain", "--json").rows
    item = row["items"][0]
    assert sum(item["explanation"]["terms"].values()) == pytest.approx(item["score"], abs=1e-5)


@pytest.mark.parametrize(
    ("text", "found"),
    [("a,b", ["a", "b"]), ("a, b,", ["a", "b"]), ("", []), ('"a,1",b', ["a,1", "b"])],
)
def test_ids_stand_between_commas(text, found):
    assert split_ids(text) == found
