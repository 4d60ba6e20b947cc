from collections import Counter

import numpy as np
import pytest

from tests.xmlrec.models.market import market_items
from tests.xmlrec.models.shop import WORDS, shop_taxonomy
from xmlrec.batch.answering import Answerer
from xmlrec.batch.auditing import AuditFormat
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.drift import MIN_ROWS, find_drift, is_much, stability_index
from xmlrec.batch.request import Request
from xmlrec.batch.tally import N_BINS, Tally, count_confidences
from xmlrec.catalog import Row
from xmlrec.models import TaxonomyClassifier

COLOURS = ["black", "white", "red", "blue", "green", "brown", "grey", "pink"]


def described(items, seed=0):
    """Return items with a description of six words that are in any category."""
    rng = np.random.default_rng(seed)
    return [{**item, "description": " ".join(rng.choice(COLOURS, 6))} for item in items]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift") / "model"
    items = described(market_items(800))
    TaxonomyClassifier(preset="fast").fit(items, shop_taxonomy()).save(folder)
    return folder


@pytest.fixture(scope="module")
def classifier(folder):
    return TaxonomyClassifier.load(folder)


@pytest.fixture
def count(folder, classifier):
    """Return what a run over items counts."""
    request = Request(
        model=folder, model_name=classifier.model_name_, format=AuditFormat(delimiter=None)
    )
    answer = Answerer(request, 1)

    def count(items):
        fields = [{k: v for k, v in item.items() if k not in ("id", "paths")} for item in items]
        rows = tuple(Row(str(n), each, (), n, 0, "shop.csv") for n, each in enumerate(fields))
        return answer(Chunk(0, rows)).tally

    return count


def new_items(n_items=400, seed=9):
    return described(market_items(n_items, seed), seed)


def test_items_like_those_of_the_training_are_no_alarm(classifier, count):
    assert find_drift(count(new_items()), classifier) == []


def test_few_rows_are_no_alarm(classifier, count):
    items = [{"title": "\u0431\u043e\u0442\u0438\u043d\u043a\u0438"}] * (MIN_ROWS - 1)
    assert find_drift(count(items), classifier) == []
    assert find_drift(count([*items, items[0]]), classifier) != []


def test_a_catalog_of_the_same_distribution_alarms_once_in_a_hundred_runs_at_most(
    classifier, count
):
    rng = np.random.default_rng(0)
    nodes, P, _ = classifier.parts.calibration.held_out
    words = count(new_items(256))
    n_alarms = 0
    for _ in range(1000):
        rows = rng.integers(0, len(nodes), rng.integers(MIN_ROWS, 2000))
        tally = Tally(
            by_status=Counter(ok=rows.size),
            by_category=Counter(nodes[rows, 0].tolist()),
            confidences=count_confidences(P[rows, 0].tolist()),
            n_looked_at=words.n_looked_at,
            n_words=words.n_words,
            n_known_words=words.n_known_words,
        )
        n_alarms += bool(find_drift(tally, classifier))
    assert n_alarms <= 10


@pytest.mark.parametrize("n_bins", [2, 5, 20, 200])
def test_two_samples_of_one_distribution_seldom_differ_much(n_bins):
    rng = np.random.default_rng(n_bins)
    n_much = 0
    for _ in range(1000):
        shares = rng.dirichlet(np.full(n_bins, 0.5))
        sizes = rng.integers(MIN_ROWS, 1000, 2)
        n_much += is_much(*(rng.multinomial(size, shares) for size in sizes))
    assert n_much <= 10


def test_a_moved_half_is_much():
    assert is_much(np.array([100, 300]), np.array([300, 100]))
    assert is_much(np.array([0, 400]), np.array([400, 0]))
    assert not is_much(np.array([400, 0]), np.array([400, 0]))


def test_the_index_is_finite_where_a_bin_is_empty():
    p, q = 0.5 / 11, 10.5 / 11  # half a row more in each of two bins
    expected = 2 * (q - p) * np.log(q / p)
    assert stability_index(np.array([0, 10]), np.array([10, 0])) == pytest.approx(expected)


def test_other_categories_are_named(classifier, count):
    hoses = [item for item in market_items(3000, 9) if item["paths"] == [["Garden", "Hoses"]]]
    (alarm,) = [
        one for one in find_drift(count(described(hoses)), classifier) if "categories" in one
    ]
    assert alarm.startswith("its categories are others: Garden has ")
    assert alarm.endswith(" there")


def test_new_words_are_named(classifier, count):
    items = [{**item, "title": f"{item['title']} zorp blick fnord"} for item in new_items()]
    (alarm,) = find_drift(count(items), classifier)
    assert (
        "of its words are unknown to the model, such as 'blick', 'fnord', 'zorp'; 0% there" in alarm
    )


def test_another_language_is_an_alarm(classifier, count):
    german = ["Wanderstiefel", "aus", "echtem", "Leder", "für", "Damen", "und", "Herren"]
    rng = np.random.default_rng(0)
    items = [{"title": " ".join(rng.choice(german, 5, replace=False))} for _ in range(300)]
    alarms = find_drift(count(items), classifier)
    assert any(one.startswith("100% of its words are unknown to the model") for one in alarms)
    assert any("less sure" in one for one in alarms)


def test_a_script_that_the_model_does_not_know_is_an_alarm(classifier, count):
    alarms = find_drift(count([{"title": "\u65e5\u672c \u8a9e"}] * 300), classifier)
    assert "100% of its rows have no word that says anything, 0% there" in alarms


def test_broken_markup_in_titles_is_named(classifier, count):
    items = [
        {**item, "title": f"div class=title span style=bold href {item['title']}"}
        for item in new_items()
    ]
    (alarm,) = [one for one in find_drift(count(items), classifier) if "unknown" in one]
    assert "such as 'bold', 'class', 'div', 'href'" in alarm


def test_whole_tags_in_titles_are_no_alarm_as_they_are_not_read(classifier, count):
    items = [{**item, "title": f'<b class="x">{item["title"]}</b><br>'} for item in new_items()]
    assert find_drift(count(items), classifier) == []


def test_empty_descriptions_are_an_alarm(classifier, count):
    items = [{**item, "description": ""} for item in new_items()]
    alarms = find_drift(count(items), classifier)
    assert any(one.endswith("a text column is short or empty") for one in alarms)


def test_rows_that_are_easier_than_new_ones_are_told(classifier, count):
    """As those are that the model has seen."""
    rng = np.random.default_rng(0)
    items = described([{"title": words} for words in rng.choice(list(WORDS.values()), 400)])
    (alarm,) = find_drift(count(items), classifier)
    assert alarm.startswith("the model is surer of its rows than of training rows held out (mean ")
    assert alarm.endswith("), as it is of rows that it was trained on")


def test_answers_that_were_asked_for_otherwise_are_not_compared(classifier, count):
    hoses = [{"title": f"Acme {WORDS['10']}", "description": " ".join(COLOURS[:6])}] * 300
    assert find_drift(count(hoses), classifier) != []
    assert find_drift(count(hoses), classifier, are_best=False) == []


def test_a_tally_of_nothing_is_no_alarm(classifier):
    assert find_drift(Tally(), classifier) == []
    assert find_drift(Tally(by_status=Counter(abstain=500)), classifier) == [
        "100% of its rows have no word that says anything, 0% there"
    ]
    assert len(Tally().confidences) == N_BINS
