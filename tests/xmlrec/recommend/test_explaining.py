import pytest

from tests.xmlrec.recommend.world import COLD, SEVERAL, copy_of, fit_items

SESSIONS = [["i0", "i5"], ["i2", "bare", "i2"], [], [COLD]]


def test_terms_add_up_to_the_score_of_every_item(world):
    answers = world.recommend(SESSIONS, k=64, explain=True)

    for answer in answers:
        assert len(answer.items) == 64  # warm, cold, with several paths and without one
        for item in answer.items:
            assert sum(item.explanation.terms.values()) == pytest.approx(item.score, abs=1e-5)


def test_only_what_is_asked_for_is_explained(world):
    plain, explained = (world.recommend(SESSIONS, explain=explain) for explain in (False, True))

    for one, other in zip(plain, explained, strict=True):
        pairs = zip(one.items, other.items, strict=True)
        assert all(a.score == b.score and a.item_id == b.item_id for a, b in pairs)
        assert all(item.explanation is None for item in one.items)


def explained(world, session, item):
    (answer,) = world.recommend([session], k=64, explain=True)
    return next(one.explanation for one in answer.items if one.item_id == item)


def test_each_level_of_the_path_has_a_term_of_its_name(world):
    terms = explained(world, ["i0"], "i5").terms

    assert list(terms)[-3:] == ["level 1: department 0", "level 2: group 0", "level 3: shelf 1"]
    assert "no events" not in terms


def test_a_cold_item_has_no_term_of_events_but_what_brings_it_level(world):
    terms = explained(world, ["i0"], COLD).terms

    assert terms["no events"] == world.parts.weights.cold_offset
    assert terms["text"] > 0
    for name in ("neighbours", "rules", "popular", "popular in category", "seen", "last"):
        assert terms[name] == 0


def test_categories_of_one_name_have_a_term_each():
    items = [{"id": str(item), "paths": [f"A{item % 2} > A{item % 2}"]} for item in range(6)]
    recommender = fit_items(items, [[0, 1, 2], [1, 2, 0], [2, 0, 1]] * 10)

    (answer,) = recommender.recommend([["0"]], explain=True)

    for item in answer.items:
        assert sum(item.explanation.terms.values()) == pytest.approx(item.score, abs=1e-5)


def test_an_item_of_several_paths_is_explained_by_the_likeliest(world):
    terms = explained(world, ["i0"], SEVERAL).terms

    levels = [name for name in terms if name.startswith("level ") and name != "level end"]
    assert len(levels) == 3


def test_evidence_names_the_session_s_items_and_the_neighbours(world):
    found = explained(world, ["i0", "i5"], "i10")
    index = world.parts.neighbours
    (reason,) = index.explain(world.known_sessions([["i0", "i5"]])[0], [10], n_neighbours=5)

    assert {name for name, _ in found.because} == {"i0", "i5"}
    assert sum(share for _, share in found.because) == pytest.approx(reason.evidence)
    assert found.because[0][0] == "i5"
    assert found.neighbours == tuple([(one.session_id, one.share) for one in reason.neighbours])
    assert len(found.neighbours) == 5


def test_an_item_that_was_added_has_terms_but_no_neighbours(world):
    recommender = copy_of(world).add_items(
        [{"id": "new", "title": "thing of kind2", "paths": ["department 0"]}]
    )

    found = explained(recommender, ["i0"], "new")

    assert found.because == found.neighbours == ()
    assert "level 1: department 0" in found.terms
