"""Calibrating on items that nothing saw, and keeping what came out."""

import shutil
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.market import N_ITEMS, market, market_items, nonsense
from tests.xmlrec.models.shop import fit_shop, shop_taxonomy
from tests.xmlrec.models.toy import N_LABELS, SETTINGS, known_labels, one_hot, toy_items, toy_ranker
from xmlrec.errors import ModelError
from xmlrec.metrics import expected_calibration_error
from xmlrec.models import RankerSettings, TaxonomyClassifier, verify_model
from xmlrec.models.calibrating import (
    FOLD_SHARE,
    MIN_VALID,
    Calibration,
    Labelled,
    calibrate,
    first_places,
    groups_of,
    join,
    judge,
    judged_again,
    rankers_of_folds,
    without_new,
)
from xmlrec.models.confidence import taxonomy_paths
from xmlrec.models.fusion_training import held_out_order
from xmlrec.models.ranker_training import KnownLabels
from xmlrec.models.training import label_items, text_items
from xmlrec.models.view import known_columns
from xmlrec.probabilities import Calibrator, HeldOut
from xmlrec.probabilities.calibrator import PRIOR

TAXONOMY = shop_taxonomy()
PATHS = taxonomy_paths(TAXONOMY)
FAST = SETTINGS["fast1"]
CALIBRATED = 0.08
"""Calibration error of 2,000 fresh items that 180 held-out ones allow for."""


def labelled(items):
    of_items = label_items(items, TAXONOMY)
    return Labelled(items=text_items(items, ("title",)), Y=of_items.Y)


def known_of(classifier):
    return known_columns(TAXONOMY, np.flatnonzero(classifier.is_findable).astype(np.int32))


def calibrated(classifier, items, **more):
    """Return the calibration of a trained classifier's ranker."""
    settings = more.pop("settings", classifier.settings)
    known = known_of(classifier)
    ranker = classifier.parts.ranker
    return calibrate(ranker, labelled(items), known, settings, PATHS, **more)


def test_fresh_items_are_as_often_right_as_it_says():
    for preset in ("fast", "balanced"):
        view, fresh = market(preset).view, labelled(market_items(2000, seed=21))
        judged = judge(view.ranker, fresh, PATHS, n_threads=2)
        calibrator = view.confidence.calibration.calibrator
        P = calibrator.probabilities(judged.best, judged.frame)

        assert expected_calibration_error(P[:, 0], judged.is_right[:, 0]) < CALIBRATED
        assert abs(P[:, 0].mean() - judged.is_right[:, 0].mean()) < CALIBRATED


@pytest.mark.parametrize("factor", [0.3, 4.0])
def test_a_ranker_that_says_too_little_or_too_much_is_put_right(factor):
    ranker = copy(market().parts.ranker)
    ranker.weights = ranker.weights._replace(of_known=factor * ranker.weights.of_known)
    train, settings = labelled(market_items()), market().settings

    fitted = calibrate(ranker, train, known_of(market()), settings, PATHS).calibrator

    judged = judge(ranker, labelled(market_items(2000, seed=21)), PATHS, n_threads=2)
    raw = Calibrator.untrained(is_single=True, max_depth=3)
    error, before = (
        expected_calibration_error(
            each.probabilities(judged.best, judged.frame)[:, 0], judged.is_right[:, 0]
        )
        for each in (fitted, raw)
    )
    assert error < CALIBRATED < 1.5 * CALIBRATED < before


def test_folds_are_of_items_that_neither_the_ranker_nor_fusion_saw():
    classifier, train = market(), labelled(market_items())
    folds = list(
        rankers_of_folds(
            classifier.parts.ranker, train, known_of(classifier), FAST, teacher=None, n_threads=2
        )
    )

    assert len(folds) == 3
    numbers = {id(item): number for number, item in enumerate(train.items)}
    held_out = [{numbers[id(item)] for item in of_fold.items} for _, of_fold in folds]
    n_fused, order = held_out_order(N_ITEMS, FAST, np.random.default_rng(FAST.seed))
    assert not set.union(*held_out) & set(order[:n_fused].tolist())
    assert len(set.union(*held_out)) == sum(map(len, held_out)) == 3 * round(FOLD_SHARE * N_ITEMS)
    for (ranker, of_fold), rows in zip(folds, held_out, strict=True):
        kept = np.delete(np.arange(N_ITEMS), sorted(rows))
        assert (ranker.labels.counts == train.Y[kept].sum(axis=0)).all()
        assert (train.Y[sorted(rows)] != of_fold.Y).nnz == 0
        assert ranker.weights is classifier.parts.ranker.weights


