import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.taxonomy.shelves import changed, paths, shelves, successors
from xmlrec.errors import ChangeError, InputError
from xmlrec.taxonomy import Node
from xmlrec.taxonomy.change_sets import (
    Batch,
    Rollback,
    Update,
    change_from_json,
    change_to_json,
    replay,
    roll_back,
)
from xmlrec.taxonomy.changes import (
    Add,
    AddExamples,
    Describe,
    Identify,
    Merge,
    Move,
    Remove,
    Rename,
    Restore,
    Split,
)

CHANGES = [
    Add("k3", "Mills", ("k",), "Grind.", ("a", "b"), ("x",)),
    Add("r", "Root"),
    AddExamples("k1", ("a", "b")),
    Batch("list.csv", (Rename("k", "K"), Batch("inner", (Remove("k1"),)))),
    Batch("nothing"),
    Batch(),
    Describe("k1", "", ("a",)),
    Identify("k1", "7"),
    Merge(("k1", "k2"), "g"),
    Move("k1", ("g", "k")),
    Move("k1"),
    Remove("k1"),
    Rename("k1", "K\u00fcche"),
    Restore("k1", "Kettles", ("k",)),
    Rollback(2, (Node("k1", "A", former=(("k", "B"),), replaced_by=("k2",)),), (("k1", ("t",)),)),
    Rollback(0, (Node("k1", "A", replaced_by=()),)),
    Split("k1", ("k2", "g")),
    Update("new.csv", (Add("z", "Z"), Move("z", ("k",)))),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_a_change_survives_json(change):
    assert change_from_json(json.loads(json.dumps(change_to_json(change)))) == change


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": "paint"},
        {"kind": "rename", "id": "1"},
        {"kind": "rename", "id": "1", "name": "a", "colour": "red"},
        {"kind": "batch", "source": "x", "changes": [{}]},
        {"kind": "rollback", "version": 1, "nodes": [{"id": 1, "name": "a"}]},
    ],
)
def test_json_of_something_else_is_refused(values):
    with pytest.raises((KeyError, TypeError, InputError)):
        change_from_json(values)


def test_a_batch_is_made_whole_or_not_at_all():
    state = shelves()
    with pytest.raises(ChangeError, match="there is no category 'x'"):
        changed(Batch("f", (Rename("k", "Cooking"), Remove("x"))), state=state)

    assert paths(state)["k"] == "Kitchen"
    assert paths(changed(Batch("f", (Add("a", "A"), Add("b", "B", ("a",))))))["b"] == "A > B"


def test_a_batch_tells_few_changes_and_counts_many():
    before = shelves().taxonomy
    renames = tuple(Rename(label_id, "X") for label_id in ("k", "k1", "g", "g1"))
    after = changed(Update("x", renames)).taxonomy

    assert Batch("f", renames[:2]).text(before, after) == (
        "f: renamed Kitchen [k] to X; renamed Kitchen > Kettles [k1] to X"
    )
    assert Batch("", renames[:1]).text(before, after) == "renamed Kitchen [k] to X"
    assert Batch("f", renames).text(before, after) == "f: 4 renamed"
    assert Batch("f").text(before, after) == "f"
    assert Update("f").text(before, after) == "update to f: nothing"


def test_a_parent_is_known_by_any_of_its_ids():
    state = changed(Identify("g", "garden-7"), Move("k1", ("garden-7",)))

    assert state.taxonomy.node(1).parents == ("g",)


def test_an_update_needs_to_fit_together_at_its_end_only():
    swap = (Rename("k1", "Toasters"), Rename("k2", "Kettles"))
    upside_down = (Move("g", ("g2",)), Move("g2"))
    child_first = (Add("a1", "A", ("a",)), Add("a", "B"))

    state = changed(Update("new", (*swap, *upside_down, *child_first)))

    assert paths(state)["k1"] == "Kitchen > Toasters"
    assert paths(state)["g21"] == "Rakes > Leaf Rakes"
    assert paths(state)["g1"] == "Rakes > Garden > Hoses"
    assert paths(state)["a1"] == "B > A"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Remove("g2"), "category 'g21': its parent 'g2' is no more"),
        (Move("g", ("g21",)), "it is its own ancestor"),
        (Add("a", "A", ("nowhere",)), "its parent 'nowhere' does not exist"),
        (Add("a", ""), "its name is empty"),
    ],
)
def test_an_update_that_does_not_fit_is_refused(change, message):
    with pytest.raises(ChangeError, match=message):
        changed(Update("new", (change,)))


def test_after_an_update_single_changes_are_checked_again():
    with pytest.raises(ChangeError, match="exists"):
        changed(Update("new", ()), Rename("k1", "Toasters"))


def test_a_rollback_brings_back_everything_but_columns():
    then = changed(AddExamples("k1", ("old",)))
    now = changed(
        Rename("k1", "Boilers"),
        AddExamples("k1", ("new",)),
        Merge(("k2",), "k1"),
        Remove("g1"),
        Move("g2", ("k",)),
        Add("k3", "Mills", ("k",), examples=("mill",)),
        state=then,
    )

    change = roll_back(now, then, 1)
    state = changed(change, state=now)

    assert paths(state) == paths(then)
    assert state.examples == then.examples
    assert successors(state, "k3") == []
    assert state.taxonomy.column("k3") == 8
    assert change.text(now.taxonomy, state.taxonomy) == "rolled back to version 1"
    with pytest.raises(ChangeError, match="the categories are those of version 1 already"):
        roll_back(state, then, 1)


def test_a_rollback_keeps_redirects_of_later_categories():
    now = changed(Add("k3", "Mills", ("k",)), Merge(("k3",), "k1"), Rename("k", "Cooking"))

    state = changed(roll_back(now, shelves(), 0), state=now)

    assert successors(state, "k3") == ["k1"]


NAMES = st.sampled_from(["Kettles", "Mills", "Hoses", "Pans", "Rakes"])


@st.composite
def random_changes(draw):
    """Draw changes that name known and new ids, many of them impossible."""
    ids = ["k", "k1", "k2", "g", "g1", "g2", "g21", "gift", "n0", "n1", "n2"]
    one = st.sampled_from(ids)
    some = st.lists(one, min_size=1, max_size=2, unique=True).map(tuple)
    kinds = [
        st.builds(Add, st.sampled_from(ids[-3:]), NAMES, some),
        st.builds(Rename, one, NAMES),
        st.builds(Move, one, st.lists(one, max_size=2, unique=True).map(tuple)),
        st.builds(Remove, one),
        st.builds(Merge, some, one),
        st.builds(Split, one, some),
        st.builds(AddExamples, one, st.just(("text",))),
    ]
    return draw(st.lists(st.one_of(kinds), max_size=12))


@settings(deadline=None)
@given(random_changes())
def test_no_id_is_ever_lost_whatever_changes(changes):
    states = [shelves()]
    for change in changes:
        try:
            states.append(replay(states[-1], [change]))
        except ChangeError:
            continue
    for before in states:
        ids = states[-1].taxonomy.ids
        assert ids[: len(before.taxonomy)] == before.taxonomy.ids
        for label_id in before.taxonomy.ids:
            assert set(successors(states[-1], label_id)) <= set(paths(states[-1]))
    for then in states[:-1]:
        try:
            back = replay(states[-1], [roll_back(states[-1], then, 0)])
        except ChangeError:
            assert paths(states[-1]) == paths(then)
            continue
        assert paths(back) == paths(then)
        assert back.examples == then.examples
