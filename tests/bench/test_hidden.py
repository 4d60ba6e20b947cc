import json

from bench.datasets import TextSet
from bench.hidden import hide_branches


def row(*paths):
    return {"title": "", "description": "", "paths": [list(path) for path in paths]}


def branches():
    """Return 100 rows: half in one branch, and two in each of 25 others."""
    small = [("A", str(number), "x") for number in range(25)]
    return TextSet("tiny", [row(("A", "large", "x"))] * 50 + [row(path) for path in small * 2], [])


def test_small_branches_are_hidden_up_to_the_share():
    hidden = hide_branches(branches())

    assert len(hidden.branches) == 6  # of two rows each, 12 of 100 rows
    assert ("A", "large") not in hidden.branches
    assert len(hidden.texts.train) == 88
    assert hide_branches(branches(), seed=1).branches != hidden.branches


def test_row_without_another_path_fits_nowhere():
    gone, kept = min(hide_branches(branches()).branches), ("A", "large", "x")
    test = [row((*gone, "x")), row((*gone, "x"), kept), row(kept), row(("A",))]

    hidden = hide_branches(TextSet("tiny", branches().train, test))

    assert hidden.fits.tolist() == [False, True, True, True]
    assert hidden.texts.test[1]["paths"] == [list(kept)]


def test_row_with_a_path_in_a_hidden_branch_is_not_trained_on():
    both = row(("A", "small", "x"), ("A", "large", "x"))
    texts = TextSet("tiny", [row(("A", "large", "x"))] * 50 + [both], [])

    hidden = hide_branches(texts)

    assert hidden.branches == {("A", "small")}
    assert both not in hidden.texts.train


def test_training_rows_that_are_left_are_written(tmp_path):
    hidden = hide_branches(branches())

    lines = hidden.write(tmp_path / "train.jsonl").read_text().splitlines()

    assert [json.loads(line) for line in lines] == hidden.texts.train
