import pickle
import random

import numpy as np
import pytest

from xmlrec.errors import TaxonomyError, UnknownLabelError
from xmlrec.taxonomy import Node, Taxonomy

# toys > games > chess; chess is also a sport; boards come after their child in the list
GAMES = [
    Node("g", "games", ("t",)),
    Node("t", "toys"),
    Node("s", "sport"),
    Node("c", "chess", ("g", "s"), ("schach",), "a game of two"),
    Node("b", "ball", ("s",)),
]


@pytest.fixture
def games() -> Taxonomy:
    return Taxonomy.from_nodes(GAMES, source="games.csv")


def test_columns_are_in_the_order_given(games):
    assert len(games) == 5
    assert games.ids == ("g", "t", "s", "c", "b")
    assert games.names == ("games", "toys", "sport", "chess", "ball")
    assert [games.column(label_id) for label_id in games.ids] == [0, 1, 2, 3, 4]
    assert [games.node(column) for column in range(5)] == GAMES
    assert list(games) == GAMES


def test_structure_follows_the_parents_given(games):
    assert games.primary_parents.tolist() == [1, -1, -1, 0, 2]
    assert games.primary_parents.dtype == np.int32
    assert games.parents(3).tolist() == [0, 2]
    assert games.children(2).tolist() == [3, 4]
    assert games.children(4).tolist() == []
    assert games.roots.tolist() == [1, 2]
    assert games.depths.tolist() == [2, 1, 1, 3, 2]
    assert games.is_leaf.tolist() == [False, False, False, True, True]


def test_paths_go_along_primary_parents(games):
    assert games.path_columns(3) == (1, 0, 3)
    assert games.path(3) == ("toys", "games", "chess")
    assert games.path_text(3) == "toys > games > chess"
    assert games.path_text(2) == "sport"


def test_ancestor_matrix_counts_all_parents(games):
    expected = np.zeros((5, 5), dtype=np.float32)
    for row, columns in enumerate([(0, 1), (1,), (2,), (0, 1, 2, 3), (2, 4)]):
        expected[row, list(columns)] = 1

    matrix = games.ancestor_matrix()

    assert matrix.dtype == np.float32
    assert matrix.indices.dtype == np.int32
    np.testing.assert_array_equal(matrix.toarray(), expected)


def ancestors_reference(taxonomy: Taxonomy, column: int) -> set[int]:
    found = {column}
    for parent in taxonomy.parents(column).tolist():
        found |= ancestors_reference(taxonomy, parent)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_ancestor_matrix_of_random_dags_matches_the_definition(seed):
    rng = random.Random(seed)
    n_nodes = 25
    nodes = [
        Node(str(i), f"n{i}", tuple(map(str, rng.sample(range(i), rng.randint(0, min(i, 3))))))
        for i in range(n_nodes)
    ]
    rng.shuffle(nodes)
    taxonomy = Taxonomy.from_nodes(nodes, source="random")

    matrix = taxonomy.ancestor_matrix()

    assert set(matrix.data.tolist()) == {1.0}
    for row in range(n_nodes):
        columns = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
        assert columns == sorted(ancestors_reference(taxonomy, row))


def test_unknown_id_is_an_error_that_names_it(games):
    with pytest.raises(UnknownLabelError, match="label 'x' is not in taxonomy 'games.csv'"):
        games.column("x")
    assert "x" not in games
    assert "c" in games


def test_added_nodes_come_last_and_leave_the_rest(games):
    extended = games.with_nodes([Node("r", "rapid chess", ("c",)), Node("m", "music")])

    assert extended.ids == (*games.ids, "r", "m")
    assert list(extended)[:5] == GAMES
    assert extended.path_text(5) == "toys > games > chess > rapid chess"
    assert len(games) == 5
    assert games.is_leaf[3]
    assert not extended.is_leaf[3]


def test_an_id_cannot_be_given_again(games):
    with pytest.raises(TaxonomyError, match="the id is already that of 'chess'"):
        games.with_nodes([Node("c", "checkers")])


def test_all_errors_come_at_once():
    nodes = [Node("1", ""), Node("2", "a > b"), Node("3", "c", ("9",)), Node("3", "d")]

    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_nodes(nodes, source="bad.csv", lines=[2, 3, 4, 5])

    assert caught.value.source == "bad.csv"
    assert caught.value.problems == (
        "line 2: category '1': its name is empty",
        "line 3: category '2': its name 'a > b' contains the separator ' > '",
        "line 4: category '3': its parent '9' does not exist",
        "line 5: category '3': the id is already that of 'c'",
    )


def test_a_parent_named_twice_counts_once():
    taxonomy = Taxonomy.from_nodes([Node("1", "a"), Node("2", "b", ("1", "1"))], source="x")
    assert taxonomy.parents(1).tolist() == [0]
    assert taxonomy.children(0).tolist() == [1]


def test_arrays_cannot_be_written(games):
    arrays = (games.depths, games.is_leaf, games.primary_parents, games.roots)
    for array in (*arrays, games.parents(3), games.children(2)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_taxonomy_without_nodes_is_possible():
    empty = Taxonomy.from_nodes([], source="none")
    assert len(empty) == 0
    assert empty.ancestor_matrix().shape == (0, 0)
    assert empty.with_nodes([Node("1", "a")]).ids == ("1",)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_chain_of_5000_needs_no_recursion(is_reversed):
    n_nodes = 5_000
    nodes = [Node(str(i), f"n{i}", (str(i - 1),) if i else ()) for i in range(n_nodes)]
    taxonomy = Taxonomy.from_nodes(nodes[::-1] if is_reversed else nodes, source="chain")
    last = taxonomy.column(str(n_nodes - 1))

    assert taxonomy.depths[last] == n_nodes
    assert taxonomy.path_text(last).count(" > ") == n_nodes - 1
    assert taxonomy.ancestor_matrix().nnz == n_nodes * (n_nodes + 1) // 2
    assert taxonomy.lint() == []
    closed = [Node("0", "n0", (str(n_nodes - 1),)), *nodes[1:]]
    with pytest.raises(TaxonomyError, match="on a cycle through '0', '1'.* and 4995 more"):
        Taxonomy.from_nodes(closed, source="ring")


def test_digest_tells_every_part_of_a_node(games):
    again = Taxonomy.from_nodes(GAMES, source="another name")
    assert again == games
    assert hash(again) == hash(games)
    for other in (
        Node("C", "chess", ("g", "s"), ("schach",), "a game of two"),
        Node("c", "Chess", ("g", "s"), ("schach",), "a game of two"),
        Node("c", "chess", ("s", "g"), ("schach",), "a game of two"),
        Node("c", "chess", ("g", "s"), (), "a game of two"),
        Node("c", "chess", ("g", "s"), ("schach",)),
    ):
        changed = Taxonomy.from_nodes([*GAMES[:3], other, GAMES[4]], source="games.csv")
        assert changed != games


def test_a_taxonomy_survives_pickling(games):
    assert pickle.loads(pickle.dumps(games)) == games
