"""A trained classifier whose taxonomy changes, in memory and in a model directory."""

import json
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.shop import (
    COLUMN,
    NODES,
    WORDS,
    fit_shop,
    queries,
    same_bytes,
    shop_items,
)
from tests.xmlrec.models.test_model_dir import contents
from xmlrec.errors import ChangeError, ModelError
from xmlrec.models import (
    TaxonomyClassifier,
    current_version,
    dense,
    read_lineage,
    verify_model,
)
from xmlrec.models.ranker import TextRanker
from xmlrec.taxonomy import Node, Taxonomy
from xmlrec.taxonomy.changes import AddExamples, Rename

QUERIES = queries()
KETTLE = "cordless kettle boil water"


@pytest.fixture
def shop():
    """A trained classifier of its own for each test."""
    return fit_shop()


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def best(classifier, *items):
    """Return the id and the path of the best answer to each item."""
    rows = classifier.classify(list(items), 1)
    return [(row["paths"][0]["category_id"], row["paths"][0]["path_text"]) for row in rows]


def found(classifier, items=QUERIES, k=20):
    """Return the ids that are answered anywhere in the rankings of items."""
    labels, _ = classifier.rank(items, k)
    return {classifier.taxonomy_.ids[column] for column in np.unique(labels) if column >= 0}


def test_a_new_category_is_answered_at_once(shop):
    label_id = shop.add_category(
        "Garden > Wheelbarrows", aliases=["barrows"], definition="To push."
    )

    assert best(shop, "sturdy wheelbarrows") == [(label_id, "Garden > Wheelbarrows")]
    assert shop.taxonomy_.ids == (*(node.id for node in NODES), label_id)
    assert shop.is_findable[-1]
    assert shop.label_counts_[-1] == 0


def test_other_labels_keep_their_order_and_their_scores_to_the_last_bit(shop):
    before = shop.rank(QUERIES, 7)
    label_id = shop.add_category("Garden > Wheelbarrows")

    labels, scores = shop.rank(QUERIES, 8)

    is_other = labels != shop.taxonomy_.column(label_id)
    for row, kept in enumerate(is_other):
        same = [np.ascontiguousarray(part[row][kept][:7]) for part in (labels, scores)]
        assert same_bytes(same, [part[row] for part in before])
    assert is_other.all(axis=1).any()


def test_a_batch_of_one_is_a_batch_of_many_after_changes(shop):
    shop.add_category("Garden > Wheelbarrows")
    shop.merge("3", "2")
    shop.remove("6")
    together = shop.rank(QUERIES, 5)

    for i, query in enumerate(QUERIES):
        assert same_bytes(shop.rank([query], 5), [part[[i]] for part in together])


def test_a_renamed_or_moved_category_is_answered_with_its_new_path(shop):
    shop.rename("6", "Boilers")
    assert best(shop, KETTLE) == [("6", "Kitchen > Boilers")]

    shop.move("6", "9")
    assert best(shop, KETTLE) == [("6", "Garden > Boilers")]

    shop.move("6", ())
    assert best(shop, KETTLE) == [("6", "Boilers")]


def test_a_removed_category_is_never_answered(shop):
    n_findable = int(shop.is_findable.sum())
    shop.remove("6")

    assert "6" not in found(shop)
    assert best(shop, KETTLE)[0][0] != "6"
    assert int(shop.is_findable.sum()) == n_findable - 1
    pairs = sp.csr_array(np.ones((1, len(NODES)), dtype=np.float32))
    assert COLUMN["6"] not in shop.score([KETTLE], pairs).indices
    labels, scores = shop.rank([KETTLE], 20)
    assert (labels[0] >= 0).sum() == n_findable - 1
    assert np.isneginf(scores[0][labels[0] < 0]).all()


def test_several_categories_are_removed_together_children_first(shop):
    shop.remove(["7", "8"])

    assert [version.text for version in shop.log()] == [
        "removed Kitchen > Pans > Woks [8]; removed Kitchen > Pans [7]"
    ]
    with pytest.raises(ChangeError, match=r"category '9' has 1 child \('11'\)"):
        shop.remove(["9", "10"])