def test_a_label_that_lost_all_its_items_is_unknown_as_one_that_only_a_new_item_has():
    """The only two items of Garden > Hoses are in the first fold."""
    n_fused, order = held_out_order(120, FAST, np.random.default_rng(FAST.seed))
    rest = order[n_fused:]
    boots_and_pans = (("boot", "Shoes > Boots"), ("pan", "Kitchen > Pans"))
    items = [
        {"title": f"{word} v{n % 7}", "paths": [path]}
        for n in range(60)
        for word, path in boots_and_pans
    ]
    for row in rest[:2].tolist():
        items[row] = {"title": "hose", "paths": ["Garden > Hoses"]}
    train, columns = labelled(items), np.array([1, 6, 9], dtype=np.int32)
    known = known_columns(TAXONOMY, columns)
    folds = rankers_of_folds(market().parts.ranker, train, known, FAST, teacher=None, n_threads=1)

    (first, of_fold), (second, _), *_ = folds

    assert of_fold.Y[:, [9]].sum() == 2
    assert 9 not in first.rank([{"title": "hose"}], 5)[0]
    assert 9 in second.rank([{"title": "hose"}], 5)[0]


def test_too_few_items_give_shares_in_the_soft_maximum():
    calibration = fit_shop(preset="fast").parts.calibration

    assert len(calibration.held_out.nodes) == 0
    np.testing.assert_array_equal(calibration.calibrator.weights, np.tile(PRIOR, (3, 1)))
    (row,) = fit_shop(preset="fast").classify(["ankle boot"], min_precision=0.5, k=20)
    assert row["status"] == "ok"
    chances = [path["confidence"] for path in (*row["paths"], *row["alternatives"])]
    assert sum(chances) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("share", "paths", "is_single"),
    [(0.0, None, True), (0.4, None, False), (0.4, "one", True), (0.0, "several", False)],
)
def test_an_item_has_one_path_if_nearly_all_have_or_as_is_said(share, paths, is_single):
    classifier = market(more_paths=share)
    settings = replace(classifier.settings, paths=paths)

    calibration = calibrated(classifier, market_items(more_paths=share), settings=settings)

    assert calibration.calibrator.is_single is is_single


@pytest.mark.parametrize("how", [{}, {"n_threads": 1}])
def test_the_same_items_give_the_same_calibration(how):
    classifier = market()

    again = calibrated(classifier, market_items(), **how)

    for one, other in zip(arrays_of(again), arrays_of(classifier.parts.calibration), strict=True):
        np.testing.assert_array_equal(one, other)


def arrays_of(calibration):
    return [*calibration.calibrator.to_arrays().values(), *calibration.held_out]


@pytest.mark.parametrize("n_valid", [MIN_VALID - 1, MIN_VALID])
def test_validation_items_are_calibrated_on_if_there_are_enough(n_valid):
    valid = labelled(market_items(n_valid, seed=31))

    calibration = calibrated(market(), market_items(), valid=valid)

    assert len(calibration.held_out.nodes) == (n_valid if n_valid >= MIN_VALID else 180)


def test_labels_absent_from_the_calibration_set_have_probabilities_and_thresholds():
    shoes = [item for item in market_items(1200, seed=31) if item["paths"][0][0] == "Shoes"]
    classifier = TaxonomyClassifier(preset="fast").fit(market_items(), TAXONOMY, valid=shoes)
    assert len(classifier.parts.calibration.held_out.nodes) == len(shoes) > MIN_VALID

    (row,) = classifier.classify(["flexible hose nozzle spray"], k=20)

    assert row["paths"][0]["category_id"] == "10"
    assert 0 < row["paths"][0]["confidence"] <= 1
    of_labels = classifier.view.confidence.thresholds(0.9).of_labels
    assert of_labels[9] == of_labels[5]  # hoses and kettles: that of all


def test_an_item_without_a_known_category_is_never_right():
    valid = [{**item, "paths": ["Toys > Kites"]} for item in market_items(MIN_VALID, seed=31)]
    classifier = TaxonomyClassifier(preset="fast").fit(market_items(), TAXONOMY, valid=valid)

    assert not classifier.parts.calibration.held_out.is_right.any()
    rows = classifier.classify(["leather boot"]) + classifier.classify(["boot"], min_precision=0.5)
    assert [row["status"] for row in rows] == ["review", "abstain"]


