import pickle

import pytest

from tests.xmlrec.taxonomy.shelves import NODES, changed, paths, shelves, successors
from xmlrec.errors import ChangeError
from xmlrec.taxonomy import Node, PathResolver, extend_with_paths
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
    tally,
)

IDS = tuple(node.id for node in NODES)


def refusal(*changes):
    """Return why the last of ``changes`` cannot be made; the ones before it can."""
    state = changed(*changes[:-1])
    with pytest.raises(ChangeError) as error:
        changed(changes[-1], state=state)
    text = str(error.value)
    assert "\n" not in text
    assert str(pickle.loads(pickle.dumps(error.value))) == text
    return text


def test_an_added_category_comes_last_and_leaves_the_rest():
    before = shelves()
    after = changed(Add("k3", "Mills", ("k",), "Grind.", ("grinder",), ("a mill", "a mill")))

    assert after.taxonomy.ids == (*IDS, "k3")
    assert list(after.taxonomy)[:-1] == list(before.taxonomy)
    assert after.taxonomy.node(8) == Node("k3", "Mills", ("k",), ("grinder",), "Grind.")
    assert after.examples == {8: ("a mill",)}
    assert (len(before.taxonomy), before.examples) == (8, {})


def test_a_category_without_parents_is_a_root():
    assert paths(changed(Add("b", "Books")))["b"] == "Books"


def test_a_renamed_category_keeps_its_column_and_those_below_follow():
    state = changed(Rename("g2", "Tools"))

    assert state.taxonomy.ids == IDS
    assert paths(state)["g21"] == "Garden > Tools > Leaf Rakes"


def test_a_moved_category_takes_those_below_along():
    assert paths(changed(Move("g2", ("k",))))["g21"] == "Kitchen > Rakes > Leaf Rakes"
    assert paths(changed(Move("g2")))["g21"] == "Rakes > Leaf Rakes"


def test_a_removed_category_keeps_its_column_and_its_id_says_so():
    state = changed(Remove("k2"))

    assert state.taxonomy.ids == IDS
    assert "k2" not in paths(state)
    assert successors(state, "k2") == []
    assert state.taxonomy.column("k2") == 2
    assert not state.taxonomy.is_leaf[2]
    assert 2 not in state.taxonomy.children(0).tolist()


def test_what_loses_its_last_child_is_a_leaf():
    assert changed(Remove("g21")).taxonomy.is_leaf[IDS.index("g2")]


def test_a_removed_root_is_no_root():
    state = changed(Add("b", "Books"), Remove("b"))

    assert state.taxonomy.roots.tolist() == [0, 3]


def test_merged_categories_give_their_children_and_examples():
    state = changed(
        AddExamples("g1", ("garden hose",)), AddExamples("g2", ("rake",)), Merge(("g2",), "g1")
    )

    assert paths(state)["g21"] == "Garden > Hoses > Leaf Rakes"
    assert successors(state, "g2") == ["g1"]
    assert state.examples == {IDS.index("g1"): ("garden hose", "rake")}


def test_several_can_be_merged_at_once():
    state = changed(Merge(("k1", "g1"), "k2"))

    assert successors(state, "k1") == successors(state, "g1") == ["k2"]


def test_redirects_are_followed_to_their_end():
    state = changed(Merge(("k1",), "k2"), Split("k2", ("g1", "g21")), Merge(("g1",), "gift"))

    assert successors(state, "k1") == ["gift", "g21"]
    assert successors(changed(Remove("gift"), state=state), "k1") == ["g21"]


def test_a_restored_category_has_its_old_column():
    state = changed(Remove("k2"), Restore("k2", "Toast Makers", ("g",)))

    assert state.taxonomy.ids == IDS
    assert paths(state)["k2"] == "Garden > Toast Makers"


def test_another_id_finds_the_same_category():
    state = changed(Identify("k2", "appliances/7"))

    assert state.taxonomy.column("appliances/7") == 2
    assert paths(state)["k2"] == "Kitchen > Toasters"


def test_a_description_replaces_the_old_one():
    node = changed(Describe("k1", "Heats.", ("boiler",))).taxonomy.node(1)

    assert (node.definition, node.aliases) == ("Heats.", ("boiler",))


def test_examples_add_up_each_once():
    state = changed(AddExamples("k1", ("a", "b")), AddExamples("k1", ("b", "c")))

    assert state.examples == {1: ("a", "b", "c")}


@pytest.mark.parametrize(
    ("elements", "label_id"),
    [
        (["Kitchen", "Kettles"], "k1"),  # renamed
        (["Garden", "Rakes", "Leaf Rakes"], "g21"),  # below what was moved
        (["g", "g2"], "g2"),
        (["Kitchen", "Toasters"], "k1"),  # merged
        (["k2"], "k1"),
        (["Kitchen", "k2"], "k1"),
        (["kitchen", "k2_Toaster"], "k1"),
        (["Kitchen", "Boilers"], "k1"),
        (["Kitchen", "Rakes"], "g2"),
    ],
)
def test_a_path_from_before_the_changes_still_resolves(elements, label_id):
    state = changed(Rename("k1", "Boilers"), Move("g2", ("k",)), Merge(("k2",), "k1"))

    found = PathResolver(state.taxonomy).resolve(elements)

    assert (state.taxonomy.ids[found.column], found.n_resolved) == (label_id, len(elements))