def test_a_merged_category_is_answered_with_the_other_and_never_twice(shop):
    before, _ = shop.rank(QUERIES, 20)
    shop.merge(["2"], "3")

    assert best(shop, "hiking boot leather ankle") == [("3", "Shoes > Sandals")]
    labels, scores = shop.rank(QUERIES, 20)
    for row, old in zip(labels.tolist(), before.tolist(), strict=True):
        known = [column for column in row if column >= 0]
        assert len(known) == len(set(known))
        renamed = [COLUMN["3"] if column == COLUMN["2"] else column for column in old]
        assert known == [column for column in dict.fromkeys(renamed) if column >= 0]
    assert (np.diff(np.where(np.isneginf(scores), -1e9, scores), axis=1) <= 0).all()
    assert shop.label_counts_[[COLUMN["2"], COLUMN["3"]]].tolist() == [0, 12]
    assert not shop.is_findable[COLUMN["2"]]


def test_a_shorter_ranking_is_the_beginning_of_a_longer_one_after_a_merge(shop):
    shop.merge("2", "3")
    labels, scores = shop.rank(QUERIES, 8)

    for k in range(1, 8):
        shorter = shop.rank(QUERIES, k)
        assert same_bytes(shorter, [np.ascontiguousarray(p[:, :k]) for p in (labels, scores)])


def test_allowed_and_score_speak_of_the_category_that_is_left(shop):
    every = sp.csr_array(np.ones((2, len(NODES)), dtype=np.float32))
    items = ["leather boot", "summer sandal"]
    before = shop.score(items, every).toarray()
    shop.merge("2", "3")

    pairs = shop.score(items, every)
    expected = before.copy()
    expected[:, COLUMN["3"]] = before[:, [COLUMN["2"], COLUMN["3"]]].max(axis=1)
    expected[:, COLUMN["2"]] = 0
    np.testing.assert_array_equal(pairs.toarray(), expected)

    allowed = np.arange(len(NODES)) == COLUMN["3"]
    assert shop.rank(items, 2, allowed=allowed)[0].tolist() == [[COLUMN["3"], -1]] * 2
    assert shop.score(items, every, allowed=allowed).indices.tolist() == [COLUMN["3"]] * 2
    nothing = shop.rank(items, 2, allowed=np.arange(len(NODES)) == COLUMN["2"])
    assert nothing[0].tolist() == [[-1, -1]] * 2


def test_a_category_that_could_not_be_found_can_once_another_is_merged_into_it(shop):
    assert not shop.is_findable[COLUMN["12"]]

    shop.merge("10", "12")

    assert shop.is_findable[COLUMN["12"]]
    assert best(shop, WORDS["10"]) == [("12", "Garden > Tools > Rakes")]


def test_with_examples_a_category_can_be_found(shop):
    assert not shop.is_findable[COLUMN["12"]]

    shop.add_examples("12", ["steel rake with handle", "steel rake with handle ", " "])

    assert shop.is_findable[COLUMN["12"]]
    assert shop.view.state.examples == {COLUMN["12"]: ("steel rake with handle",)}
    assert "12" in found(shop, ["steel rakes"])


def test_items_labelled_before_the_changes_are_still_measured_right(shop):
    shop.rename("6", "Boilers")
    shop.merge("2", "3")
    shop.move("10", "11")

    assert shop.evaluate(shop_items())["p@1"] == 100


def test_cross_rank_works_after_changes(shop):
    shop.add_category("Garden > Wheelbarrows")
    shop.merge("2", "3")

    labels, _ = shop.cross_rank(shop_items(), folds=3, k=2)

    assert COLUMN["2"] not in labels
    assert (labels >= 0).any()


