"""Explanations: their terms add up to what the ranker says, at every level."""

import json
from copy import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.models.shop import COLUMN, fit_shop, queries
from tests.xmlrec.models.toy import (
    ALL_RANKERS,
    N_LABELS,
    NEW,
    NEW_ITEMS,
    TOPICS,
    known_labels,
    toy_items,
    toy_ranker,
    with_new,
)
from xmlrec.errors import UnknownLabelError
from xmlrec.fuse.scores import NAMES
from xmlrec.models.calibrating import Calibration
from xmlrec.models.confidence import Confidence
from xmlrec.models.explaining import explain, parting
from xmlrec.models.explanation import HELD_BACK
from xmlrec.models.view import View
from xmlrec.probabilities import Calibrator, HeldOut
from xmlrec.taxonomy import Node, Taxonomy
from xmlrec.taxonomy.state import TaxonomyState

REL = 1e-5
SOME_WORDS = [word for topic in TOPICS[::5] for word in topic]


UNCALIBRATED = Calibration(Calibrator.untrained(is_single=True, max_depth=2), HeldOut.empty(2))


def view_of(ranker):
    """Return a version whose categories are the labels of a toy ranker."""
    topics = [*range(N_LABELS - 20), *NEW][: ranker.labels.counts.size - 20]
    known = known_labels(topics)
    parents = [(str(parent),) if parent >= 0 else () for parent in known.parents.tolist()]
    nodes = [
        Node(str(column), name, above)
        for column, (name, above) in enumerate(zip(known.names, parents, strict=True))
    ]
    taxonomy = Taxonomy.from_nodes(nodes, source="toy")
    return View(
        state=TaxonomyState(taxonomy),
        ranker=ranker,
        confidence=Confidence(ranker, UNCALIBRATED, taxonomy, None),
        known=known,
        counts=ranker.labels.counts,
        answers=None,
        facts={},
        taxonomy_name="toy",
        model_name="toy",
    )


def assert_adds_up(explanation):
    """Assert that all sums of an explanation come out."""
    terms = explanation.terms
    assert [term.name for term in terms] == list(NAMES)
    size = sum(abs(term.value) for term in terms)
    assert abs(sum(term.value for term in terms) - explanation.fused) <= REL * size
    assert explanation.score == pytest.approx(explanation.fused + explanation.held_back)
    for term in terms:
        assert term.value == pytest.approx(term.score * term.weight)
        if term.words is not None:
            assert_words(term.words)
            assert term.words.total == pytest.approx(term.score, rel=REL, abs=1e-6)
    for path in explanation.tree.trees:
        for level in path.levels:
            assert_words(level.words)
            assert level.words.total + level.bias == pytest.approx(level.margin, rel=REL, abs=1e-6)
        log = sum(level.log_score for level in path.levels)
        assert path.score == pytest.approx(max(np.exp(log), np.exp(-87)), rel=REL)
    assert_tree(explanation)
    assert_rival(explanation, size)
    for level in explanation.levels:
        assert_words(level.words)
    json.dumps(explanation.to_json(), allow_nan=False)


def assert_words(words):
    listed = [*words.speaking_for, *words.against]
    values = sum(word.value for word in listed) + words.rest
    assert words.total == pytest.approx(values, rel=REL, abs=1e-9)
    assert all(word.value > 0 for word in words.speaking_for)
    assert all(word.value < 0 for word in words.against)


def assert_tree(explanation):
    """Assert that the score of the trees is the mean of those that reached the label."""
    tree, log = explanation.tree, explanation.terms[0].score
    assert log == pytest.approx(np.log(tree.score), rel=REL, abs=1e-6)
    if tree.source == "search":
        mean = sum(path.score for path in tree.trees if path.is_reached) / len(tree.trees)
        assert tree.score == pytest.approx(max(mean, 1e-6), rel=2e-5)
    elif tree.source == "pair":
        mean = sum(path.score for path in tree.trees) / len(tree.trees)
        assert tree.score == pytest.approx(max(mean, 1e-6), rel=2e-5)
    elif tree.source == "below the parent":
        assert explanation.is_new
        assert tree.trees == ()


def assert_rival(explanation, size):
    rival = explanation.rival
    if rival is not None:
        assert rival.category_id != explanation.category_id
        assert rival.margin == pytest.approx(explanation.score - rival.score)
        assert list(rival.terms) == [*NAMES, HELD_BACK]
        bound = 3 * REL * (size + sum(map(abs, rival.terms.values())))
        assert abs(sum(rival.terms.values()) - rival.margin) <= bound


