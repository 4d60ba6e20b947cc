import numpy as np
import pytest

from label_trees.tree import LabelTree
from tests.label_trees.cases import nested_tree
from tests.oracles.label_trees import nested_sets


def int32(*values):
    return np.array(values, dtype=np.int32)


def test_a_ragged_tree_knows_owners_parents_and_label_slots():
    tree = nested_tree([4, [0, [1, 2]], [3]], n_labels=6)

    assert tree.n_nodes == 4
    assert tree.widths.tolist() == [3, 2, 1, 2]
    assert tree.slot_node.tolist() == [-1, 1, 2, -1, 3, -1, -1, -1]
    assert tree.slot_label.tolist() == [4, -1, -1, 0, -1, 3, 1, 2]
    assert tree.owner.tolist() == [0, 0, 0, 1, 1, 2, 3, 3]
    assert tree.parent_slot.tolist() == [-1, 1, 2, 4]
    assert tree.label_slot.tolist() == [3, 6, 7, 5, 0, -1]
    assert tree.depths.tolist() == [0, 1, 1, 2]


def test_nodes_and_labels_become_slots_of_what_they_hang_below():
    tree = LabelTree.from_nodes(
        int32(-1, 0, 0, 1, 1), int32(3, 0, 4, 2, 3), int32(1, 3, 5, 7, 9), n_labels=10
    )

    assert nested_sets(tree) == frozenset(
        {3, frozenset({7}), frozenset({frozenset({1, 9}), frozenset({5})})}
    )
    assert tree.slot_node.tolist() == [1, 2, -1, 3, 4, -1, -1, -1, -1]
    assert tree.slot_label.tolist() == [-1, -1, 3, -1, -1, 7, 1, 9, 5]
    assert tree.depths.tolist() == [0, 1, 1, 2, 2]


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