def test_items_that_fit_nowhere_count_as_they_do_in_training():
    """Of 600 items 180 are judged: so 100 that fit nowhere count as 30."""
    items = text_items(nonsense(100), ("title",))

    calibration = calibrated(market(), market_items(), none=items)

    calibrator = calibration.calibrator
    ranker = market().parts.ranker
    of_none, of_items = (
        calibrator.none_probabilities(judge(ranker, each, PATHS, n_threads=1).best)
        for each in (
            Labelled(items=items, Y=sp.csr_array((100, len(TAXONOMY)))),
            labelled(market_items(600, seed=41)),
        )
    )
    assert (of_none.mean() > 0.9) & (of_items.mean() < 0.05)
    assert len(calibration.held_out.nodes) == 180 + 30
    assert not calibration.held_out.is_right[180:].any()
    assert calibrated(market(), market_items()).calibrator.none.size == 0


def toy_judged():
    """Return what fusion of the toy ranker was fitted on, some labels hidden."""
    paths = np.array(
        [[parent, label] if parent >= 0 else [label, -1]
         for label, parent in enumerate(known_labels().parents.tolist())], dtype=np.int32,
    )  # fmt: skip
    judged = toy_ranker("balanced").fusion.judged
    return judged, judged_again(judged, SETTINGS["balanced"], paths), paths


def test_what_fusion_was_fitted_on_is_judged_again_with_hidden_labels_as_new():
    judged, again, _ = toy_judged()

    assert (again.Y != judged.Y).nnz == 0
    assert again.frame.is_new.sum() == judged.rows.is_new.sum() > 20
    is_new = again.frame.is_new[again.best.labels] & (again.best.labels >= 0)
    assert (again.is_right & is_new).any()
    assert (np.diff(again.best.scores[:, :2], axis=1) <= 0).all()


def test_without_new_labels_there_are_only_items_and_candidates_of_trained_ones():
    _, judged, _ = toy_judged()

    left = without_new(judged)

    is_new = judged.frame.is_new
    assert not (left.Y @ is_new.astype(np.float32)).any()
    assert not is_new[left.best.labels[left.best.labels >= 0]].any()
    n_kept = (judged.Y @ is_new.astype(np.float32) == 0).sum()
    assert left.Y.shape[0] == left.best.Z.shape[0] == n_kept < judged.Y.shape[0]
    is_label = left.best.labels >= 0
    assert (np.sort(is_label, axis=1)[:, ::-1] == is_label).all()  # none between others
    assert (
        left.is_right.sum() > 0.9 * judged.is_right[judged.Y @ is_new.astype(np.float32) == 0].sum()
    )


def test_new_labels_are_weighed_as_those_that_were_hidden():
    items, labels = toy_items()
    train = Labelled(items=items, Y=one_hot(labels, N_LABELS))
    _, _, paths = toy_judged()
    ranker = toy_ranker("balanced")

    # a transformer is not trained again: what its fusion was fitted on is all there is
    accurate = RankerSettings(preset="accurate", text=("title",))
    calibration = calibrate(ranker, train, known_labels(), accurate, paths)

    assert (calibration.calibrator.weights[2] != PRIOR).any()
    assert (
        len(calibration.held_out.nodes)
        == without_new(judged_again(ranker.fusion.judged, accurate, paths)).Y.shape[0]
    )


def test_a_transformer_without_held_out_items_is_not_calibrated():
    ranker = toy_ranker("balanced")
    alone = type(ranker)(
        ranker.features, ranker, ranker.labels, ranker.weights
    )  # no fusion was fitted  # fmt: skip
    items, labels = toy_items()
    train = Labelled(items=items, Y=one_hot(labels, N_LABELS))

    accurate = RankerSettings(preset="accurate", text=("title",))
    calibration = calibrate(alone, train, known_labels(), accurate, toy_judged()[2])

    np.testing.assert_array_equal(calibration.calibrator.weights, np.tile(PRIOR, (3, 1)))


def test_joined_items_are_those_of_each_part_in_order():
    _, judged, _ = toy_judged()
    one, other = judged.take(np.arange(3)), judged.take(np.arange(3, 8))

    both = join([one, other])

    assert join([one]) is one
    np.testing.assert_array_equal(both.best.labels, judged.best.labels[:8])
    np.testing.assert_array_equal(both.best.Z, judged.best.Z[:8])
    np.testing.assert_array_equal(both.is_right, judged.is_right[:8])


def test_a_saved_calibration_is_the_same_again(tmp_path):
    calibration = market(n_nonsense=100).parts.calibration
    calibration.save(tmp_path / "calibration")

    again = Calibration.load(tmp_path / "calibration")

    for one, other in zip(arrays_of(again), arrays_of(calibration), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert again.calibrator.none.size


FILES = ("weights", "lifts", "is_single", "none", *HeldOut._fields)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_cut_or_strange_file_of_a_calibration_is_refused(tmp_path, name):
    folder = tmp_path / "calibration"
    market().parts.calibration.save(folder)
    path = folder / f"{name}.npy"
    content = path.read_bytes()

    path.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=name):
        Calibration.load(folder)
    path.unlink()
    with pytest.raises(ValueError, match="has other files than a calibration's"):
        Calibration.load(folder)
    path.write_bytes(content)
    (folder / "more.npy").write_bytes(content)
    with pytest.raises(ValueError, match="has other files than a calibration's"):
        Calibration.load(folder)