def test_categories_are_added_all_or_none(shop):
    rows = [
        {"path": "Bath > Towels", "id": "b1", "examples": ["a towel"]},
        {"path": "Bath", "id": "b"},
    ]
    assert shop.add_categories(rows, source="new.csv") == ["b", "b1"]
    assert shop.log()[-1].text == "new.csv: added Bath [b]; added Bath > Towels [b1], 1 example"

    view = shop.view
    for bad in ([{"path": "A"}, {"path": "B > C"}], [{"path": "A"}, {"path": "A"}], []):
        with pytest.raises(ChangeError):
            shop.add_categories(bad)
    assert shop.view is view
    with pytest.raises(TypeError):
        shop.add_categories([{"path": "A", "colour": "red"}])


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: shop.add_category("Shoes > Boots"),
        lambda shop: shop.add_category("Shoes > Old > Boots"),
        lambda shop: shop.add_category("Shoes > "),
        lambda shop: shop.add_category(["Shoes", "A > B"]),
        lambda shop: shop.add_category("Shoes > New", id="3"),
        lambda shop: shop.rename("2", ""),
        lambda shop: shop.rename("2", "A > B"),
        lambda shop: shop.remove("1"),
        lambda shop: shop.remove("99"),
        lambda shop: shop.merge("2", "2"),
        lambda shop: shop.move("9", "12"),
        lambda shop: shop.add_examples("2", []),
        lambda shop: shop.add_examples("2", " "),
        lambda shop: shop.update_taxonomy(shop.taxonomy_),
        lambda shop: shop.rollback(0),
        lambda shop: shop.rollback(3),
        lambda shop: shop.rollback(-1),
        lambda shop: shop.diff(0, 1),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(shop, change):
    view = shop.view

    with pytest.raises(ChangeError) as error:
        change(shop)

    assert "\n" not in str(error.value)
    assert shop.view is view
    assert shop.log() == []


def test_a_rollback_answers_as_before(shop):
    before = shop.rank(QUERIES, 5), shop.classify(QUERIES, 3)
    shop.add_category("Garden > Wheelbarrows", examples=["a wheelbarrow"])
    shop.merge("2", "3")
    shop.rename("6", "Boilers")

    shop.rollback(0)

    assert same_bytes(shop.rank(QUERIES, 5), before[0])
    paths = [[row["paths"] for row in rows] for rows in (shop.classify(QUERIES, 3), before[1])]
    assert paths[0] == paths[1]
    shop.rollback(3)
    assert best(shop, KETTLE, "leather boot", "wheelbarrow") == [
        ("6", "Kitchen > Boilers"),
        ("3", "Shoes > Sandals"),
        (shop.taxonomy_.ids[-1], "Garden > Wheelbarrows"),
    ]
    assert [version.text for version in shop.log()[-2:]] == [
        "rolled back to version 0",
        "rolled back to version 3",
    ]


def test_versions_are_told_apart(shop):
    shop.rename("6", "Boilers")
    shop.add_examples("6", ["a boiler"])

    assert shop.diff(0, 2) == [Rename("6", "Boilers"), AddExamples("6", ("a boiler",))]
    assert shop.diff(2, 1) == []
    assert shop.diff(1, 0) == [Rename("6", "Kettles")]


def test_rows_name_the_version_that_answered(tmp_path):
    shop = fit_shop(preset="fast")
    (first,) = shop.classify(["boot"], 1)
    shop.rename("2", "Hiking Boots")
    (second,) = shop.classify(["boot"], 1)

    assert (first["model"], second["model"]) == ("fast@unsaved", "fast@unsaved+v1")
    assert first["taxonomy"].startswith("shop.csv@sha256:")
    assert first["taxonomy"] != second["taxonomy"]
    digest = shop.taxonomy_.digest[:12]
    assert second["taxonomy"] == f"shop.csv@sha256:{digest}"

    new = Taxonomy.from_nodes(NODES, source="path/to/shop2.csv")
    shop.update_taxonomy(new)
    assert shop.taxonomy_name_.startswith("shop2.csv@sha256:")
    shop.rollback(1)
    assert shop.taxonomy_name_.startswith("shop.csv@sha256:")
    shop.save(tmp_path / "model")
    assert shop.model_name_.startswith("fast@sha256:")
    assert shop.model_name_.endswith("+v3")


