from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.recommend import forecast_reference, tempered_reference
from tests.xmlrec.recommend.scoring_cases import random_case
from tests.xmlrec.recommend.world import N_ENDS, N_ON_SHELF, N_WARM, shelf_path, world_sessions
from xmlrec.recommend.categories import (
    COMPONENTS,
    CategoryForecast,
    as_kernel,
    largest_entries,
    mixture_shares,
    row_shares,
)
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.kernels.forecast import N_EVENTS
from xmlrec.recommend.level_tree import PLAIN
from xmlrec.recommend.request import find_category
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.splits import queries


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 100_000),
    n_nodes=st.sampled_from([0, 1, 7]),
)
def test_the_forecast_matches_the_reference(seed, n_nodes):
    case = random_case(seed, n_nodes=n_nodes)
    n_levels = case.forecast.levels.n_levels
    slopes = np.random.default_rng(seed).choice([0.5, 1.0, 2.0], size=n_levels)
    shapes = np.column_stack([slopes, np.zeros((n_levels, 2))])
    forecast = replace(case.forecast, shapes=shapes)

    found = forecast(case.sessions, *case.evidence[:2])

    mixed = forecast_reference(forecast, case.sessions, *case.evidence[:2])
    taxonomy = case.table.taxonomy
    expected = tempered_reference(mixed, forecast.ends, taxonomy.primary_parents, slopes)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_of_a_long_session_the_last_events_count():
    case = random_case(3, n_items=9, n_sessions=1)
    nothing = sp.csr_array((1, 9), dtype=np.float32)
    events = np.random.default_rng(3).integers(0, 9, size=3 * N_EVENTS)

    whole, end = (
        case.forecast(Sessions.of([row]), nothing, nothing) for row in (events, events[-N_EVENTS:])
    )

    np.testing.assert_array_equal(whole, end)
    assert whole.any()


def test_ends_add_up_to_one_and_no_category_exceeds_the_one_above(world):
    sessions, forecast = world_sessions(50, seed=5), world.parts.forecast
    evidence = world.parts.evidence(sessions)

    nodes = evidence.nodes

    np.testing.assert_allclose(evidence.forecast.sum(axis=1), 1, atol=1e-5)
    parents = world.items_.taxonomy.primary_parents
    children = np.flatnonzero(parents >= 0)
    assert (nodes[:, children] <= nodes[:, parents[children]] + 1e-6).all()
    assert (nodes[:, parents < 0].sum(axis=1) >= 1 - 1e-5).all()  # an item may be below two roots
    assert (nodes <= 1 + 1e-6).all()
    np.testing.assert_allclose(nodes, forecast.nodes(evidence.forecast))