@pytest.fixture(scope="module")
def saved_market(tmp_path_factory):
    """The folder of a saved classifier; tests copy it before they damage it."""
    folder = tmp_path_factory.mktemp("models") / "market"
    market(n_nonsense=100).save(folder)
    return folder


def test_a_loaded_model_has_the_same_probabilities(saved_market):
    loaded, titles = TaxonomyClassifier.load(saved_market), [i["title"] for i in market_items(50)]
    verify_model(saved_market)

    for how in ({}, {"min_precision": 0.9}, {"exclude": ["Shoes"]}):
        one, other = (
            [{**row, "model": ""} for row in each.classify(titles, **how)]
            for each in (loaded, market(n_nonsense=100))
        )
        assert one == other


@pytest.mark.parametrize("name", FILES)
def test_a_model_with_a_damaged_calibration_is_refused_by_the_name_of_the_file(
    saved_market, tmp_path, name
):
    model = shutil.copytree(saved_market, tmp_path / "model")
    path = model / "base" / "calibration" / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)

    for opens in (TaxonomyClassifier.load, verify_model):
        with pytest.raises(ModelError, match=f"calibration/{name}.npy") as raised:
            opens(model)
        assert "\n" not in str(raised.value)


def test_held_out_answers_of_another_taxonomy_are_refused(saved_market, tmp_path):
    model = shutil.copytree(saved_market, tmp_path / "model")
    path = model / "base" / "calibration" / "nodes.npy"
    nodes = np.load(path)
    nodes[0, 0] = len(TAXONOMY)
    np.save(path, nodes)

    with pytest.raises(ModelError, match="its parts come from different models"):
        TaxonomyClassifier.load(model, verify=False)


def test_items_with_one_description_are_one_group():
    texts = ["a boot", "a hose", "a boot", "", None, "a boot"]
    texts += [f"item {number}" for number in range(30)]
    items = [{"title": str(number), "description": text} for number, text in enumerate(texts)]

    groups = groups_of([*items, {"title": "36"}], ("title", "description"))

    assert groups[0] == groups[2] == groups[5]
    assert len(set(groups.tolist())) == 37 - 2


def test_a_text_that_many_items_have_makes_no_group():
    items = [{"title": str(number), "description": "no description"} for number in range(50)]

    assert len(set(groups_of(items, ("title", "description")).tolist())) == 50


def test_items_that_share_one_description_are_calibrated_on():
    items = [{**item, "description": "See the title."} for item in market_items()]

    classifier = TaxonomyClassifier(preset="fast").fit(items, shop_taxonomy())

    assert len(classifier.parts.calibration.held_out.nodes) == 3 * round(FOLD_SHARE * N_ITEMS)


def test_no_item_of_a_group_is_trained_on_where_one_is_held_out():
    groups = np.array([3, 1, 3, 2, 1, 0], dtype=np.int32)

    assert first_places(groups).tolist() == [0, 1, 0, 3, 1, 5]


def test_folds_take_whole_groups(monkeypatch):
    taught = []

    class Spy:
        weights = None

        @classmethod
        def fit(cls, items, *arguments, **options):
            taught.append([item["title"] for item in items])
            return cls()

    monkeypatch.setattr("xmlrec.models.calibrating.TextRanker", Spy)
    items = [
        {"title": str(number), "description": f"of group {number // 4}"} for number in range(400)
    ]
    labels = np.arange(400) % 2
    Y = sp.csr_array((np.ones(400, np.float32), (np.arange(400), labels)), shape=(400, 2))
    known = KnownLabels(np.arange(2, dtype=np.int32), ["a", "b"], ["a", "b"], np.full(2, -1))
    settings = RankerSettings(preset="fast")

    folds = rankers_of_folds(
        Spy(), Labelled(items=items, Y=Y), known, settings, teacher=None, n_threads=1
    )

    for (_, held_out), seen in zip(folds, taught, strict=False):
        groups = {item["description"] for item in held_out.items}
        assert len(held_out.items) == 40
        assert groups.isdisjoint(items[int(title)]["description"] for title in seen)
        assert len(groups) <= 16  # a few of a group were fitted on by fusion