def test_an_update_takes_what_was_learned_along(shop):
    shop.add_category("Garden > Wheelbarrows", id="own")
    new = Taxonomy.from_nodes(
        [
            *(node for node in NODES if node.id not in ("2", "6", "12", "8")),
            Node("21", "Mountain Boots", ("1",)),
            Node("6", "Boilers", ("5",)),
            Node("81", "Steel Woks", ("7",)),
        ],
        source="shop2.csv",
    )

    version = shop.update_taxonomy(new, {"2": "21"})

    assert version.text == "update to shop2.csv: 2 added, 1 renamed, 2 removed, 1 merged"
    assert best(shop, "hiking boot leather ankle", KETTLE, "wheelbarrows") == [
        ("21", "Shoes > Mountain Boots"),
        ("6", "Kitchen > Boilers"),
        ("own", "Garden > Wheelbarrows"),
    ]
    assert shop.is_findable[shop.taxonomy_.column("81")]
    for node in NODES:
        assert node.id in shop.taxonomy_
    assert shop.evaluate(shop_items())["p@1"] == 100


class TestDirectory:
    """What a model directory adds: versions on disk, others who read and change it."""

    def test_each_change_is_written_at_once(self, folder):
        base = contents(folder)
        model = TaxonomyClassifier.load(folder)
        model.add_category("Garden > Wheelbarrows", examples=["a wheelbarrow"])
        model.merge("2", "3")

        assert current_version(folder) == 2
        assert {name: content for name, content in contents(folder).items() if name in base} == base
        again = TaxonomyClassifier.load(folder)
        assert same_bytes(again.rank(QUERIES, 9), model.rank(QUERIES, 9))
        assert again.classify(QUERIES, 4) == model.classify(QUERIES, 4)
        assert again.taxonomy_ == model.taxonomy_
        assert again.view.state.examples == model.view.state.examples
        assert again.is_findable.tolist() == model.is_findable.tolist()
        assert again.label_counts_.tolist() == model.label_counts_.tolist()
        assert [v.text for v in again.log()] == [v.text for v in model.log()]
        assert verify_model(folder)

    @pytest.mark.parametrize("preset", ["fast", "balanced"])
    def test_the_same_is_answered_after_opening_again(self, tmp_path, preset):
        model = fit_shop(preset=preset)
        untouched = model.rank(QUERIES, 5)
        model.save(tmp_path / "model")
        model.add_category("Garden > Wheelbarrows", examples=["a sturdy barrow"])
        model.rename("1", "Footwear")
        model.merge("2", "3")

        again = TaxonomyClassifier.load(tmp_path / "model")
        assert same_bytes(again.rank(QUERIES, 9), model.rank(QUERIES, 9))
        assert best(again, "sturdy wheelbarrows", "leather boot") == [
            (again.taxonomy_.ids[-1], "Garden > Wheelbarrows"),
            ("3", "Footwear > Sandals"),
        ]
        again.rollback(0)
        assert same_bytes(again.rank(QUERIES, 5), untouched)

    def test_changes_made_before_saving_are_saved(self, shop, tmp_path):
        shop.add_category("Garden > Wheelbarrows")
        shop.rename("6", "Boilers")
        shop.save(tmp_path / "model")

        again = TaxonomyClassifier.load(tmp_path / "model")
        assert same_bytes(again.rank(QUERIES, 9), shop.rank(QUERIES, 9))
        assert (again.model_name_, again.taxonomy_name_) == (shop.model_name_, shop.taxonomy_name_)
        shop.remove("3")
        assert current_version(tmp_path / "model") == 3

    def test_a_changed_model_is_copied_byte_for_byte(self, folder, tmp_path):
        model = TaxonomyClassifier.load(folder)
        model.add_category("Garden > Wheelbarrows")
        model.rename("6", "Boilers")

        TaxonomyClassifier.load(folder).save(tmp_path / "copy")
        assert contents(tmp_path / "copy") == contents(folder)
        model.save(folder)
        assert contents(tmp_path / "copy") == contents(folder)

    def test_who_has_it_open_keeps_the_version_until_reload(self, folder):
        reader, writer = TaxonomyClassifier.load(folder), TaxonomyClassifier.load(folder)
        before = reader.classify(QUERIES, 3)

        writer.merge("2", "3")
        assert reader.classify(QUERIES, 3) == before

        reader.reload()
        assert reader.classify(QUERIES, 3) == writer.classify(QUERIES, 3)
        view = reader.view
        reader.reload()
        assert reader.view is view

    def test_who_changes_it_goes_on_from_what_others_did(self, folder):
        one, other = TaxonomyClassifier.load(folder), TaxonomyClassifier.load(folder)
        first = one.add_category("Garden > Wheelbarrows")
        second = other.add_category("Garden > Wheelbarrows > Big")

        assert other.taxonomy_.ids[-2:] == (first, second)
        assert one.taxonomy_.ids[-1] == first
        with pytest.raises(ChangeError, match="'Garden > Wheelbarrows > Big' exists"):
            one.add_category("Garden > Wheelbarrows > Big")

    def test_threads_that_add_at_once_all_end_up_in_the_log(self, folder):
        models = [TaxonomyClassifier.load(folder, verify=False) for _ in range(4)]
        failed = []

        def add(number):
            try:
                for i in range(3):
                    models[number].add_category(f"Garden > Tool {number}-{i}")
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed == []
        again = TaxonomyClassifier.load(folder)
        assert [version.number for version in again.log()] == list(range(1, 13))
        assert set(again.taxonomy_.names[len(NODES) :]) == {
            f"Tool {n}-{i}" for n in range(4) for i in range(3)
        }

    @pytest.mark.slow
    def test_processes_that_add_at_once_all_end_up_in_the_log(self, folder):
        code = (
            "import sys; from xmlrec.models import TaxonomyClassifier\n"
            "model = TaxonomyClassifier.load(sys.argv[1])\n"
            "for i in range(10):\n"
            "    model.add_category(f'Garden > Tool {sys.argv[2]}-{i}')\n"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", code, str(folder), str(n)]) for n in range(2)
        ]
        assert [process.wait(timeout=120) for process in running] == [0, 0]

        names = read_lineage(folder).state().taxonomy.names[len(NODES) :]
        assert len(names) == len(set(names)) == current_version(folder) == 20
        for n in range(2):  # in the order in which each did it
            own = [name for name in names if name.startswith(f"Tool {n}")]
            assert own == [f"Tool {n}-{i}" for i in range(10)]
        assert verify_model(folder)

    def test_a_change_that_cannot_be_written_is_not_made(self, folder, monkeypatch):
        model = TaxonomyClassifier.load(folder)
        before, view = contents(folder), model.view

        def full_disk(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full_disk)
        with pytest.raises(ModelError) as error:
            model.add_category("Garden > Wheelbarrows")

        assert str(error.value).endswith("the change cannot be written (No space left on device)")
        assert model.view is view
        assert contents(folder) == before

    def test_a_model_that_was_trained_again_is_opened_anew(self, folder):
        model = TaxonomyClassifier.load(folder)
        other = TaxonomyClassifier(seed=5).fit(shop_items()[:18])
        other.save(folder)

        model.reload()

        assert model.settings.seed == 5
        assert model.classify(QUERIES, 2) == other.classify(QUERIES, 2)

    def test_a_model_that_is_gone_cannot_be_reloaded_or_changed(self, folder):
        model = TaxonomyClassifier.load(folder)
        view = model.view
        shutil.rmtree(folder)

        for change in (model.reload, lambda: model.remove("2")):
            with pytest.raises(ModelError):
                change()
        assert model.view is view

    def test_damage_is_found_when_it_is_opened(self, folder):
        TaxonomyClassifier.load(folder).rename("2", "Walking Boots")
        path = folder / "versions" / "0001" / "change.json"
        path.write_text(path.read_text().replace("Walking Boots", "Working Boots"))

        for verify in (True, False):
            with pytest.raises(ModelError, match="CURRENT does not belong to its versions"):
                TaxonomyClassifier.load(folder, verify=verify)