def test_the_next_category_of_the_world_is_found(world):
    asked = queries(world_sessions(100, seed=6), "every-prefix")
    evidence = world.parts.evidence(asked.prefixes())
    shelves = [find_category(world.items_, shelf_path(shelf)) for shelf in range(N_ENDS)]

    likeliest = evidence.nodes[:, shelves].argmax(axis=1)

    is_on_shelf = asked.targets < N_WARM
    hits = (likeliest == asked.targets // N_ON_SHELF)[is_on_shelf].mean()
    assert hits > 0.7  # 0.8 of the steps go to the next shelf, and a 12th of the others
    assert COMPONENTS[int(world.parts.forecast.shares.argmax())] == "last step"


def test_fitting_makes_what_came_next_likelier(world):
    learned, fresh = (queries(world_sessions(80, seed=seed), "last") for seed in (7, 8))
    equal = np.append(np.full(len(COMPONENTS), 1 / len(COMPONENTS)), 0)
    start = replace(world.parts.forecast, shares=equal, shapes=np.tile(PLAIN, (3, 1)))

    fitted = start.fitted(learned.prefixes(), learned.targets, *evidence_of(world, learned))

    for asked in (learned, fresh):
        likelihoods = [
            log_likelihood(forecast, asked, *evidence_of(world, asked))
            for forecast in (fitted, start)
        ]
        assert likelihoods[0] > likelihoods[1] + 0.3
    assert fitted.shares.sum() == pytest.approx(1)


def evidence_of(world, asked):
    evidence = world.parts.evidence(asked.prefixes())
    return evidence.neighbours, evidence.rules


def log_likelihood(forecast, asked, neighbours, rules):
    """Return the mean log probability of where the targets end."""
    found = forecast(asked.prefixes(), neighbours, rules)
    right = (forecast.masses[asked.targets].toarray() * found).sum(axis=1)
    return np.log(right[right > 0]).mean()


def test_a_mixture_is_the_likeliest():
    rng = np.random.default_rng(0)
    likelihoods = rng.random((300, 4)) * [1.0, 0.7, 0.5, 0.9]

    shares = mixture_shares(likelihoods)

    others = np.concatenate([rng.dirichlet(np.ones(4), size=500), np.full((1, 4), 0.25)])
    reached = np.log(likelihoods @ shares).mean()
    assert reached >= np.log(likelihoods @ others.T).mean(axis=0).max() - 1e-4
    assert shares.sum() == pytest.approx(1)


def test_a_component_that_is_always_right_has_the_whole_share():
    likelihoods = np.tile([0.9, 0.1], (50, 1))

    np.testing.assert_allclose(mixture_shares(likelihoods), [1, 0], atol=1e-6)


def test_rows_that_no_component_foresees_say_nothing():
    np.testing.assert_array_equal(mixture_shares(np.zeros((3, 4))), np.full(4, 0.25))
    np.testing.assert_array_equal(mixture_shares(np.zeros((0, 2))), np.full(2, 0.5))


def test_a_new_category_counts_as_the_end_above():
    table = ItemTable.from_items(
        [{"id": "a", "paths": ["A"]}, {"id": "b", "paths": ["B > C"]}, {"id": "none"}]
    )
    forecast = CategoryForecast.of(table, sp.csr_array((3, 3)), np.ones(3))
    extended = forecast.extended(
        table.extended(
            [
                {"id": "below", "paths": ["A > new > newer"]},
                {"id": "both", "paths": ["A > other", "B > C"]},
                {"id": "beside", "paths": ["B > D"]},  # nothing ends in B
                {"id": "elsewhere", "paths": ["E"]},
            ]
        )
    )

    np.testing.assert_array_equal(
        extended.masses.toarray(),
        [[1, 0], [0, 1], [0, 0], [1, 0], [0.5, 0.5], [0, 0], [0, 0]],
    )
    assert extended.is_known.sum() == forecast.is_known.sum() == 3
    np.testing.assert_array_equal(extended.nodes(np.eye(2))[:, :3], forecast.nodes(np.eye(2)))


def test_a_model_s_forecast_is_put_in_the_place_of_its_ends():
    forecast = replace(random_case(0).forecast, ends=np.array([1, 4, 6]), popularity=np.zeros(3))

    found = forecast.of_model(np.array([[0.25, 0.75]]), np.array([6, 1]))

    np.testing.assert_array_equal(found, [[0.75, 0, 0.25]])


def test_the_share_of_a_model_is_fitted_beside_the_others(world):
    asked = queries(world_sessions(40, seed=9), "last")
    forecast, evidence = world.parts.forecast, evidence_of(world, asked)
    knows_all = forecast.masses[asked.targets].toarray()

    fitted = forecast.fitted(asked.prefixes(), asked.targets, *evidence, knows_all)

    assert fitted.shares[-1] > 0.95
    found = fitted(asked.prefixes(), *evidence, knows_all)
    has_category = knows_all.any(axis=1)
    assert (found[has_category] * knows_all[has_category]).sum(axis=1).min() > 0.95 / 3


def test_the_largest_entries_of_a_row_are_kept_of_equal_ones_the_first():
    matrix = sp.csr_array(np.array([[1, 3, 1, 2], [0, 0, 0, 0], [5, 5, 5, 0]]))

    kept = largest_entries(matrix, 2).toarray()

    np.testing.assert_array_equal(kept, [[0, 3, 0, 2], [0, 0, 0, 0], [5, 5, 0, 0]])


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(0, 5), st.integers(1, 30)),
    n=st.integers(1, 12),
)
def test_the_largest_entries_are_those_that_sorting_finds(seed, shape, n):
    rng = np.random.default_rng(seed)
    dense = rng.integers(0, 4, size=shape).astype(np.float32)  # ties and empty rows
    order = rng.permutation(shape[1])
    matrix = sp.csr_array(dense)[:, order]  # whose columns stand in no order

    kept = largest_entries(matrix, n).toarray()

    values = dense[:, order]
    place = np.argsort(np.argsort(-values, axis=1, kind="stable"), axis=1)
    np.testing.assert_array_equal(kept, np.where(place < n, values, 0))


def test_rows_become_shares_and_the_matrix_stays():
    matrix = sp.csr_array(np.array([[1.0, 3.0], [0.0, 0.0]]))

    shares = row_shares(matrix)

    np.testing.assert_array_equal(shares.toarray(), [[0.25, 0.75], [0, 0]])
    np.testing.assert_array_equal(matrix.toarray(), [[1, 3], [0, 0]])
    as_kernel(matrix).data[:] = 9
    assert matrix.max() == 3
    types = shares.indptr.dtype, shares.indices.dtype, shares.data.dtype
    assert types == (np.int64, np.int32, np.float32)


def test_a_category_counts_items_that_are_in_it_by_another_path():
    items = [{"id": "both", "paths": ["A > B", "C"]}, {"id": "one", "paths": ["A > B"]}]
    table = ItemTable.from_items(items)
    nothing = sp.csr_array((2, 2), dtype=np.float32)

    forecast = CategoryForecast.of(table, nothing, np.array([3.0, 1.0]))

    b, c = (find_category(table, path) for path in ("A > B", "C"))
    of_b = forecast.above[[int(np.flatnonzero(forecast.ends == b)[0])]].toarray()[0]
    in_b = 0.5 * 3 + 1  # an item of two paths divides among them
    assert of_b[b] == pytest.approx(1)
    assert of_b[c] == pytest.approx(0.5 * 3 / (in_b + 1))
