"""From a hierarchy over the label columns, a taxonomy, to the nodes of a label tree."""

from typing import Any

import numpy as np

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


def find_nodes(parents: IntArray, labels: IntArray) -> tuple[IntArray, IntArray]:
    """Return the ``node_parents`` and ``label_nodes`` that `LabelTree.from_parents` hangs up.

    Parameters and errors are those of that method; nodes are numbered breadth first.
    """
    above, top = stand_on_top(parents), parents.size
    kept = keep_ancestors(above, labels)
    n_slots = np.bincount(above[:-1][kept[:-1]], minlength=top + 1)
    n_slots[labels] += 1
    is_node = n_slots > 1
    up = skip_single(np.where(kept, above, top), is_node)
    nodes = order_breadth_first(up, is_node)
    number = np.zeros(top + 1, dtype=np.int32)
    number[nodes] = np.arange(nodes.size)
    label_nodes = number[np.where(is_node[labels], labels, up[labels])]
    return np.append(-1, number[up[nodes[1:]]]), label_nodes


def stand_on_top(parents: IntArray) -> IntArray:
    """Return ``parents`` with one more column, the last, above all roots and itself."""
    top = parents.size
    is_wrong = (parents < -1) | (parents >= top)
    if is_wrong.any():
        label = int(np.argmax(is_wrong))
        raise ValueError(
            f"label {label} has the parent {parents[label]}, expected -1 or a label below {top}"
        )
    is_own = parents == np.arange(top)
    if is_own.any():
        raise ValueError(f"label {np.argmax(is_own)} is its own ancestor")
    above = np.append(np.where(parents < 0, top, parents), top)
    steps_up(above)
    return above


def keep_ancestors(above: IntArray, labels: IntArray) -> BoolArray:
    """Return which columns are ``labels`` or above one."""
    kept = np.zeros(above.size, dtype=np.bool_)
    reached = labels
    while reached.size:
        kept[reached] = True
        reached = np.unique(above[reached])
        reached = reached[~kept[reached]]
    return kept


def skip_single(above: IntArray, is_node: BoolArray) -> IntArray:
    """Return the nearest node above each column, the last column where there is none."""
    up, top = above.copy(), above.size - 1
    while True:
        passed = ~is_node[up] & (up != top)
        if not passed.any():
            return up
        up[passed] = up[up[passed]]


def order_breadth_first(up: IntArray, is_node: BoolArray) -> IntArray:
    """Return the columns of the nodes, level by level, children of a node side by side."""
    columns = np.arange(up.size)
    depths = steps_up(np.where(is_node & is_node[up], up, columns))
    nodes = np.flatnonzero(is_node)
    nodes = nodes[np.argsort(depths[nodes], kind="stable")]
    levels = np.split(nodes, np.flatnonzero(np.diff(depths[nodes])) + 1)
    place = np.zeros(up.size, dtype=np.int64)
    n_placed = 0
    for i, level in enumerate(levels):
        levels[i] = level[np.argsort(place[up[level]], kind="stable")]
        place[levels[i]] = n_placed + np.arange(level.size)
        n_placed += level.size
    return np.concatenate(levels)


def steps_up(above: IntArray) -> IntArray:
    """Return how many steps each node is below its root, doubling the steps in each round.

    Parameters
    ----------
    above : int, shape (n_nodes,)
        The node above each node; a root's is itself.

    Raises
    ------
    ValueError
        If a node is above itself and no root.
    """
    is_root = above == np.arange(above.size)
    steps: IntArray = (~is_root).astype(np.int32)
    for _ in range(above.size.bit_length() + 1):
        if is_root[above].all():
            return steps
        steps += steps[above]
        above = above[above]
    raise ValueError(f"label {above[np.argmin(is_root[above])]} is its own ancestor")
