import numpy as np
import pytest

from label_trees.build import build_balanced, build_flat
from label_trees.label_features import pifa
from label_trees.tree import LabelTree
from tests.label_trees.cases import nested_tree, random_case
from tests.oracles.label_trees import labels_below, path_to, slots_of


def int32(*values):
    return np.array(values, dtype=np.int32)


def depths_of_leaves(tree):
    return {len(path_to(tree, label)) for label in np.flatnonzero(tree.label_slot >= 0)}


def test_a_ragged_tree_knows_owners_parents_and_label_slots():
    tree = nested_tree([4, [0, [1, 2]], [3]], n_labels=6)

    assert tree.n_nodes == 4
    assert tree.widths.tolist() == [3, 2, 1, 2]
    assert tree.slot_node.tolist() == [-1, 1, 2, -1, 3, -1, -1, -1]
    assert tree.slot_label.tolist() == [4, -1, -1, 0, -1, 3, 1, 2]
    assert tree.owner.tolist() == [0, 0, 0, 1, 1, 2, 3, 3]
    assert tree.parent_slot.tolist() == [-1, 1, 2, 4]
    assert tree.label_slot.tolist() == [3, 6, 7, 5, 0, -1]


def test_clusters_become_levels_of_nodes():
    labels = int32(1, 3, 5, 7, 9)
    levels = [int32(1, 0, 1, 0, 1), int32(3, 0, 2, 1, 2)]

    tree = LabelTree.from_clusters(levels, labels, 10)

    assert tree.widths.tolist() == [2, 2, 2, 1, 1, 2, 1]
    assert [sorted(labels_below(tree, slot)) for slot in slots_of(tree, 0)] == [[3, 7], [1, 5, 9]]
    assert [path_to(tree, label) for label in (3, 7, 5, 9, 1)] == [
        [0, 2, 6],
        [0, 3, 7],
        [1, 4, 8],
        [1, 4, 9],
        [1, 5, 10],
    ]


def test_the_flat_tree_is_one_node_over_the_labels():
    tree = build_flat(int32(2, 5), 7)

    assert tree.n_nodes == 1
    assert tree.slot_label.tolist() == [2, 5]
    assert tree.label_slot.tolist() == [-1, -1, 0, -1, -1, 1, -1]


@pytest.mark.parametrize(
    ("arity", "widths_by_depth"),
    [
        (2, [{2}, {2}, {2}, {2}, {5, 6}]),
        (4, [{4}, {4}, {5, 6}]),
        (8, [{8}, {2}, {5, 6}]),
        (16, [{16}, {5, 6}]),
        (32, [{16}, {5, 6}]),
    ],
)
def test_a_balanced_tree_has_arity_children_and_no_leaf_above_its_limit(arity, widths_by_depth):
    X, Y = random_case(0, n_rows=270, n_labels=90)
    labels = np.arange(90, dtype=np.int32)

    tree = build_balanced(pifa(X, Y), labels, max_leaf=6, arity=arity, seed=1, n_threads=1)

    widths, nodes = [], [0]
    while nodes:
        widths.append({int(tree.widths[node]) for node in nodes})
        below = [tree.slot_node[slot] for node in nodes for slot in slots_of(tree, node)]
        nodes = [node for node in below if node >= 0]
    assert widths == widths_by_depth
    assert depths_of_leaves(tree) == {len(widths_by_depth)}
    assert set().union(*(labels_below(tree, slot) for slot in slots_of(tree, 0))) == set(range(90))


def test_labels_left_out_of_a_balanced_tree_have_no_slot():
    X, Y = random_case(0, n_rows=90, n_labels=30)
    labels = np.arange(0, 30, 2, dtype=np.int32)

    tree = build_balanced(pifa(X, Y), labels, max_leaf=4, arity=2, seed=1, n_threads=1)

    np.testing.assert_array_equal(np.flatnonzero(tree.label_slot >= 0), labels)


def test_the_arrays_of_a_tree_are_read_only():
    tree = nested_tree([[0], 1], n_labels=2)

    with pytest.raises(ValueError, match="read-only"):
        tree.slot_label[0] = 1


@pytest.mark.parametrize(
    ("slot_indptr", "slot_node", "slot_label", "message"),
    [
        ([0, 2], [-1], [0], "cut 1 slots"),
        ([1, 2], [-1, -1], [0, 1], "cut 2 slots"),
        ([0, 2, 1, 3], [1, 2, -1], [-1, -1, 0], "cut 3 slots"),
        ([], [], [], "cut 0 slots"),
        ([0, 2], [-1, -1], [0], "cut 2 slots"),
        ([0, 2], [-1, -1], [0, -1], "either a node or a label"),
        ([0, 1, 2], [1, -1], [0, 1], "either a node or a label"),
        ([0, 1, 2], [-1, 1], [0, -1], "of a lower node"),
        ([0, 1, 2, 3], [1, 1, -1], [-1, -1, 0], "of a lower node"),
        ([0, 1], [5], [-1], "of a lower node"),
        ([0, 2], [-1, -1], [0, 3], "below 3"),
        ([0, 2], [-1, -1], [1, 1], "one slot each"),
    ],
)
def test_arrays_that_make_no_tree_are_refused(slot_indptr, slot_node, slot_label, message):
    with pytest.raises(ValueError, match=message):
        LabelTree(int32(*slot_indptr), int32(*slot_node), int32(*slot_label), n_labels=3)