class TestToyRankers:
    @ALL_RANKERS
    @pytest.mark.parametrize("made", [toy_ranker, with_new])
    def test_terms_add_up_to_the_scores_of_the_ranking(self, name, made):
        ranker = made(name)
        view = view_of(ranker)
        items = [*toy_items()[0][::90], *NEW_ITEMS[::7]]
        labels, scores = ranker.rank(items, 4)
        kinds = set()
        for item, columns, values in zip(items, labels.tolist(), scores.tolist(), strict=True):
            explained = explain(view, item, 4)

            n_found = sum(column >= 0 for column in columns)
            ids = [view.taxonomy.ids[column] for column in columns[:n_found]]
            assert [each.category_id for each in explained] == ids
            assert [each.score for each in explained] == values[:n_found]
            for each in explained:
                assert_adds_up(each)
                kinds.add(each.tree.source)
            assert explained[0].rival.category_id == ids[1]
            assert explained[1].rival.category_id == ids[0]
        assert "search" in kinds
        assert ("below the parent" in kinds) == (made is with_new)

    @settings(deadline=None, max_examples=30)
    @given(
        name=st.sampled_from(["fast1", "fast3", "balanced"]),
        words=st.lists(
            st.sampled_from([word for topic in TOPICS[::5] for word in topic]), max_size=6
        ),
        label=st.integers(0, N_LABELS + len(NEW) - 1),
    )
    def test_any_label_that_is_asked_for_has_terms_that_add_up(self, name, words, label):
        ranker = with_new(name)
        item = {"title": " ".join(words)}

        explained = explain(view_of(ranker), item, category=label)

        assert len(explained) == (1 if words else 0)
        for each in explained:
            assert each.category_id == str(label)
            assert_adds_up(each)

    @ALL_RANKERS
    def test_a_new_label_that_is_held_back_says_so_and_what_it_had(self, name):
        ranker = copy(with_new(name))
        weights = ranker.weights
        ranker.weights = weights._replace(of_new=weights.of_new + 2.0, lead=1000.0)
        view, held = view_of(ranker), []
        for item in [*toy_items()[0][:30], *NEW_ITEMS[: len(NEW)]]:
            held += [each for each in explain(view, item, 5) if each.held_back]

        assert len(held) > 3
        for each in held:
            assert each.is_new
            assert each.score < each.fused
            assert_adds_up(each)
        assert any(each.rival.terms[HELD_BACK] == each.held_back for each in held)

    def test_nearest_items_of_a_label_are_shown_with_their_titles(self):
        item = toy_items()[0][30]
        (explained,) = explain(view_of(toy_ranker("balanced")), item)

        assert explained.neighbours[0].text == item["title"]
        assert explained.neighbours[0].cosine == pytest.approx(1, abs=1e-5)
        cosines = [each.cosine for each in explained.neighbours]
        assert cosines == sorted(cosines, reverse=True)
        assert len(cosines) == 3
        name, path = TOPICS[10][0], explained.path_text.replace(" > ", " ")
        assert explained.label_texts == (f"{name}. {path}",)

    def test_a_preset_without_vectors_has_no_neighbours(self):
        (explained,) = explain(view_of(toy_ranker("fast1")), toy_items()[0][30])

        assert (explained.neighbours, explained.label_texts) == ((), ())
        assert explained.terms[NAMES.index("vector")].value == 0

    def test_words_of_the_item_speak_for_its_label_in_every_tree(self):
        item = toy_items()[0][33]
        (explained,) = explain(view_of(toy_ranker("fast3")), item)

        assert len(explained.tree.trees) == 3
        texts = set(item["title"].split())
        for path in explained.tree.trees:
            assert path.is_reached
            assert path.levels[-1].n_labels == 1
            assert path.levels[-1].within == explained.path_text
            for level in path.levels:
                assert {word.text for word in level.words.speaking_for} & texts
                assert {w.text for w in level.words.speaking_for if w.unit != "words"} <= texts

    def test_an_item_without_known_words_has_no_explanation(self):
        view = view_of(toy_ranker("fast1"))

        assert explain(view, {"title": ""}) == explain(view, {"title": "\u4e00"}, category=30) == []


@pytest.fixture(scope="module")
def changed():
    """A classifier of the shop after a category was added, merged, renamed and removed."""
    shop = fit_shop()
    shop.add_category("Garden > Gnomes", id="13", examples=["a red gnome", "kettle gnome"])
    shop.merge("7", "6")  # pans are kettles now
    shop.rename("10", "Tubes")
    shop.remove("3")
    return shop


