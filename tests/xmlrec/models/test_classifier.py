import json
import math
import shutil
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.shop import NODES, PATHS, fit_shop, shop_items, shop_taxonomy
from xmlrec.demo import make_catalog
from xmlrec.errors import ModelError, TrainingError
from xmlrec.models import TaxonomyClassifier, verify_model
from xmlrec.taxonomy import Taxonomy

COLUMN = {node.id: column for column, node in enumerate(NODES)}
QUERIES = [
    *(item["title"] for item in shop_items()),
    "",
    "\u4e00\u4e8c",
    "boot",
    "steel hose for a kettle",
    {"description": "leather boot"},
]


def found_ids(classifier, *items, k=1):
    rows = classifier.classify(list(items), k)
    return [[path["category_id"] for path in row["paths"]] for row in rows]


def same_bytes(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestFit:
    """Learning from items that name their paths."""

    def test_every_item_is_found_again(self, classifier):
        items = shop_items()
        labels, _ = classifier.rank(items, 1)

        assert labels[:, 0].tolist() == [COLUMN[item["id"][:3].lstrip("0")] for item in items]

    def test_items_may_be_strings_or_mappings(self, classifier):
        title = "ankle boot"

        assert same_bytes(classifier.rank([title], 5), classifier.rank([{"title": title}], 5))

    def test_other_fields_and_blank_ones_change_nothing(self, classifier):
        item = {"title": "ankle boot", "description": " ", "price": "9", "brand": None}

        assert same_bytes(classifier.rank([item], 5), classifier.rank(["ankle boot"], 5))

    def test_labels_can_be_leaves_and_inner_nodes(self, classifier):
        assert found_ids(classifier, "cookware starter set", "nonstick skillet") == [["5"], ["7"]]

    def test_the_training_items_of_each_category_are_counted(self, classifier):
        with_items = {column for column in range(len(NODES)) if classifier.label_counts_[column]}

        assert with_items == {COLUMN[label_id] for label_id in PATHS}
        assert set(classifier.label_counts_.tolist()) == {0, 6}
        assert classifier.n_items_ == 36

    def test_an_item_with_several_paths_counts_in_each(self):
        twice = {"title": "boot shaped kettle", "paths": [PATHS["2"], "Kitchen > Kettles"]}
        classifier = TaxonomyClassifier().fit([*shop_items(), twice], shop_taxonomy())

        assert classifier.label_counts_[[COLUMN["2"], COLUMN["6"]]].tolist() == [7, 7]
        assert classifier.n_items_ == 37
        (ranked,) = classifier.rank(["boot shaped kettle"], 2)[0].tolist()
        assert sorted(ranked) == [COLUMN["2"], COLUMN["6"]]

    def test_category_without_items_is_found_by_its_name(self, classifier):
        assert found_ids(classifier, "slippers", "tools") == [["4"], ["11"]]

    def test_category_far_from_items_is_kept_and_never_found(self, classifier):
        everything = classifier.rank(["rakes", "woks", "shoes", "boot"], 50)[0]

        assert len(classifier.taxonomy_) == 12
        assert not np.isin([COLUMN["12"], COLUMN["8"], COLUMN["1"]], everything).any()
        assert [NODES[column].id for column in np.flatnonzero(~classifier.is_findable)] == [
            "1",
            "8",
            "9",
            "12",
        ]

    def test_without_a_taxonomy_it_is_made_of_the_paths(self):
        classifier = TaxonomyClassifier().fit(shop_items())

        assert set(classifier.added_) == {
            *(" > ".join(path) for path in PATHS.values()),
            "Shoes",
            "Garden",
        }
        (row,) = classifier.classify(["flexible hose"], 1)
        assert row["paths"][0]["path_text"] == "Garden > Hoses"

    def test_unknown_categories_are_added_and_listed(self):
        clogs = {"title": "wooden clog", "paths": ["Shoes > Clogs"]}
        classifier = TaxonomyClassifier().fit([*shop_items(), clogs], shop_taxonomy())

        assert classifier.added_ == ("Shoes > Clogs",)
        assert found_ids(classifier, "wooden clog") == [[classifier.taxonomy_.ids[len(NODES)]]]

    def test_strict_leaves_unknown_categories_out_and_lists_them(self):
        clogs = {"title": "wooden clog", "paths": ["Shoes > Clogs"]}
        classifier = TaxonomyClassifier().fit([clogs, *shop_items()], shop_taxonomy(), strict=True)

        ((position, path, refusal),) = classifier.refused_
        assert (position, path, refusal.code) == (0, "Shoes > Clogs", "UNKNOWN_PATH")
        assert classifier.taxonomy_ == shop_taxonomy()
        assert classifier.n_items_ == 36

    def test_items_without_text_or_path_are_not_learned_from(self):
        useless = [{"title": "", "paths": [PATHS["2"]]}, {"title": "boot"}, {"paths": []}]
        classifier = TaxonomyClassifier().fit([*useless, *shop_items()], shop_taxonomy())

        assert classifier.n_items_ == 36
        assert classifier.label_counts_.max() == 6

    def test_other_fields_can_be_read(self):
        items = [{"name": item["title"], "paths": item["paths"]} for item in shop_items()]
        classifier = TaxonomyClassifier(text=("name",)).fit(items, shop_taxonomy())

        assert found_ids(classifier, "ankle boot", {"name": "ankle boot"}) == [["2"], ["2"]]

    def test_validation_items_are_measured(self):
        classifier = TaxonomyClassifier().fit(shop_items(), shop_taxonomy(), shop_items()[:12])

        assert classifier.valid_metrics_["n"] == 12
        assert classifier.valid_metrics_["p@1"] == 100.0

    def test_siblings_under_one_parent_are_enough(self):
        items = [item for item in shop_items() if item["paths"][0][0] == "Shoes"]
        classifier = TaxonomyClassifier().fit(items, shop_taxonomy())

        assert found_ids(classifier, "hiking boot", "beach sandal") == [["2"], ["3"]]

    @pytest.mark.parametrize("n_items", [2, 3, 4, 10])
    def test_few_items_train(self, n_items):
        items = [item for start in (0, 6, 1) for item in shop_items()[start::12]][:n_items]
        classifier = TaxonomyClassifier().fit(items, shop_taxonomy())

        assert found_ids(classifier, items[0]) == [["2"]]


class TestTrainingErrors:
    """Items from which nothing can be learned."""

    @pytest.mark.parametrize(
        ("items", "message"),
        [
            ([], "there are no rows to train on"),
            ([{"title": "boot"}] * 3, "none of the 3 rows has a category path"),
            ([{"title": " ", "paths": ["A"]}] * 3, "none of the 3 rows has a text"),
            ([{"title": "boot", "paths": ["Shoes > Boots"]}], "the only usable row is in one"),
            (
                [{"title": "boot", "paths": ["Shoes > Boots"]}] * 4,
                "all 4 usable rows are in one category, 'Shoes > Boots'; add rows of other",
            ),
            (
                [{"title": "boot", "paths": ["A"]}, {"title": "", "paths": ["B"]}],
                "the only usable row is in one category, 'A'",
            ),
        ],
    )
    def test_reason_is_given(self, items, message):
        with pytest.raises(TrainingError, match=message):
            TaxonomyClassifier().fit(items)

    def test_strict_may_leave_nothing(self):
        items = [{"title": "clog", "paths": ["Shoes > Clogs"]}] * 2

        with pytest.raises(TrainingError, match="none of the 2 rows has a category path that can"):
            TaxonomyClassifier().fit(items, shop_taxonomy(), strict=True)

    @pytest.mark.parametrize("valid", [[], [{"title": "boot"}]])
    def test_validation_items_without_paths_are_refused_before_training(self, valid):
        classifier = TaxonomyClassifier()

        with pytest.raises(TrainingError, match=r"none of the \d validation rows"):
            classifier.fit(shop_items(), shop_taxonomy(), valid)

        assert not hasattr(classifier, "ranker_")


class TestRank:
    """Rankings keep the contract."""

    def test_a_batch_of_one_is_a_batch_of_many_in_any_order(self, classifier):
        together = classifier.rank(QUERIES, 5)
        order = np.random.default_rng(0).permutation(len(QUERIES))
        shuffled = classifier.rank([QUERIES[i] for i in order], 5)

        for i, query in enumerate(QUERIES):
            alone = classifier.rank([query], 5)
            assert same_bytes(alone, [part[[i]] for part in together])
        assert same_bytes(shuffled, [part[order] for part in together])

    def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(self, classifier):
        rankings = [classifier.rank(QUERIES, k) for k in range(1, 10)]

        for shorter, longer in pairwise(rankings):
            k = shorter[0].shape[1]
            assert same_bytes(shorter, [np.ascontiguousarray(part[:, :k]) for part in longer])

    def test_more_places_than_labels_are_padded(self, classifier):
        labels, scores = classifier.rank(["ankle boot"], 60)

        n_findable = int(classifier.is_findable.sum())
        assert labels.shape == scores.shape == (1, 60)
        assert (labels[0, n_findable:] == -1).all()
        assert np.isneginf(scores[0, n_findable:]).all()
        assert (
            sorted(labels[0, :n_findable].tolist())
            == np.flatnonzero(classifier.is_findable).tolist()
        )
        assert (np.diff(scores[0, :n_findable]) <= 0).all()

    def test_types_are_those_of_a_ranking(self, classifier):
        labels, scores = classifier.rank(QUERIES, 3)

        assert (labels.dtype, scores.dtype) == (np.int32, np.float32)

    def test_only_allowed_labels_are_ranked_and_in_the_same_order(self, classifier):
        allowed = np.zeros(len(NODES), dtype=bool)
        allowed[[COLUMN["3"], COLUMN["6"], COLUMN["12"]]] = True

        labels, _ = classifier.rank(["ankle boot"], 5, allowed=allowed)
        everything = classifier.rank(["ankle boot"], 50)[0][0]

        expected = [label for label in everything.tolist() if label >= 0 and allowed[label]]
        assert labels[0].tolist() == [*expected, *[-1] * (5 - len(expected))]
        assert len(expected) == 2

    def test_no_items_give_an_empty_ranking(self, classifier):
        labels, scores = classifier.rank([], 5)

        assert labels.shape == scores.shape == (0, 5)
        assert classifier.classify([]) == []

    @pytest.mark.parametrize("n_threads", [1, 2])
    def test_threads_do_not_change_a_byte(self, saved, classifier, n_threads):
        loaded = TaxonomyClassifier.load(saved, n_threads=n_threads)

        assert same_bytes(loaded.rank(QUERIES, 5), classifier.rank(QUERIES, 5))


class TestScore:
    """Scores of given pairs."""

    def test_scores_are_those_of_the_ranking(self, classifier):
        labels, scores = classifier.rank(QUERIES[:36], 8)
        rows = np.repeat(np.arange(36), (labels >= 0).sum(axis=1))
        columns, values = labels[labels >= 0], scores[labels >= 0]
        shape = (36, len(NODES))
        ones = np.ones(columns.size, dtype=np.float32)

        pairs = classifier.score(QUERIES[:36], sp.csr_array((ones, (rows, columns)), shape=shape))

        expected = sp.csr_array((values, (rows, columns)), shape=shape)
        np.testing.assert_allclose(pairs.toarray(), expected.toarray(), rtol=1e-5)

    def test_pairs_that_cannot_be_scored_are_absent(self, classifier):
        candidates = sp.csr_array(np.ones((2, len(NODES)), dtype=np.float32))

        pairs = classifier.score(["ankle boot", "hose"], candidates)

        expected = np.flatnonzero(classifier.is_findable).tolist()
        assert pairs[[0]].indices.tolist() == pairs[[1]].indices.tolist() == expected

    def test_pairs_that_are_not_allowed_are_absent(self, classifier):
        allowed = np.arange(len(NODES)) == COLUMN["3"]
        candidates = sp.csr_array(np.ones((1, len(NODES)), dtype=np.float32))

        pairs = classifier.score(["ankle boot"], candidates, allowed=allowed)

        assert pairs.indices.tolist() == [COLUMN["3"]]


class TestClassify:
    """Result rows."""

    def test_the_best_path_and_the_next_ones(self, classifier):
        (row,) = classifier.classify([{"id": "00123", "title": "ankle boot"}], k=3)

        assert (row["id"], row["status"], row["reason"]) == ("00123", "ok", None)
        assert row["taxonomy"] == f"shop.csv@sha256:{classifier.taxonomy_.digest[:12]}"
        (best,) = row["paths"]
        assert (best["category_id"], best["path"]) == ("2", ["Shoes", "Boots"])
        assert best["path_text"] == "Shoes > Boots"
        assert best["confidence"] is None
        scores = [path["score"] for path in (best, *row["alternatives"])]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)

    def test_items_without_an_id_are_numbered_from_1(self, classifier):
        rows = classifier.classify(["boot", {"title": "hose"}, {"id": "x", "title": "hose"}])

        assert [row["id"] for row in rows] == ["1", "2", "x"]

    @pytest.mark.parametrize("item", ["", " \n", {}, {"title": ""}, {"title": None, "x": "boot"}])
    def test_no_text_is_answered_abstain(self, classifier, item):
        (row,) = classifier.classify([item])

        assert (row["status"], row["reason"]) == ("abstain", "empty_text")
        assert row["paths"] == row["alternatives"] == []

    @pytest.mark.parametrize("item", ["\u4e00\u4e8c", "!!!", "\u0416\u0416\u0416\u0416"])
    def test_no_known_word_is_answered_abstain(self, classifier, item):
        (row,) = classifier.classify([item])

        assert (row["status"], row["reason"]) == ("abstain", "no_known_words")
        assert row["paths"] == row["alternatives"] == []

    def test_rows_are_strict_json(self, classifier):
        rows = classifier.classify(QUERIES, k=50)

        assert json.loads(json.dumps(rows, allow_nan=False)) == rows