class TestVectors:
    """A ranker with vectors: they are made once, kept in the version, and never made again."""

    @pytest.fixture
    def seen(self, monkeypatch):
        """Return what is encoded, and what the last ranker was told of labels."""
        seen = {"encoded": [], "told": {}}
        encode, with_labels = dense.fact_vectors, TextRanker.with_labels

        def fact_vectors(encoder, facts):
            seen["encoded"] += [fact.path for fact in facts]
            return encode(encoder, facts)

        def told(self, known, changed):
            seen["told"] = changed
            return with_labels(self, known, changed)

        monkeypatch.setattr(dense, "fact_vectors", fact_vectors)
        monkeypatch.setattr(TextRanker, "with_labels", told)
        return seen

    def test_only_what_is_new_or_called_otherwise_is_encoded(self, seen):
        shop = fit_shop(preset="balanced")
        shop.add_category("Garden > Wheelbarrows")
        shop.rename("1", "Footwear")
        shop.add_examples("10", ["a hose"])
        shop.merge("3", "2")
        shop.remove("6")

        assert seen["encoded"] == [
            "Garden Wheelbarrows",
            "Footwear Boots",
            "Footwear Sandals",
            "Footwear Slippers",
            "Garden Hoses",
        ]
        assert [version.columns for version in shop.log()] == [(12,), (1, 2, 3), (9,), (), ()]

    def test_back_to_what_was_trained_nothing_is_encoded(self, seen):
        shop = fit_shop(preset="balanced")
        shop.rename("1", "Footwear")
        seen["encoded"].clear()

        shop.rollback(0)

        assert seen["encoded"] == []

    def test_opened_again_the_ranker_is_told_the_same_and_nothing_is_encoded(self, tmp_path, seen):
        model = fit_shop(preset="balanced")
        model.save(tmp_path / "model")
        model.rename("1", "Footwear")
        model.add_category("Garden > Wheelbarrows", aliases=["barrows"], examples=["a barrow"])
        model.rename("1", "All Footwear")
        told = seen["told"]
        seen["encoded"].clear()

        again = TaxonomyClassifier.load(tmp_path / "model")

        assert seen["encoded"] == []
        assert sorted(seen["told"]) == sorted(told) == [1, 2, 3, 12]
        for column, facts in seen["told"].items():
            assert facts.vector.tobytes() == told[column].vector.tobytes()
            assert np.linalg.norm(facts.vector) == pytest.approx(1)
        assert seen["told"][12].examples == ("a barrow",)
        assert seen["told"][12].aliases == ("barrows",)
        again.save(tmp_path / "copy")
        assert contents(tmp_path / "copy") == contents(tmp_path / "model")