class TestClassifier:
    @pytest.mark.parametrize("preset", ["fast", "balanced"])
    def test_every_answer_of_the_shop_is_explained_with_its_score(self, preset, classifier):
        shop = classifier if preset == "balanced" else fit_shop(preset="fast")
        for item, row in zip(queries()[::3], shop.classify(queries()[::3], 3), strict=True):
            explained = shop.explain(item, 3)

            found = [*row["paths"], *row["alternatives"]]
            assert [each.category_id for each in explained] == [p["category_id"] for p in found]
            assert [each.score for each in explained] == [path["score"] for path in found]
            for each in explained:
                assert_adds_up(each)

    def test_explanations_after_loading_are_the_same(self, classifier, saved):
        loaded = type(classifier).load(saved)

        for item in ("leather boot", "steel hose for a kettle"):
            assert loaded.explain(item, 2) == classifier.explain(item, 2)

    def test_words_that_a_teacher_taught_are_a_term(self, saved):
        shop = fit_shop(preset="fast", teacher=saved)

        (explained,) = shop.explain("cordless kettle boil water")

        assert_adds_up(explained)
        taught = explained.terms[NAMES.index("taught words")]
        assert taught.score > 0
        assert taught.words.speaking_for

    @pytest.mark.parametrize("tree", ["taxonomy", "flat"])
    def test_levels_of_the_taxonomy_as_the_tree_are_named_by_their_categories(self, tree):
        (explained,) = fit_shop(tree=tree, preset="fast").explain("cordless kettle", category="6")

        (path,) = explained.tree.trees
        within = [level.within for level in path.levels]
        assert within == (["Kitchen"] if tree == "taxonomy" else []) + ["Kitchen > Kettles"]
        assert path.levels[-1].n_labels == 1
        assert_adds_up(explained)

    def test_words_that_match_each_level_of_the_path_are_named(self, classifier):
        (explained,) = classifier.explain("hiking boots and kitchen shoes", category="2")

        assert [(level.depth, level.name) for level in explained.levels] == [
            (1, "Shoes"),
            (2, "Boots"),
        ]
        assert [level.shared for level in explained.levels] == [("shoes",), ("boots",)]
        assert all(0 < level.words.total <= 1 for level in explained.levels)

    def test_answers_after_changes_are_explained_as_they_are_given(self, changed):
        items = [
            "nonstick pan",
            "a gnome for the garden",
            "beach sandal",
            "flexible hose",
            "kettle",
        ]
        for item, row in zip(items, changed.classify(items, 4), strict=True):
            explained = changed.explain(item, 4)

            found = [*row["paths"], *row["alternatives"]]
            assert [each.category_id for each in explained] == [p["category_id"] for p in found]
            assert [each.path_text for each in explained] == [p["path_text"] for p in found]
            assert [each.score for each in explained] == [path["score"] for path in found]
            for each in explained:
                assert_adds_up(each)

    def test_a_merged_category_says_what_it_was_found_as(self, changed):
        (explained,) = changed.explain("nonstick pan skillet")

        assert explained.category_id == "6"
        assert explained.found_as == "Kitchen > Pans"
        assert explained.label_texts == ("Pans. Kitchen Pans",)
        assert "pan" in explained.neighbours[0].text
        (own,) = changed.explain("cordless kettle boil water")
        assert (own.category_id, own.found_as) == ("6", None)

    def test_a_new_category_is_explained_by_its_texts_and_examples(self, changed):
        (explained,) = changed.explain("a red gnome", category="13")

        assert explained.is_new
        assert explained.neighbours[0].text == "a red gnome"
        assert explained.neighbours[0].cosine == pytest.approx(1, abs=1e-5)
        assert explained.label_texts == ("Gnomes. Garden Gnomes",)
        assert explained.tree.trees == ()

    def test_removed_merged_and_unknown_categories_that_are_asked_for(self, changed):
        assert changed.explain("beach sandal", category="3") == []
        assert changed.explain("beach sandal", category="7") == []
        assert changed.explain("beach sandal", category="12") == []
        with pytest.raises(UnknownLabelError):
            changed.explain("beach sandal", category="99")

    def test_no_text_and_unknown_words_have_no_explanation(self, classifier):
        assert classifier.explain("") == classifier.explain("\u4e00") == []


def test_paths_part_at_the_first_level_that_differs(classifier):
    taxonomy = classifier.taxonomy_

    def part(one, other):
        return parting(taxonomy, COLUMN[one], COLUMN[other])

    assert part("2", "3") == (2, ("Boots", "Sandals"))
    assert part("2", "10") == (1, ("Shoes", "Garden"))
    assert part("5", "6") == (2, (None, "Kettles"))
    assert part("8", "7") == (3, ("Woks", None))