class TestEvaluate:
    """Metrics of a labelled catalog."""

    def test_known_items_score_full(self, classifier):
        metrics = classifier.evaluate(shop_items())

        assert metrics["n"] == 36
        assert metrics["p@1"] == metrics["recall@10"] == metrics["hf_micro"] == 100.0
        assert metrics["tree_distance"] == 0.0
        assert metrics["n_without_category"] == 0

    def test_unknown_category_is_a_miss_whose_known_ancestors_count(self, classifier):
        # predicted Shoes > Boots, true Shoes > Clogs > Wooden: 1 of 2, and 1 of 3 shared
        metrics = classifier.evaluate(
            [{"title": "ankle boot", "paths": ["Shoes > Clogs > Wooden"]}]
        )

        assert metrics["n"] == 1
        assert metrics["p@1"] == metrics["recall@10"] == 0.0
        assert metrics["hp_micro"] == pytest.approx(100 / 2)
        assert metrics["hr_micro"] == pytest.approx(100 / 3)
        assert metrics["tree_distance"] == 3.0
        assert metrics["level_1_f1_micro"] == 100.0

    def test_rare_categories_are_worth_more_and_unknown_ones_most(self, classifier):
        items = [
            {"title": "ankle boot", "paths": ["Shoes > Boots"]},  # right, 6 training items
            {"title": "ankle boot", "paths": ["Shoes > Clogs"]},  # a miss, none
        ]

        metrics = classifier.evaluate(items)

        scale = (math.log(36) - 1) * 2.5**0.55
        found, missed = (1 + scale * (count + 1.5) ** -0.55 for count in (6, 0))
        assert metrics["psp@1"] == pytest.approx(100 * found / (found + missed))

    def test_items_without_paths_are_left_out_and_counted(self, classifier):
        items = [shop_items()[0], {"title": "boot"}, {"title": "hose", "paths": []}]

        metrics = classifier.evaluate(items)

        assert (metrics["n"], metrics["n_without_category"]) == (1, 2)

    def test_an_item_without_text_is_a_miss(self, classifier):
        items = [shop_items()[0], {"title": "", "paths": ["Shoes > Boots"]}]

        metrics = classifier.evaluate(items)

        assert (metrics["n"], metrics["p@1"]) == (2, 50.0)

    def test_a_path_that_means_nothing_is_a_miss(self):
        twins = Taxonomy.from_nodes(
            [*NODES, type(NODES[0])("13", "Boots", ("1",))], source="twins.csv"
        )
        items = [{**item, "paths": [[item["id"][:3].lstrip("0")]]} for item in shop_items()]
        classifier = TaxonomyClassifier().fit(items, twins)

        metrics = classifier.evaluate([items[0], {**items[0], "paths": ["Shoes > Boots"]}])

        assert (metrics["n"], metrics["p@1"]) == (2, 50.0)

    def test_the_model_is_not_changed(self, classifier):
        before = len(classifier.taxonomy_), classifier.label_counts_.tolist()
        classifier.evaluate([{"title": "clog", "paths": ["Shoes > Clogs"]}])

        assert (len(classifier.taxonomy_), classifier.label_counts_.tolist()) == before

    def test_nothing_to_measure_against_is_an_error(self, classifier):
        with pytest.raises(TrainingError, match="no row has a category path"):
            classifier.evaluate([{"title": "boot"}])


