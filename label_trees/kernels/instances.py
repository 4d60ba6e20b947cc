"""Which instances train which node, and which of its slots they are positive for."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def mark_slots(labels, values, label_slot, owner, parent_slot, row, marked_by, value, marked):
    """Collect the slots on the paths of one row's labels, rising, and their largest value.

    ``marked_by`` and ``value`` (n_slots) are work space: which row met a slot last, and its value.
    Returns how many slots are in ``marked``.
    """
    n_marked = 0
    for p in range(labels.shape[0]):
        slot = label_slot[labels[p]]
        while slot >= 0:
            if marked_by[slot] != row:
                marked_by[slot] = row
                value[slot] = values[p]
                marked[n_marked] = slot
                n_marked += 1
            elif value[slot] < values[p]:
                value[slot] = values[p]
            else:
                break  # so has everything above
            slot = parent_slot[owner[slot]]
    marked[:n_marked].sort()
    return n_marked


@njit(cache=True, nogil=True)
def count_instances(Y_indptr, Y_indices, Y_data, label_slot, owner, parent_slot):
    """Return how many rows each node has, and how many (row, slot) pairs."""
    n_rows = np.zeros(parent_slot.shape[0], dtype=np.int64)
    n_pairs = np.zeros(parent_slot.shape[0], dtype=np.int64)
    marked_by = np.full(owner.shape[0], -1, dtype=np.int64)
    value = np.empty(owner.shape[0], dtype=np.float32)
    marked = np.empty(owner.shape[0], dtype=np.int32)
    for row in range(Y_indptr.shape[0] - 1):
        lo, hi = Y_indptr[row], Y_indptr[row + 1]
        n_marked = mark_slots(
            Y_indices[lo:hi], Y_data[lo:hi], label_slot, owner, parent_slot, row, marked_by, value,
            marked,
        )  # fmt: skip
        node = -1
        for m in range(n_marked):
            n_rows[owner[marked[m]]] += owner[marked[m]] != node
            node = owner[marked[m]]
            n_pairs[node] += 1
    return n_rows, n_pairs


@njit(cache=True, nogil=True)
def fill_instances(
    Y_indptr, Y_indices, Y_data, label_slot, owner, parent_slot, slot_indptr, indptr, pair_indptr,
    rows, positive_indptr, positive_output, positive_value,
):  # fmt: skip
    """Write what `count_instances` counted: node by node, rows rising, their positive outputs.

    ``indptr`` and ``pair_indptr`` (n_nodes + 1) say where a node's rows and pairs begin; both are
    used up.
    """
    marked_by = np.full(owner.shape[0], -1, dtype=np.int64)
    value = np.empty(owner.shape[0], dtype=np.float32)
    marked = np.empty(owner.shape[0], dtype=np.int32)
    for row in range(Y_indptr.shape[0] - 1):
        lo, hi = Y_indptr[row], Y_indptr[row + 1]
        n_marked = mark_slots(
            Y_indices[lo:hi], Y_data[lo:hi], label_slot, owner, parent_slot, row, marked_by, value,
            marked,
        )  # fmt: skip
        node = -1
        for m in range(n_marked):
            slot = marked[m]
            if owner[slot] != node:
                node = owner[slot]
                rows[indptr[node]] = row
                positive_indptr[indptr[node]] = pair_indptr[node]
                indptr[node] += 1
            positive_output[pair_indptr[node]] = slot - slot_indptr[node]
            positive_value[pair_indptr[node]] = value[slot]
            pair_indptr[node] += 1
