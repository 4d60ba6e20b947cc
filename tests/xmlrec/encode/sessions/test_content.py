import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.encode.sessions.content import ItemContent, depths, paths

PARENTS = np.array([-1, 0, 1, 0, -1])
"""0 > 1 > 2, 0 > 3, and 4."""


def content(P, **others):
    return ItemContent(P=sp.csr_array(np.array(P, np.float32)), **{"parents": PARENTS} | others)


def test_a_path_is_a_node_and_those_above_it():
    expected = [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ]

    np.testing.assert_array_equal(paths(PARENTS).toarray(), expected)
    np.testing.assert_array_equal(depths(PARENTS), [0, 1, 2, 1, 0])


def test_several_paths_share_an_item_and_an_unsure_one_counts_less():
    items = content([[0, 0, 1, 1, 0], [0, 0, 0, 0, 0.5], [0, 0, 0, 0, 0], [0, 0.5, 0.25, 0, 0]])

    np.testing.assert_allclose(
        items.node_shares().toarray(),
        [
            [1, 0.5, 0.5, 0.5, 0],
            [0, 0, 0, 0, 0.5],
            [0, 0, 0, 0, 0],
            [0.75, 0.75, 0.25, 0, 0],
        ],
    )


def test_items_are_taken_with_their_paths_and_texts():
    taken = content(np.eye(5), text=np.eye(5, 3, dtype=np.float32)).take(np.array([4, 1]))

    assert len(taken) == 2
    np.testing.assert_array_equal(taken.P.indices, [4, 1])
    np.testing.assert_array_equal(taken.text, [[0, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parents": PARENTS[:-1]}, "P has 5 nodes, but parents has shape"),
        ({"parents": PARENTS + 4}, "parents must be between -1 and 4"),
        ({"P": sp.csr_array(np.full((2, 5), 1.5))}, "above 0 and at most 1"),
        ({"P": sp.csr_array(np.full((2, 5), -0.5))}, "above 0 and at most 1"),
        ({"text": np.zeros((3, 4), np.float32)}, "expected 2 rows"),
    ],
)
def test_content_that_does_not_fit_is_refused(change, message):
    whole = {"P": sp.csr_array(np.eye(2, 5)), "parents": PARENTS, "text": None}

    with pytest.raises(ValueError, match=message):
        ItemContent(**whole | change)