class TestCrossRank:
    """Out-of-fold rankings of labelled items."""

    def test_items_are_found_by_what_the_other_folds_share_with_them(self, classifier):
        items = shop_items()
        labels, scores = classifier.cross_rank(items, folds=3, k=2)

        assert labels.shape == scores.shape == (36, 2)
        truth = np.array([COLUMN[item["id"][:3].lstrip("0")] for item in items])
        assert (labels[:, 0] == truth).mean() > 0.8

    def test_the_same_seed_gives_the_same_folds(self, classifier):
        items = shop_items()

        assert same_bytes(
            classifier.cross_rank(items, 2, k=3), classifier.cross_rank(items, 2, k=3)
        )

    def test_given_folds_are_kept_apart(self, classifier):
        items = shop_items()
        secret = [{**item, "title": "\u4e00\u4e8c", "description": ""} for item in items]
        folds = np.arange(36) % 2

        # all of fold 1 share a text that no item of fold 0 has
        mixed = [secret[i] if folds[i] else items[i] for i in range(36)]
        labels, _ = classifier.cross_rank(mixed, folds, k=1)

        assert (labels[folds == 1] == -1).all()


class TestModelDirectory:
    """Saving and loading."""

    def test_a_loaded_classifier_answers_as_before(self, classifier, saved):
        loaded = TaxonomyClassifier.load(saved)

        assert same_bytes(loaded.rank(QUERIES, 9), classifier.rank(QUERIES, 9))
        assert loaded.classify(QUERIES, 4) == classifier.classify(QUERIES, 4)
        assert loaded.evaluate(shop_items()) == classifier.evaluate(shop_items())
        assert loaded.taxonomy_ == classifier.taxonomy_
        assert loaded.settings == classifier.settings
        assert loaded.is_findable.tolist() == classifier.is_findable.tolist()

    def test_a_loaded_classifier_saves_the_same_bytes(self, saved, tmp_path):
        TaxonomyClassifier.load(saved).save(tmp_path / "again")

        assert files_of(tmp_path / "again") == files_of(saved)

    def test_a_loaded_classifier_can_be_saved_over_itself(self, saved, tmp_path):
        shutil.copytree(saved, tmp_path / "model")
        loaded = TaxonomyClassifier.load(tmp_path / "model")
        loaded.save(tmp_path / "model")

        assert files_of(tmp_path / "model") == files_of(saved)
        assert loaded.rank(["ankle boot"], 1)[0].tolist() == [[COLUMN["2"]]]

    def test_rows_name_the_model_that_answered(self, classifier, saved):
        loaded = TaxonomyClassifier.load(saved)

        assert loaded.model_name_ == classifier.model_name_
        assert loaded.model_name_.startswith("fast@sha256:")
        assert TaxonomyClassifier().model_name_ == "fast@unsaved"

    def test_the_same_seed_gives_the_same_bytes_for_any_number_of_threads(self, tmp_path):
        rows = make_catalog(300)
        for n_threads in (1, 2):
            classifier = TaxonomyClassifier(seed=3, n_threads=n_threads).fit(rows)
            classifier.save(tmp_path / str(n_threads))

        one, two = (files_of(tmp_path / str(n_threads)) for n_threads in (1, 2))
        assert one.keys() == two.keys()
        assert [name for name in one if one[name] != two[name]] == []

    def test_no_file_holds_pickled_objects(self, saved):
        for path in saved.rglob("*.npy"):
            assert np.load(path, mmap_mode="r", allow_pickle=False).dtype != object

    def test_validation_metrics_stay_with_the_model(self, tmp_path):
        classifier = TaxonomyClassifier().fit(shop_items(), shop_taxonomy(), shop_items())
        classifier.save(tmp_path / "model")

        assert TaxonomyClassifier.load(tmp_path / "model").valid_metrics_ == (
            classifier.valid_metrics_
        )

    def test_another_kind_of_model_is_refused(self, saved, tmp_path):
        model = shutil.copytree(saved, tmp_path / "model")
        path = model / "base" / "manifest.json"
        path.write_text(path.read_text().replace('"classifier"', '"recommender"'))

        with pytest.raises(ModelError, match="it is a recommender, not a classifier"):
            TaxonomyClassifier.load(model)


