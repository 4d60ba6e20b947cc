import numpy as np
import pytest

from xmlrec.text import TextFeatures
from xmlrec.text.words import ItemWords

ITEMS = [
    {"title": "Cordless kettle 1.7 l", "description": "Boils water."},
    {"title": "電気ケトル kettles"},
    {"title": "Größe x"},
]


@pytest.fixture(scope="module")
def features():
    return TextFeatures().fit(ITEMS)


@pytest.mark.parametrize("item", [*ITEMS, "kettle kettles cord", "", "<b>KETTLE</b> &amp; ketchup"])
def test_words_stand_for_all_features_and_their_values_add_up(features, item):
    X = features.transform([item])
    values = np.random.default_rng(0).normal(size=X.nnz)

    words = ItemWords(features, item).weigh(X.indices, values)

    assert sum(word.value for word in words) == pytest.approx(values.sum())
    assert [word.value for word in words] == sorted((w.value for w in words), reverse=True)
    assert len({(word.text, word.unit) for word in words}) == len(words)


def test_n_grams_of_characters_are_shown_as_the_words_that_they_are_in(features):
    X = features.transform([ITEMS[0]])

    words = ItemWords(features, ITEMS[0]).weigh(X.indices, X.data)

    texts = {
        unit: {w.text for w in words if w.unit == unit} for unit in ("word", "words", "letters")
    }
    assert texts["word"] == {"cordless", "kettle", "1", "7", "l", "boils", "water"}
    assert "cordless kettle" in texts["words"]
    assert texts["letters"] == {"cordless", "kettle", "1", "7", "l"}  # of the title alone


def test_an_n_gram_of_several_words_counts_in_equal_parts_for_each(features):
    item = "kettle kettles"
    feature = features.feature_names().index("title|char|kett")

    words = ItemWords(features, item).weigh(np.array([feature]), np.array([1.0]))

    assert words == [("kettle", "letters", 0.5), ("kettles", "letters", 0.5)]


def test_characters_of_a_script_without_spaces_are_words_and_their_letters_a_run(features):
    X = features.transform([ITEMS[1]])

    words = ItemWords(features, ITEMS[1]).weigh(X.indices, X.data)

    assert {word.text for word in words if word.unit == "letters"} == {"電気ケトル", "kettles"}
    assert {"電", "気"} < {word.text for word in words if word.unit == "word"}


def test_no_feature_gives_no_word(features):
    assert ItemWords(features, "").weigh(np.zeros(0, dtype=np.int32), np.zeros(0)) == []


def test_words_that_training_did_not_see_are_shared_too(features):
    words = ItemWords(features, {"title": "Zebra kettle", "description": "A 湯 pot, zebra"})

    assert words.shared("Pots, KETTLE &amp; zebra pot; pot 湯気") == (
        "kettle",
        "zebra",
        "pot",
        "湯",
    )
    assert words.shared("") == ()
