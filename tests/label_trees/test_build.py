import numpy as np
import pytest
import scipy.sparse as sp

from label_trees.build import build_balanced, build_flat, build_kmeans
from label_trees.label_features import pifa
from tests.label_trees.cases import block_case, random_case
from tests.oracles.label_trees import labels_below, nested_sets, path_to, slots_of


def depths_of_leaves(tree):
    return {len(path_to(tree, label)) for label in np.flatnonzero(tree.label_slot >= 0)}


def build_learned(kind, Z, labels, *, max_leaf=6, seed=1, n_threads=1):
    settings = {"max_leaf": max_leaf, "seed": seed, "n_threads": n_threads}
    if kind == "balanced":
        return build_balanced(Z, labels, arity=4, **settings)
    return build_kmeans(Z, labels, arity=5, max_depth=9, **settings)


def test_the_flat_tree_is_one_node_over_the_labels():
    tree = build_flat(np.array([2, 5], dtype=np.int32), 7)

    assert tree.n_nodes == 1
    assert tree.slot_label.tolist() == [2, 5]
    assert tree.label_slot.tolist() == [-1, -1, 0, -1, -1, 1, -1]


@pytest.mark.parametrize(
    ("arity", "widths_by_depth"),
    [
        (2, [{2}, {2}, {2}, {2}, {5, 6}]),
        (4, [{4}, {4}, {5, 6}]),
        (8, [{4}, {4}, {5, 6}]),
        (16, [{16}, {5, 6}]),
        (32, [{16}, {5, 6}]),
    ],
)
def test_a_balanced_tree_has_even_levels_within_arity_and_no_leaf_above_its_limit(
    arity, widths_by_depth
):
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


def test_a_kmeans_tree_has_at_most_arity_children_and_leaves_below_its_limit():
    X, Y = random_case(0, n_rows=270, n_labels=90)
    labels = np.arange(90, dtype=np.int32)

    tree = build_kmeans(pifa(X, Y), labels, max_leaf=6, arity=5, max_depth=9, seed=1, n_threads=1)

    has_nodes = np.add.reduceat(tree.slot_node >= 0, tree.slot_indptr[:-1])
    assert set(has_nodes[has_nodes > 0]) <= set(range(2, 6))
    assert tree.widths[has_nodes == 0].max() <= 6
    assert tree.widths[has_nodes == 0].min() >= 2
    assert len(depths_of_leaves(tree)) > 1


def test_a_kmeans_tree_ends_at_its_depth():
    X, Y = random_case(0, n_rows=270, n_labels=90)
    labels = np.arange(90, dtype=np.int32)

    tree = build_kmeans(pifa(X, Y), labels, max_leaf=2, arity=3, max_depth=2, seed=1, n_threads=1)

    assert tree.depths.max() == 2
    assert max(depths_of_leaves(tree)) == 3
    assert tree.widths.max() > 3


def test_a_kmeans_split_of_few_labels_has_few_parts():
    X, Y = random_case(0, n_rows=270, n_labels=90)
    labels = np.arange(90, dtype=np.int32)

    tree = build_kmeans(pifa(X, Y), labels, max_leaf=60, arity=50, max_depth=1, seed=1, n_threads=1)

    assert 2 <= tree.widths[0] <= 4 * 90 // 60


def test_a_kmeans_tree_leaves_equal_labels_together():
    Z = sp.csr_array(np.ones((20, 3), dtype=np.float32))
    labels = np.arange(20, dtype=np.int32)

    tree = build_kmeans(Z, labels, max_leaf=4, arity=5, max_depth=9, seed=1, n_threads=1)

    assert tree.widths.tolist() == [20]


def test_a_balanced_tree_cuts_equal_labels_in_their_order():
    Z = sp.csr_array(np.ones((8, 3), dtype=np.float32))
    labels = np.arange(8, dtype=np.int32)

    tree = build_balanced(Z, labels, max_leaf=2, arity=4, seed=1, n_threads=1)

    assert [labels_below(tree, slot) for slot in slots_of(tree, 0)] == [
        {0, 1},
        {2, 3},
        {4, 5},
        {6, 7},
    ]


@pytest.mark.parametrize("kind", ["balanced", "kmeans"])
class TestLearnedTrees:
    def test_nodes_are_numbered_breadth_first(self, kind):
        X, Y = random_case(0, n_rows=270, n_labels=90)

        tree = build_learned(kind, pifa(X, Y), np.arange(90, dtype=np.int32))

        assert tree.slot_node[tree.slot_node >= 0].tolist() == list(range(1, tree.n_nodes))
        assert (np.diff(tree.depths) >= 0).all()

    def test_labels_left_out_have_no_slot(self, kind):
        X, Y = random_case(0, n_rows=90, n_labels=30)
        labels = np.arange(0, 30, 2, dtype=np.int32)

        tree = build_learned(kind, pifa(X, Y), labels, max_leaf=4)

        np.testing.assert_array_equal(np.flatnonzero(tree.label_slot >= 0), labels)

    @pytest.mark.parametrize("n_labels", [1, 2, 6])
    def test_few_labels_make_one_leaf(self, kind, n_labels):
        X, Y = random_case(0, n_rows=30, n_labels=10)

        tree = build_learned(kind, pifa(X, Y), np.arange(n_labels, dtype=np.int32), max_leaf=6)

        assert nested_sets(tree) == frozenset(range(n_labels))

    def test_a_tree_is_the_same_for_any_number_of_threads(self, kind):
        X, Y = random_case(2, n_rows=300, n_labels=100)
        Z, labels = pifa(X, Y), np.arange(100, dtype=np.int32)

        trees = [build_learned(kind, Z, labels, n_threads=n) for n in (1, 2, 6)]

        for tree in trees[1:]:
            for name in ("slot_indptr", "slot_node", "slot_label"):
                np.testing.assert_array_equal(getattr(tree, name), getattr(trees[0], name))

    def test_a_tree_depends_on_its_seed(self, kind):
        X, Y = random_case(3, n_rows=300, n_labels=100)
        Z, labels = pifa(X, Y), np.arange(100, dtype=np.int32)

        assert len({nested_sets(build_learned(kind, Z, labels, seed=seed)) for seed in (1, 2)}) == 2

    def test_two_blocks_of_labels_are_told_apart(self, kind):
        X, Y = block_case(0, n_labels=2, rows_per_label=40)
        label = np.arange(80, dtype=np.int32)
        Y = sp.csr_array((np.ones(80, np.float32), (label, label)), shape=(80, 80))

        tree = build_learned(kind, pifa(X, Y), label, max_leaf=40)

        tops = [labels_below(tree, slot) for slot in slots_of(tree, 0)]
        assert all(len({label // 40 for label in top}) == 1 for top in tops)

    def test_wide_indices_and_read_only_arrays_change_nothing(self, kind):
        X, Y = random_case(4, n_rows=200, n_labels=60)
        Z, labels = pifa(X, Y), np.arange(60, dtype=np.int32)
        wide = Z.copy()
        wide.indices, wide.indptr = Z.indices.astype(np.int64), Z.indptr.astype(np.int64)
        for array in (wide.indices, wide.indptr, wide.data, labels):
            array.setflags(write=False)

        built = build_learned(kind, wide, labels)

        assert nested_sets(built) == nested_sets(build_learned(kind, Z, labels))