def open_and_verify(model):
    """Return what opening says, or "" where it does not notice; `verify_model` must notice."""
    with pytest.raises(ModelError) as found:
        verify_model(model)
    try:
        TaxonomyClassifier.load(model)
    except ModelError as error:
        return f"{error}{found.value}"
    return str(found.value)


def damage(content):
    """Yield ``content`` damaged in ways that keep its size."""
    yield bytes(len(content))
    yield content.replace(b"{", b"(").replace(b"}", b"(")
    for place in (5, 10, 60, -2):
        if -len(content) <= place < len(content):
            damaged = bytearray(content)
            damaged[place] ^= 0xFF
            yield bytes(damaged)


def test_damage_of_the_same_size_never_ends_in_a_traceback(saved, tmp_path):
    model = shutil.copytree(saved, tmp_path / "model")
    for path in sorted((model / "base").rglob("*.*")):
        whole = path.read_bytes()
        for damaged in damage(whole):
            if damaged != whole and path.name != "manifest.json":
                path.write_bytes(damaged)
                assert "\n" not in open_and_verify(model)
        path.write_bytes(whole)


def test_swapped_files_of_the_same_size_never_end_in_a_traceback(saved, tmp_path):
    model = shutil.copytree(saved, tmp_path / "model")
    files = sorted(model.rglob("*.npy"), key=lambda path: path.stat().st_size)
    swaps = [
        (one, other)
        for one, other in pairwise(files)
        if one.stat().st_size == other.stat().st_size and one.read_bytes() != other.read_bytes()
    ]
    for one, other in swaps:
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        assert "\n" not in open_and_verify(model)
        one.write_bytes(first)
        other.write_bytes(second)
    assert len(swaps) >= 3


def test_other_seeds_train_other_models(classifier):
    other = fit_shop(seed=1)

    assert other.ranker_.weights.tobytes() != classifier.ranker_.weights.tobytes()