def test_a_name_in_use_goes_before_one_that_was():
    state = changed(Rename("k1", "Boilers"), Add("k3", "Kettles", ("k",)))

    found = PathResolver(state.taxonomy).resolve(["Kitchen", "Kettles"])
    assert state.taxonomy.ids[found.column] == "k3"


@pytest.mark.parametrize("path", [("Kitchen", "Toasters"), ("k2",), ("Kitchen", "Toasters", "x")])
def test_a_path_to_a_removed_category_is_refused_and_never_added_again(path):
    taxonomy = changed(Remove("k2")).taxonomy

    resolved = extend_with_paths(taxonomy, [path])

    assert resolved.taxonomy is taxonomy
    assert resolved.refused[0].code == "UNKNOWN_PATH"
    assert "category 'k2' was removed" in resolved.refused[0].message


def test_a_path_to_a_split_category_needs_an_id():
    taxonomy = changed(Split("k2", ("k1", "g1"))).taxonomy

    (refused,) = extend_with_paths(taxonomy, [("Kitchen", "Toasters")]).refused.values()

    assert refused.code == "AMBIGUOUS_PATH"
    assert "use an id: k1, g1" in refused.message


def test_back_at_its_place_a_category_has_no_former_one():
    state = changed(Rename("k1", "Boilers"), Rename("k1", "Kettles"))

    assert state.taxonomy.node(1).former == (("k", "Boilers"),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([Add("k3", "Kettles", ("k",))], "'Kitchen > Kettles' exists, its id is 'k1'"),
        ([Add("k3", "kettles ", ("k",))], "'Kitchen > Kettles' exists"),
        ([Add("k3", "Garden")], "'Garden' exists"),
        ([Add("k3", "Mills", ("x",))], "there is no category 'x'; find it with"),
        ([Add("k3", "")], "its name is empty"),
        ([Add("k3", " ")], "its name is empty"),
        ([Add("k3", "A > B")], "contains the separator ' > '"),
        ([Add("k3", "A\x00")], "contains a control character"),
        ([Add("k1", "Mills", ("k",))], "the id 'k1' is that of 'Kitchen > Kettles'"),
        ([Remove("k2"), Add("k2", "Mills")], "the id 'k2' is that of one that is no more"),
        ([Remove("k2"), Add("k3", "Mills", ("k2",))], "category 'k2' was removed"),
        ([Remove("k")], "category 'k' has 3 children ('k1', 'k2', 'gift'); move or remove them"),
        ([Split("g2", ("g1", "k1"))], "category 'g2' has 1 child ('g21')"),
        ([Remove("x")], "there is no category 'x'"),
        ([Remove("k2"), Remove("k2")], "category 'k2' was removed"),
        ([Merge(("k2",), "k1"), Rename("k2", "A")], "category 'k2' was replaced by 'k1'"),
        ([Merge(("k1",), "k1")], "category 'k1' cannot be merged into itself"),
        ([Merge(("k1", "k2"), "k1")], "category 'k1' cannot be merged into itself"),
        ([Merge(("g",), "g21")], "category 'g21' is below one that would be merged into it"),
        ([Remove("k1"), Merge(("k2",), "k1")], "category 'k1' was removed"),
        ([Move("g", ("g21",))], "category 'g' would be below itself; name a parent"),
        ([Move("g", ("g",))], "would be below itself"),
        ([Move("g21", ("x",))], "there is no category 'x'"),
        ([Move("g21", ("g2",))], "category 'g21' is there already"),
        ([Rename("k2", "kettles")], "'Kitchen > Kettles' exists"),
        ([Rename("k2", "Toasters")], "category 'k2' is called 'Toasters' already"),
        ([Rename("k2", "")], "its name is empty"),
        ([Rename("k2", "A > B")], "contains the separator"),
        ([Add("g3", "Kettles", ("g",)), Move("g3", ("k",))], "'Kitchen > Kettles' exists"),
        ([AddExamples("k1", ("a",)), AddExamples("k1", ("a",))], "no example that it does not"),
        ([Restore("k1", "Kettles", ("k",))], "there is no removed category 'k1'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(changes, message):
    assert message in refusal(*changes)


def test_a_merge_that_would_make_twins_is_refused():
    twin = Add("k4", "Leaf Rakes", ("k1",))

    assert "'Kitchen > Kettles > Leaf Rakes' exists" in refusal(twin, Merge(("g2",), "k1"))


def test_changes_read_well():
    before = shelves().taxonomy
    changes = [
        Add("k3", "Mills", ("k",), examples=("a", "b")),
        AddExamples("k1", ("a",)),
        Rename("g2", "Tools"),
        Move("k2", ("g",)),
        Merge(("g1",), "g21"),
        Remove("gift"),
    ]
    after = changed(*changes).taxonomy

    assert [change.text(before, after) for change in changes] == [
        "added Kitchen > Mills [k3], 2 examples",
        "1 example for Kitchen > Kettles [k1]",
        "renamed Garden > Rakes [g2] to Tools",
        "moved Kitchen > Toasters [k2] to Garden [g]",
        "merged Garden > Hoses [g1] into Garden > Tools > Leaf Rakes [g21]",
        "removed Kitchen > Gift Sets [gift]",
    ]
    assert Move("g2").text(before, before) == "moved Garden > Rakes [g2] to the top"
    assert tally(changes) == ("1 added, 1 given examples, 1 renamed, 1 moved, 1 merged, 1 removed")
    assert tally([]) == "nothing"
