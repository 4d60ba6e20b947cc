import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.item_lists import diversity_reference, profile_reference
from tests.xmlrec.recommend.cases import item_case, random_items, random_lists
from xmlrec.errors import OptionError
from xmlrec.recommend.item_paths import ItemPaths, list_diversity
from xmlrec.recommend.sessions import Sessions

# 0 > 1 > 2, 0 > 3, 4
PARENTS = [-1, 0, 1, 0, -1]


def ends(*nodes):
    return [float(node in nodes) for node in range(len(PARENTS))]


CASE = item_case([ends(2), ends(3), ends(4), ends(), ends(2, 4), ends(0)], PARENTS)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        (0, 1, 1 - 2 * 1 / (3 + 2)),  # they part below node 0
        (0, 5, 1 - 2 * 1 / (3 + 1)),  # one is an ancestor of the other
        (0, 2, 1),  # under different roots
        (0, 4, 0),  # one of two paths is the same
        (1, 4, 1 - 2 * 1 / (2 + 3)),  # the nearer of two paths
        (0, 3, 1),  # without a path
    ],
)
def test_distance_is_that_of_the_nearest_paths(first, second, distance):
    pairs = np.array([[first, second], [second, first]], dtype=np.int32)

    assert list_diversity(pairs, CASE.paths) == pytest.approx([distance, distance])


def test_items_of_one_category_are_at_no_distance_and_those_without_one_at_all_of_it():
    case = item_case([ends(2), ends(2), ends(), ends()], PARENTS)
    lists = np.array([[0, 1], [2, 3]], dtype=np.int32)

    assert list_diversity(lists, case.paths).tolist() == [0, 1]


def test_a_list_is_as_diverse_as_its_pairs_are_on_average():
    lists = np.array([[0, 1, -1, 2], [0, -1, -1, -1], [-1, -1, -1, -1]], dtype=np.int32)

    diversity = list_diversity(lists, CASE.paths)

    assert diversity[0] == pytest.approx((3 / 5 + 1 + 1) / 3)
    assert np.isnan(diversity[1:]).all()


@given(seed=st.integers(0, 10_000), k=st.integers(1, 12))
@settings(deadline=None)  # the first example pays for compilation
def test_diversity_matches_reference(seed, k):
    rng = np.random.default_rng(seed)
    case = random_items(rng)
    lists = random_lists(rng, 4, k, len(case.items))

    expected = [diversity_reference(row, case.items, case.parents) for row in lists.tolist()]

    np.testing.assert_allclose(list_diversity(lists, case.paths), expected, atol=1e-12)


def test_many_lists_are_the_same_on_any_number_of_threads():
    rng = np.random.default_rng(0)
    case = random_items(rng)
    lists = np.repeat(random_lists(rng, 50, 6, len(case.items)), 50, axis=0)

    one, two = (list_diversity(lists, case.paths, n_threads=n) for n in (1, 2))

    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[::50], list_diversity(lists[::50], case.paths))


def test_unlikely_paths_of_an_item_are_left_out():
    case = item_case([[0.1, 0, 0.4, 0.2, 0.19]], PARENTS)

    assert case.paths.ends.tolist() == [2, 3]
    assert case.paths.shares == pytest.approx([0.4 / 0.6, 0.2 / 0.6])


def test_callers_probabilities_are_left_as_they_are():
    P = sp.csr_array(np.array([[0.1, 0.9], [0.0, 1.0]], dtype=np.float32))
    before = P.toarray()

    ItemPaths.of(P, primary_parents=np.array([-1, -1]), depths=np.array([1, 1]))

    np.testing.assert_array_equal(P.toarray(), before)


def test_no_items_have_no_paths():
    paths = ItemPaths.of(
        sp.csr_array((0, 2)), primary_parents=np.array([-1, -1]), depths=np.array([1, 1])
    )

    assert paths.n_items == 0
    assert paths.n_paths().tolist() == []


def test_nodes_count_for_their_ancestor_at_a_level():
    assert CASE.paths.at_level(1).tolist() == [0, 0, 0, 0, 4]
    assert CASE.paths.at_level(2).tolist() == [-1, 1, 1, 3, -1]
    assert CASE.paths.at_level(None).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("level", [0, 4, -1])
def test_a_level_that_the_taxonomy_lacks_is_refused(level):
    with pytest.raises(OptionError, match=f"no level {level}; name one of 1 to 3"):
        CASE.paths.at_level(level)


def test_a_session_divides_among_the_categories_of_its_items():
    # item 0 is in node 1 of level 2, item 1 in node 3; half of item 4 is in none, as is item 5
    sessions = Sessions.of([[0, 0, 1, 4, 5], [5, 3], []])

    profiles = CASE.paths.profiles(sessions, level=2).toarray()

    assert profiles[0] == pytest.approx(np.array([0, 2.5, 0, 1, 0]) / 3.5)
    assert not profiles[1:].any()


@given(seed=st.integers(0, 10_000), level=st.sampled_from([None, 1]))
@settings(deadline=None)
def test_profiles_match_reference(seed, level):
    rng = np.random.default_rng(seed)
    case = random_items(rng)
    rows = [rng.integers(0, len(case.items), size=n) for n in rng.integers(0, 5, size=4)]
    sessions = Sessions.of(rows)
    sessions.weights[:] = rng.integers(1, 4, size=len(sessions.items))

    profiles = case.paths.profiles(sessions, level).toarray()

    for s, profile in enumerate(profiles):
        weights = sessions.weights[sessions.indptr[s] : sessions.indptr[s + 1]].tolist()
        expected = np.zeros(len(case.parents))
        wanted = profile_reference(rows[s], weights, case.items, case.parents, level)
        expected[list(wanted)] = list(wanted.values())
        np.testing.assert_allclose(profile, expected, atol=1e-12)


def test_items_of_a_taxonomy_without_nodes_have_no_path():
    nothing = np.zeros(0, dtype=np.int32)
    paths = ItemPaths.of(sp.csr_array((3, 0)), primary_parents=nothing, depths=nothing)

    assert paths.n_paths().tolist() == [0, 0, 0]
