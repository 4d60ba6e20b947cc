"""Figures of the probabilities, against plain computation from the rows of the same items."""

import math

import numpy as np
import pytest

from tests.xmlrec.models.market import market, market_items, nonsense
from tests.xmlrec.models.shop import fit_shop, shop_taxonomy
from xmlrec.errors import TrainingError
from xmlrec.models import assessing
from xmlrec.models.scope import DEFAULT_PRECISION

N_ITEMS = 150
DECIMALS = 1e-3
"""Rows have probabilities of four decimals."""


def shown(row):
    return [*row["paths"], *row["alternatives"]]


def plain_ece(pairs, n_bins=10):
    """Return the mean gap of bins of equal mass; ties go where their middle one does."""
    pairs, total = sorted(pairs), 0.0
    chances = [p for p, _ in pairs]
    bins = {}
    for p, is_right in pairs:
        first, last = chances.index(p), len(chances) - 1 - chances[::-1].index(p)
        middle = (first + last) / 2
        bins.setdefault(int(middle * n_bins / len(pairs)), []).append((p, is_right))
    for rows in bins.values():
        total += abs(sum(p for p, _ in rows) - sum(is_right for _, is_right in rows))
    return total / len(pairs)


class Plain:
    """All that the figures are made of, from rows and items."""

    def __init__(self, classifier, items):
        self.classifier, self.items = classifier, items
        self.rows = classifier.classify(items, k=20)
        self.truths = [{tuple(path) for path in item["paths"]} for item in items]
        self.top = [shown(row)[0] for row in self.rows]

    def is_right(self, path, truth):
        return tuple(path["path"]) in truth

    def top_pairs(self):
        return [
            (path["confidence"], self.is_right(path, truth))
            for path, truth in zip(self.top, self.truths, strict=True)
        ]

    def level_pairs(self, level):
        return [
            (
                path["level_confidence"][level - 1],
                any(one[:level] == tuple(path["path"][:level]) for one in truth),
            )
            for path, truth in zip(self.top, self.truths, strict=True)
            if len(path["path"]) >= level
        ]

    def all_pairs(self):
        return [
            (path["confidence"], self.is_right(path, truth))
            for row, truth in zip(self.rows, self.truths, strict=True)
            for path in shown(row)[:10]
        ]

    def f1(self):
        scores = []
        for row, truth in zip(self.rows, self.truths, strict=True):
            answered = {tuple(path["path"]) for path in row["paths"]}
            scores.append(2 * len(answered & truth) / (len(answered) + len(truth)))
        return 100 * sum(scores) / len(scores)


@pytest.fixture(scope="module", params=[("fast", 0.0), ("balanced", 0.0), ("fast", 0.4)])
def measured(request):
    """The metrics of fresh items, and what these are made of."""
    preset, more_paths = request.param
    classifier = market(preset, n_items=2400, more_paths=more_paths)  # some answers are sure
    items = market_items(N_ITEMS, seed=51, more_paths=more_paths)
    return classifier.evaluate(items), Plain(classifier, items)


def test_calibration_errors_are_those_of_the_rows(measured):
    metrics, plain = measured

    assert metrics["ece"] == pytest.approx(plain_ece(plain.top_pairs()), abs=DECIMALS)
    assert metrics["ece_pairs"] == pytest.approx(plain_ece(plain.all_pairs()), abs=DECIMALS)
    for level in (1, 2):
        expected = plain_ece(plain.level_pairs(level))
        assert metrics[f"ece_level_{level}"] == pytest.approx(expected, abs=DECIMALS)
    assert "ece_level_3" not in metrics  # no category with items is as deep


def test_proper_scores_are_those_of_the_rows(measured):
    metrics, plain = measured
    pairs = plain.top_pairs()

    brier = sum((p - is_right) ** 2 for p, is_right in pairs) / N_ITEMS
    assert metrics["brier"] == pytest.approx(brier, abs=DECIMALS)
    logs = sum(-math.log(max(p if is_right else 1 - p, 1e-4)) for p, is_right in pairs) / N_ITEMS
    assert metrics["log_loss"] == pytest.approx(logs, rel=0.02)


def test_coverage_and_precision_are_those_of_what_is_sure(measured):
    metrics, plain = measured
    thresholds = plain.classifier.view.confidence.thresholds(DEFAULT_PRECISION).of_labels
    columns = {label: at for at, label in enumerate(plain.classifier.taxonomy_.ids)}
    sure = [
        is_right
        for path, (p, is_right) in zip(plain.top, plain.top_pairs(), strict=True)
        if p >= thresholds[columns[path["category_id"]]]
    ]

    assert len(sure) > 10
    assert metrics["coverage@p95"] == pytest.approx(100 * len(sure) / N_ITEMS, abs=1)
    assert metrics["precision@p95"] == pytest.approx(100 * np.mean(sure), abs=1)
    if plain.classifier.parts.calibration.calibrator.is_single:
        ok = [row["status"] for row in plain.rows].count("ok")
        assert metrics["coverage@p95"] == pytest.approx(100 * ok / N_ITEMS)


def test_example_f1_is_that_of_the_paths_that_hold(measured):
    metrics, plain = measured

    assert metrics["example_f1"] == pytest.approx(plain.f1())
    if plain.classifier.parts.calibration.calibrator.is_single:
        assert metrics["example_f1"] == pytest.approx(metrics["p@1"])