class TestTrainingAgain:
    """`fit(previous=...)` goes on with the categories, the ids and the log."""

    @pytest.fixture
    def before(self, shop, tmp_path):
        shop.add_category("Garden > Wheelbarrows", id="w", examples=["sturdy push barrow"])
        shop.add_category("Garden > Ponds", id="p")
        shop.rename("6", "Boilers")
        shop.merge("2", "3")
        shop.remove("8")
        shop.save(tmp_path / "before")
        return shop

    def train(self, before, *more):
        return TaxonomyClassifier().fit([*shop_items(), *more], previous=before)

    def test_columns_ids_and_log_go_on(self, before, tmp_path):
        clogs = {"title": "wooden clog", "paths": ["Shoes > Clogs"]}
        after = self.train(before, clogs)

        n_labels = len(before.taxonomy_)
        assert after.taxonomy_.ids[:n_labels] == before.taxonomy_.ids
        assert after.taxonomy_.names[n_labels:] == ("Clogs",)
        assert after.added_ == ("Shoes > Clogs",)
        texts = [version.text for version in before.log()]
        added = f"training on 37 items: added Shoes > Clogs [{after.taxonomy_.ids[-1]}]"
        assert [v.text for v in after.log()] == [*texts, added]
        assert after.model_name_.endswith("@unsaved")

        after.save(tmp_path / "after")
        again = TaxonomyClassifier.load(tmp_path / "after")
        assert [v.text for v in again.log()] == [v.text for v in after.log()]
        assert same_bytes(again.rank(QUERIES, 9), after.rank(QUERIES, 9))
        assert current_version(tmp_path / "after") == 6
        assert not (tmp_path / "after" / "versions").exists()
        assert verify_model(tmp_path / "after")

    def test_rows_with_old_paths_train_what_these_became(self, before):
        after = self.train(before)

        assert after.added_ == ()
        assert after.label_counts_[[COLUMN["2"], COLUMN["3"], COLUMN["6"]]].tolist() == [0, 12, 6]
        assert best(after, KETTLE, "hiking boot leather") == [
            ("6", "Kitchen > Boilers"),
            ("3", "Shoes > Sandals"),
        ]
        assert {"2", "8"}.isdisjoint(found(after))

    def test_examples_are_learned_from_and_kept(self, before):
        after = self.train(before)

        assert after.label_counts_[after.taxonomy_.column("w")] == 1
        assert best(after, "sturdy push barrow")[0][0] == "w"
        assert after.view.state.examples == before.view.state.examples
        assert after.n_items_ == 36

    def test_added_categories_without_examples_are_still_found(self, before):
        after = self.train(before)

        assert best(after, "ponds") == [("p", "Garden > Ponds")]

    def test_versions_from_before_can_be_looked_at_and_gone_back_to(self, before, tmp_path):
        after = self.train(before)
        after.save(tmp_path / "after")
        again = TaxonomyClassifier.load(tmp_path / "after")

        assert [type(c).__name__ for c in again.diff(0, 6)] == [
            "Rename",
            "Add",
            "Add",
            "Remove",
            "Merge",
        ]
        again.rollback(2)

        assert current_version(tmp_path / "after") == 7
        assert best(again, KETTLE) == [("6", "Kitchen > Kettles")]
        assert again.is_findable[COLUMN["2"]]
        assert again.diff(2, 7) == []
        assert TaxonomyClassifier.load(tmp_path / "after").diff(2, 7) == []

    def test_the_same_rows_and_seed_give_the_same_bytes(self, before, tmp_path):
        for name in ("one", "two"):
            self.train(before).save(tmp_path / name)

        assert contents(tmp_path / "one") == contents(tmp_path / "two")

    def test_twice_trained_again_all_is_still_there(self, before):
        after = self.train(before)
        after.add_category("Garden > Gnomes", id="n")
        last = self.train(after)

        assert [v.number for v in last.log()] == list(range(1, 9))
        assert last.taxonomy_.names[-1] == "Gnomes"
        assert last.diff(0, 2) == before.diff(0, 2)

    def test_it_takes_the_place_of_the_model_that_it_goes_on_from(self, before, tmp_path):
        self.train(before).save(tmp_path / "before")

        assert current_version(tmp_path / "before") == 6

    def test_a_model_whose_changes_would_be_lost_is_not_replaced(self, before, tmp_path):
        fresh = fit_shop()
        files = contents(tmp_path / "before")

        with pytest.raises(ModelError, match="5 changes of its taxonomy would be lost"):
            fresh.save(tmp_path / "before")
        after = self.train(before)
        before.rename("10", "Garden Hoses")  # meanwhile
        with pytest.raises(ModelError, match="6 changes of its taxonomy"):
            after.save(tmp_path / "before")

        after_files = contents(tmp_path / "before")
        assert {name: after_files[name] for name in files if name != "CURRENT"} == {
            name: content for name, content in files.items() if name != "CURRENT"
        }

    def test_a_taxonomy_and_a_previous_model_exclude_each_other(self, before):
        with pytest.raises(ValueError, match="exclude each other"):
            TaxonomyClassifier().fit(shop_items(), before.taxonomy_, previous=before)

    def test_damaged_history_is_named(self, before, tmp_path):
        self.train(before).save(tmp_path / "after")
        path = tmp_path / "after" / "base" / "history" / "0003.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "change": {"kind": "none"}}))

        with pytest.raises(ModelError, match=r"history/0003\.json"):
            TaxonomyClassifier.load(tmp_path / "after")
