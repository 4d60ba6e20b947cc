import numpy as np
import pytest

from tests.xmlrec.recommend.world import N_WARM, fit_items, shelf_path, world_sessions
from xmlrec.recommend.ranking import rank_sessions
from xmlrec.recommend.scoring import Limits

NEW = [
    {"id": "new", "title": "new kind3", "paths": [shelf_path(3)]},
    {"id": "deep", "paths": [shelf_path(3) + " > below > further"]},
]


def test_new_items_leave_what_is_known_of_others_as_it_is(world):
    sessions, parts = world_sessions(20, seed=3), world.parts
    more = parts.with_items(parts.items.extended(NEW))

    before, after = parts.evidence(sessions), more.evidence(sessions)

    n = len(parts.items)
    for old, new in zip(before[:3], after[:3], strict=True):
        assert new.shape == (20, n + 2)
        old_columns = new[:, :n]
        old_columns.eliminate_zeros()
        np.testing.assert_allclose(old_columns.toarray(), old.toarray(), rtol=1e-6)
    np.testing.assert_array_equal(after.forecast, before.forecast)
    assert after.text[:, n].max() > 0
    assert more.facts.counts[n:].tolist() == [0, 0]
    wide = Limits(budget=n + 2, mass=1.0, leaves_seen_out=False)
    lists = [
        rank_sessions(of, sessions, evidence, k=n + 2, limits=wide)[0]
        for of, evidence in ((parts, before), (more, after))
    ]
    for old, new in zip(*lists, strict=True):
        np.testing.assert_array_equal(new[new < n], old[old >= 0])


def test_a_category_of_a_new_depth_does_not_change_the_features(world):
    more = world.parts.with_items(world.parts.items.extended(NEW))

    assert more.items.taxonomy.depths.max() == 5
    assert more.facts.feature_names == world.parts.facts.feature_names


@pytest.mark.parametrize("paths", [["A"], []])
def test_parts_are_made_of_items_without_text_or_path(paths):
    items = [{"id": str(item), "paths": paths} for item in range(5)]
    parts = fit_items(items, [[0, 1, 2], [1, 2, 0]] * 10).parts

    evidence = parts.evidence(world_sessions(3, seed=0, order=np.arange(N_WARM + 1) % 5))

    assert parts.content is None
    assert evidence.text.nnz == 0
    assert evidence.forecast.shape == (3, len(paths))
    assert parts.with_items(parts.items.extended(NEW)).facts.n_levels == len(paths)