def test_items_without_a_path_say_how_well_the_model_knows_what_fits_nowhere():
    classifier, items = market(), market_items(60, seed=52)
    others = [*nonsense(15, seed=53), {"title": "boot", "paths": []}, {"title": ""}]

    metrics = classifier.evaluate([*others[:5], *items, *others[5:]])

    known, none = (
        [shown(row)[0]["confidence"] if shown(row) else 0.0 for row in classifier.classify(each)]
        for each in (items, others)
    )
    wins = [(p > q) + (p == q) / 2 for p in known for q in none]
    assert metrics["abstain_auroc"] == pytest.approx(np.mean(wins), abs=DECIMALS)
    assert metrics["n_without_category"] == len(others)
    without = classifier.evaluate(items)
    assert "abstain_auroc" not in without
    for name in ("ece", "brier", "log_loss", "example_f1", "coverage@p95", "n"):
        assert metrics[name] == without[name]


def test_figures_by_hand(monkeypatch):
    """Three items: right at 0.8, wrong at 0.6, and one without text, which has no answer."""
    classifier = fit_shop(preset="fast")
    items = [
        {"title": "ankle boot", "paths": ["Shoes > Boots"]},
        {"title": "ankle boot", "paths": ["Kitchen > Pans"]},
        {"title": "", "paths": ["Kitchen > Pans"]},
    ]
    decide = type(classifier.view).decide

    def made_up(view, texts, *args, **how):
        answers = decide(view, texts, *args, **how)
        answers.confident.P[:, 0] = [0.8, 0.6, 0.0][: len(texts)]
        answers.confident.P[:, 1:] = 0
        return answers

    monkeypatch.setattr(type(classifier.view), "decide", made_up)
    metrics = classifier.evaluate(items)

    assert metrics["brier"] == pytest.approx(((1 - 0.8) ** 2 + 0.6**2 + 0) / 3)
    losses = -math.log(0.8), -math.log(1 - 0.6), -math.log(1 - 1e-7)
    assert metrics["log_loss"] == pytest.approx(sum(losses) / 3)
    assert metrics["ece"] == pytest.approx((0.2 + 0.6 + 0) / 3)  # a bin each
    assert metrics["coverage@p95"] == metrics["precision@p95"] == 0  # nothing is as sure as 0.95
    assert metrics["example_f1"] == pytest.approx(100 / 3)


def test_a_category_that_the_model_does_not_know_is_never_right():
    items = [{**item, "paths": ["Kitchen > Pans > Copper"]} for item in market_items(30)]

    metrics = market().evaluate(items)

    assert metrics["example_f1"] == metrics["precision@p95"] == 0
    confidence = [shown(row)[0]["confidence"] for row in market().classify(items)]
    assert metrics["ece"] == pytest.approx(np.mean(confidence), abs=DECIMALS)


def test_items_none_of_which_has_a_path_are_refused():
    with pytest.raises(TrainingError, match="no row has a category path"):
        market().evaluate(nonsense(3))
    with pytest.raises(TrainingError, match="no row has a category path"):
        market().evaluate([])


def test_a_report_has_what_the_rows_have():
    classifier = market()
    items = [*nonsense(2), *market_items(40, seed=54), {"title": "boot", "paths": ["Shoes"]}]
    items = [{**item, "id": None} if n % 2 else item for n, item in enumerate(items)]

    evaluation = classifier.assess(items, source="fresh.csv")

    rows = classifier.classify(items, k=20)[2:]
    assert list(evaluation.ids) == [row["id"] for row in rows]
    assert evaluation.metrics == classifier.evaluate(items)
    for i, row in enumerate(rows):
        top = shown(row)[0]
        assert evaluation.paths[evaluation.labels[i, 0]] == top["path_text"]
        assert round(float(evaluation.probabilities[i, 0]), 4) == top["confidence"]
        levels = evaluation.level_probabilities[i]
        assert np.round(levels[~np.isnan(levels)].astype(float), 4).tolist() == pytest.approx(
            top["level_confidence"]
        )
        is_sure = evaluation.probabilities[i, 0] >= evaluation.thresholds[i]
        assert is_sure == (row["status"] == "ok")
    assert evaluation.facts["Model"]["paths of an item"] == "one"
    assert evaluation.facts["Model"]["rows that probabilities are calibrated on"] == "180"
    assert evaluation.facts["Data"] == {"file": "fresh.csv", "rows": "43"}
    assert evaluation.facts["Versions"] == assessing.versions()


def test_categories_that_only_the_items_name_come_last_in_a_report():
    items = [{"title": "ankle boot", "paths": ["Shoes > Clogs > Wooden > Small"]}]

    evaluation = fit_shop(preset="fast").assess(items)

    n_known = len(shop_taxonomy())
    assert evaluation.paths[n_known:] == [
        "Shoes > Clogs", "Shoes > Clogs > Wooden", "Shoes > Clogs > Wooden > Small"
    ]  # fmt: skip
    assert evaluation.level_probabilities.shape == (1, 4)
    assert np.isnan(evaluation.level_probabilities[0, 2:]).all()
    assert evaluation.label_counts[n_known:].tolist() == [0, 0, 0]
