import random
from dataclasses import replace

import pytest

from tests.xmlrec.taxonomy.shelves import NODES, changed, paths, shelves, successors
from xmlrec.errors import ChangeError
from xmlrec.taxonomy import Node, Taxonomy, extend_with_paths, split_path
from xmlrec.taxonomy.change_sets import Update
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
from xmlrec.taxonomy.releases import diff_releases, diff_states
from xmlrec.taxonomy.state import TaxonomyState


def release(*nodes):
    return Taxonomy.from_nodes(nodes, source="new.csv")


def without(*label_ids):
    return [node for node in NODES if node.id not in label_ids]


def of_paths(*texts):
    """Return a taxonomy of paths alone, as a file without ids makes it."""
    return extend_with_paths(None, map(split_path, texts)).taxonomy


def diff(new, mapping=None, old=None, **options):
    return diff_releases((old or shelves()).taxonomy, new, mapping, **options)


def updated(changes, state=None):
    return changed(Update("new.csv", tuple(changes)), state=state)


def test_the_same_release_changes_nothing():
    assert diff(release(*NODES)) == []
    assert diff(release(*reversed(NODES))) == []


def test_each_kind_of_change_is_told():
    new = release(
        *without("k1", "k2", "g1", "g21", "gift"),
        Node("k1", "Boilers", ("k",), ("water boiler",), "Heat water."),
        Node("g21", "Leaf Rakes", ("g",)),
        Node("k3", "Mills", ("k",)),
        Node("k4", "Bread", ("k",)),
        Node("gift", "Gift Sets", ("g",)),
    )

    changes = diff(new, {"k2": ["k3", "k4"], "g1": "g2"})

    assert changes == [
        Rename("k1", "Boilers"),
        Describe("k1", "Heat water.", ("water boiler",)),
        Move("g21", ("g",)),
        Add("k3", "Mills", ("k",)),
        Add("k4", "Bread", ("k",)),
        Move("gift", ("g",)),
        Split("k2", ("k3", "k4")),
        Merge(("g1",), "g2"),
    ]
    state = updated(changes)
    assert diff(new, old=state) == []
    assert successors(state, "k2") == ["k3", "k4"]


def test_what_is_gone_was_removed():
    assert diff(release(*without("g1"))) == [Remove("g1")]
    assert diff(release(*without("g1")), {"g1": None}) == [Remove("g1")]
    assert diff(release(*without("g1")), {"g1": ()}) == [Remove("g1")]


def test_a_mapping_of_what_is_still_there_is_not_used():
    assert diff(release(*NODES), {"k1": "k2"}) == []


def test_merges_into_one_category_are_one_change():
    assert diff(release(*without("k1", "k2")), {"k1": "g1", "k2": "g1"}) == [
        Merge(("k1", "k2"), "g1")
    ]


def test_with_its_place_and_name_under_another_id_a_category_is_merged():
    new = release(
        *without("g2", "g21"), Node("9", "rakes", ("g",)), Node("91", "Leaf Rakes", ("9",))
    )

    state = updated(diff(new))

    assert successors(state, "g2") == ["9"]
    assert successors(state, "g21") == ["91"]


def test_below_what_was_followed_names_lead_on():
    new = release(
        *without("g2", "g21"), Node("9", "Tools", ("k",)), Node("91", "Leaf Rakes", ("9",))
    )

    assert successors(updated(diff(new, {"g2": "9"})), "g21") == ["91"]
    assert successors(updated(diff(new, {"g2": "9", "g21": None})), "g21") == []


def test_shopifys_long_and_short_ids_are_the_same():
    prefix = "gid://shopify/TaxonomyCategory/"
    old = release(Node(f"{prefix}ap", "Pets"))
    new = release(Node("ap", "Pets"), Node("ap-1", "Live", ("ap",)))

    assert diff_releases(old, new) == [Add("ap-1", "Live", (f"{prefix}ap",))]
    assert diff_releases(release(Node("ap", "Pets")), old) == []
    new = release(Node(f"{prefix}ap", "Pets"), Node(f"{prefix}ap-1", "Live", (f"{prefix}ap",)))
    assert diff_releases(release(Node("ap", "Pets")), new) == [Add("ap-1", "Live", ("ap",))]


def test_without_ids_paths_tell_and_ids_stay():
    new = of_paths("Kitchen > kettles", "Kitchen > Toasters", "Garden > Hoses", "Garden > Spades")

    changes = diff(new)

    assert changes == [
        Rename("k1", "kettles"),
        Add(new.ids[-1], "Spades", ("g",)),
        Remove("g2"),
        Remove("g21"),
        Remove("gift"),
    ]
    assert diff(new, old=updated(changes)) == []


def test_without_ids_a_mapping_says_what_was_renamed():
    old = of_paths("A > B > C", "A > D")
    new = of_paths("A > B2 > C", "A > D")

    mapping = {old.ids[1]: new.ids[1]}

    assert diff_releases(old, new, mapping) == [Rename(old.ids[1], "B2")]
    assert len(diff_releases(old, new)) == 4


