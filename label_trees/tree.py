"""The label tree: frozen arrays of a ragged tree whose leaves are labels."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from label_trees.hierarchy import find_nodes, steps_up

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class LabelTree:
    """A ragged tree: any arity, labels at any depth.

    A node's children are *slots*; a slot holds either an inner node or a label. Nodes are numbered
    from the root (0) downwards, so that a child's number is above its parent's.

    Attributes
    ----------
    slot_indptr : int32, shape (n_nodes + 1,)
        The slots of node ``n`` are ``slot_indptr[n] .. slot_indptr[n + 1] - 1``.
    slot_node, slot_label : int32, shape (n_slots,)
        The inner node or the label in a slot; -1 where it holds the other.
    n_labels : int
        Number of label columns; labels that sit in no slot are never ranked.
    owner : int32, shape (n_slots,)
        The node that a slot belongs to.
    parent_slot : int32, shape (n_nodes,)
        The slot that holds a node, -1 for the root.
    label_slot : int32, shape (n_labels,)
        The slot that holds a label, -1 for a label outside the tree.
    depths : int32, shape (n_nodes,)
        0 for the root.
    reach : int64, shape (deepest + 1,)
        The largest number of labels in one node of each depth.
    """

    slot_indptr: IntArray
    slot_node: IntArray
    slot_label: IntArray
    n_labels: int
    owner: IntArray = field(init=False)
    parent_slot: IntArray = field(init=False)
    label_slot: IntArray = field(init=False)
    depths: IntArray = field(init=False)
    reach: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self._check()
        n_slots = self.slot_node.shape[0]
        nodes = np.arange(self.n_nodes, dtype=np.int32)
        owner = np.repeat(nodes, np.diff(self.slot_indptr))
        parent_slot = np.full(self.n_nodes, -1, dtype=np.int32)
        label_slot = np.full(self.n_labels, -1, dtype=np.int32)
        slots = np.arange(n_slots, dtype=np.int32)
        holds_node = self.slot_node >= 0
        parent_slot[self.slot_node[holds_node]] = slots[holds_node]
        label_slot[self.slot_label[~holds_node]] = slots[~holds_node]
        object.__setattr__(self, "owner", owner)
        object.__setattr__(self, "parent_slot", parent_slot)
        object.__setattr__(self, "label_slot", label_slot)
        above = np.zeros(self.n_nodes, dtype=np.int32)
        above[1:] = owner[parent_slot[1:]]
        object.__setattr__(self, "depths", steps_up(above))
        n_labels = np.bincount(owner[~holds_node], minlength=self.n_nodes)
        reach = np.zeros(int(self.depths.max()) + 1, dtype=np.int64)
        np.maximum.at(reach, self.depths, n_labels)
        object.__setattr__(self, "reach", reach)
        for name in self.__slots__:
            if name != "n_labels":
                getattr(self, name).setflags(write=False)

    def _check(self) -> None:
        """Raise ValueError unless the slots make a tree: searches and kernels trust them."""
        n_slots = self.slot_node.size
        widths, holds_node = np.diff(self.slot_indptr), self.slot_node >= 0
        is_cut = self.n_nodes > 0 and self.slot_indptr[0] == 0 and (widths >= 0).all()
        if not (is_cut and self.slot_indptr[-1] == n_slots == self.slot_label.size):
            raise ValueError(f"slot_indptr does not cut {n_slots} slots into nodes")
        if not (holds_node != (self.slot_label >= 0)).all():
            raise ValueError("a slot must hold either a node or a label")
        nodes, owner = self.slot_node[holds_node], np.repeat(np.arange(self.n_nodes), widths)
        is_below = (nodes > owner[holds_node]).all()
        if not (is_below and np.array_equal(np.sort(nodes), np.arange(1, self.n_nodes))):
            raise ValueError("every node but the root must be in one slot, of a lower node")
        labels = np.sort(self.slot_label[~holds_node])
        if labels.size and (labels[-1] >= self.n_labels or (np.diff(labels) == 0).any()):
            raise ValueError(f"labels must be in one slot each and below {self.n_labels}")

    @property
    def n_nodes(self) -> int:
        """Number of inner nodes, the root included."""
        return int(self.slot_indptr.size) - 1

    @property
    def widths(self) -> IntArray:
        """Number of slots of each node, shape (n_nodes,)."""
        return np.diff(self.slot_indptr)

    @classmethod
    def from_nodes(
        cls, node_parents: IntArray, label_nodes: IntArray, labels: IntArray, n_labels: int
    ) -> Self:
        """Build a tree from what each node and each label hangs below.

        Parameters
        ----------
        node_parents : int, shape (n_nodes,)
            The parent of each node, a lower number; -1 for the root, node 0.
        label_nodes : int, shape (labels.size,)
            The node that each of ``labels`` hangs below.
        labels : int32
            The labels in the tree. In a node's slots child nodes come first, then labels, each in
            their order.
        """
        n_nodes = node_parents.size
        owner = np.concatenate([node_parents[1:], label_nodes])
        slot_node = np.concatenate([np.arange(1, n_nodes), np.full(labels.size, -1)])
        slot_label = np.concatenate([np.full(n_nodes - 1, -1), labels])
        order = np.argsort(owner, kind="stable")
        slot_indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n_nodes))])
        return cls(
            slot_indptr.astype(np.int32),
            slot_node[order].astype(np.int32),
            slot_label[order].astype(np.int32),
            n_labels,
        )

    @classmethod
    def from_parents(cls, parents: IntArray, labels: IntArray, n_labels: int) -> Self:
        """Build the tree of a given hierarchy over the label columns, a taxonomy.

        Only ``labels`` and their ancestors are in it. A label with others of them below it also
        gets a slot in its own node, "stop here"; an ancestor with a single slot makes way for what
        is in it.

        Parameters
        ----------
        parents : int, shape (n_labels,)
            The column of each label's parent, -1 for a root. Several roots share a node above.
        labels : int
            The labels to put into the tree, sorted.

        Raises
        ------
        ValueError
            If ``parents`` has another size, a parent is no column, or a label is its own ancestor.
        """
        if parents.shape != (n_labels,):
            raise ValueError(f"parents has shape {parents.shape}, expected ({n_labels},)")
        return cls.from_nodes(*find_nodes(parents, labels), labels, n_labels)
