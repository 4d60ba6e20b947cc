import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.hierarchy import steps_up
from label_trees.tree import LabelTree
from tests.oracles.label_trees import given_reference, nested_sets


def build(parents, labels):
    parents, labels = np.array(parents, dtype=np.int32), np.array(labels, dtype=np.int32)
    return LabelTree.from_parents(parents, labels, parents.size)


def sets(nested):
    """Return nested lists as nested sets."""
    return frozenset(sets(part) if isinstance(part, list) else part for part in nested)


@settings(deadline=None, max_examples=200)
@given(seed=st.integers(0, 10_000), n_columns=st.integers(1, 25), share=st.floats(0.05, 1.0))
def test_a_given_tree_matches_reference(seed, n_columns, share):
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(n_columns)
    parents = np.empty(n_columns, dtype=np.int32)
    for place, column in enumerate(shuffled):
        above = rng.integers(-1, place) if place else -1
        parents[column] = -1 if above < 0 else shuffled[above]
    labels = np.flatnonzero(rng.random(n_columns) < share)
    labels = labels if labels.size else np.array([int(shuffled[-1])])

    tree = build(parents, labels)

    assert nested_sets(tree) == given_reference(parents.tolist(), labels.tolist())
    assert tree.slot_node[tree.slot_node >= 0].tolist() == list(range(1, tree.n_nodes))
    np.testing.assert_array_equal(np.flatnonzero(tree.label_slot >= 0), labels)
    assert tree.n_labels == n_columns


def test_a_label_above_others_gets_a_slot_beside_its_children():
    tree = build([-1, 0, 0, -1], [0, 1, 2, 3])

    assert nested_sets(tree) == sets([[0, 1, 2], 3])


def test_columns_without_labels_below_are_left_out():
    tree = build([-1, -1, 0, 0, 1, 1, 5], [2, 3, 4, 5])

    assert nested_sets(tree) == sets([[2, 3], [4, 5]])


def test_an_ancestor_with_one_slot_makes_way():
    tree = build([-1, 0, 1, 2, 2, 1], [3, 4])

    assert nested_sets(tree) == sets([3, 4])
    assert tree.n_nodes == 1


def test_one_label_makes_a_root_with_one_slot():
    tree = build([-1, 0, 1], [2])

    assert tree.widths.tolist() == [1]
    assert tree.slot_label.tolist() == [2]


def test_a_hierarchy_without_levels_is_flat():
    assert nested_sets(build([-1] * 5, [0, 2, 4])) == sets([0, 2, 4])


def test_a_long_chain_of_labels_is_as_deep_as_it_is_long():
    n_labels = 3_000

    tree = build(np.arange(-1, n_labels - 1), np.arange(n_labels))

    assert tree.depths.tolist() == list(range(n_labels - 1))
    assert tree.widths.tolist() == [2] * (n_labels - 1)


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([-1, 2], "label 1 has the parent 2, expected -1 or a label below 2"),
        ([-2, 0], "label 0 has the parent -2"),
        ([0, -1], "label 0 is its own ancestor"),
        ([-1, 2, 1], "label [12] is its own ancestor"),
        ([-1, 0, 4, 2, 3, 4], "label [234] is its own ancestor"),
    ],
)
def test_parents_that_make_no_hierarchy_are_refused(parents, message):
    with pytest.raises(ValueError, match=message):
        build(parents, [0, 1])


def test_parents_of_another_number_of_labels_are_refused():
    with pytest.raises(ValueError, match=r"parents has shape \(2,\), expected \(3,\)"):
        LabelTree.from_parents(np.array([-1, 0]), np.array([1]), 3)


@pytest.mark.parametrize(
    ("above", "steps"),
    [([0], [0]), ([1, 2, 2], [2, 1, 0]), ([0, 1, 0, 2, 3, 4, 1], [0, 0, 1, 2, 3, 4, 1])],
)
def test_steps_to_the_root_are_counted(above, steps):
    assert steps_up(np.array(above)).tolist() == steps


def test_steps_of_a_long_chain_are_counted():
    above = np.maximum(np.arange(100_000) - 1, 0)

    np.testing.assert_array_equal(steps_up(above), np.arange(100_000))


@pytest.mark.parametrize("above", [[1, 0], [0, 2, 3, 1], [2, 0, 1], [0, 2, 3, 4, 1, 4]])
def test_a_cycle_has_no_root(above):
    with pytest.raises(ValueError, match="label [0-4] is its own ancestor"):
        steps_up(np.array(above))