def test_ids_of_another_kind_are_remembered():
    nodes = [
        Node("100", "Kitchen"),
        Node("101", "Kettles", ("100",)),
        Node("k", "Gift Sets", ("100",)),
        Node("k1", "Mills", ("100",)),
    ]
    changes = diff(release(*nodes))

    assert changes[:2] == [Identify("k", "100"), Identify("k1", "101")]
    state = updated(changes)
    assert paths(state)["gift"] == "Kitchen > Gift Sets"
    added = next(change for change in changes if isinstance(change, Add))
    assert (added.name, added.id in ("k", "k1")) == ("Mills", False)
    assert state.taxonomy.column("101") == state.taxonomy.column("k1")
    again = release(*nodes[:1], Node("101", "Boilers", ("100",)), *nodes[2:])
    assert Rename("k1", "Boilers") in diff(again, old=state)


def test_ids_with_other_names_in_another_language_are_still_ids():
    german = [Node(node.id, f"{node.name} (de)", node.parents) for node in NODES]

    changes = diff(release(*german))

    assert {type(change) for change in changes} == {Rename}
    assert len(changes) == len(NODES)


def test_what_comes_back_is_restored_in_its_column():
    state = updated(diff(release(*without("g1"))))

    assert diff(release(*NODES), old=state) == [Restore("g1", "Hoses", ("g",))]
    assert paths(updated([Restore("g1", "Hoses", ("g",))], state=state)) == paths(shelves())


def test_categories_of_ones_own_stay():
    state = changed(Add("own", "Mills", ("k",)), Add("own2", "Spades", ("g",)))

    assert diff(release(*NODES), old=state, local={"own", "own2", "k"}) == []
    new = release(*NODES, Node("k9", "Mills", ("k",)))
    assert diff(new, old=state, local={"own", "own2"}) == [
        Add("k9", "Mills", ("k",)),
        Merge(("own",), "k9"),
    ]


def test_ones_own_category_below_a_removed_one_stops_the_update():
    state = changed(Add("own", "Mini", ("k2",)))

    with pytest.raises(ChangeError, match="category 'own': its parent 'k2' is no more"):
        updated(diff(release(*without("k2")), old=state, local={"own"}), state=state)


def test_a_release_may_say_itself_what_replaced_a_category():
    new = release(*without("k2"), Node("k2", "Toasters", replaced_by=("k1",)))

    assert diff(new) == [Merge(("k2",), "k1")]


def test_twins_in_a_release_are_taken_as_they_are():
    new = release(*NODES, Node("k8", "Kettles", ("k",)))

    assert diff(new, old=updated(diff(new))) == []


@pytest.mark.parametrize("mapping", [{"x": "k"}, {"g1": "x"}, {"g1": ["k1", "x"]}])
def test_a_mapping_of_what_there_is_not_is_refused(mapping):
    with pytest.raises(ChangeError, match="the mapping names 'x', which the (old|new) release"):
        diff(release(*without("g1")), mapping)


def test_two_states_differ_by_what_was_changed():
    old = changed(AddExamples("k1", ("a",)))
    steps = (
        Rename("k1", "Boilers"),
        AddExamples("k1", ("b",)),
        Add("k3", "Mills", ("k",), examples=("mill",)),
        Merge(("g1",), "k1"),
        Remove("gift"),
        Add("k4", "Pans"),
        Remove("k4"),
    )
    new = changed(*steps, state=old)

    assert diff_states(old, new) == [
        Rename("k1", "Boilers"),
        AddExamples("k1", ("b",)),
        Add("k3", "Mills", ("k",), examples=("mill",)),
        Remove("gift"),
        Merge(("g1",), "k1"),
    ]
    assert diff_states(new, old) == [
        Rename("k1", "Kettles"),
        Restore("g1", "Hoses", ("g",)),
        Restore("gift", "Gift Sets", ("k", "g")),
        Remove("k3"),
    ]
    assert diff_states(new, new) == []


def next_release(nodes, rng, number):
    """Return the nodes of a release after some edits; ids are never given again."""
    nodes = list(nodes)
    for place in range(len(nodes)):
        node, edit = nodes[place], rng.random()
        if edit < 0.1:
            nodes[place] = replace(node, name=rng.choice("ABCDEF"))
        elif edit < 0.2:
            parents = rng.sample([n.id for n in nodes[:place]], min(place, 1))
            nodes[place] = replace(node, parents=tuple(parents))
    parents = {parent for node in nodes for parent in node.parents}
    nodes = [node for node in nodes if node.id in parents or rng.random() > 0.1]
    for i in range(3):
        parents = rng.sample([node.id for node in nodes], min(len(nodes), 1))
        nodes.append(Node(f"r{number}-{i}", rng.choice("ABCDEF"), tuple(parents)))
    return nodes


@pytest.mark.parametrize("has_own_ids", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_release_after_release_nothing_is_left_to_update_and_no_id_is_lost(seed, has_own_ids):
    rng = random.Random(seed)
    nodes = next_release(NODES, rng, 0)
    state = TaxonomyState(release(*nodes))
    if has_own_ids:  # the model numbers the categories of the same release in its own way
        number = {node.id: str(i) for i, node in enumerate(nodes)}
        own = [
            replace(n, id=number[n.id], parents=tuple(map(number.get, n.parents))) for n in nodes
        ]
        state = TaxonomyState(release(*own))
    for step in range(1, 5):
        before = state
        state = updated(diff(release(*nodes), old=state), state=state)
        assert diff(release(*nodes), old=state) == []
        assert len(paths(state)) == len(nodes)
        assert all(label_id in state.taxonomy for label_id in before.taxonomy.ids)
        nodes = next_release(nodes, rng, step)
