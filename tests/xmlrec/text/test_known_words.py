import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from xmlrec.text import TextFeatures
from xmlrec.text.known_words import count_words, expected_words
from xmlrec.text.words import scanned_words

WORDS = ["boot", "hose", "kettle", "größe", "日本", "17", "a-b", "wok"]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), min_size=1, max_size=6)
FEATURES = TextFeatures().fit([{"title": "boot hose", "description": "größe 17"}])


def no_names(features):
    return sp.csr_array((0, features.n_features), dtype=np.float32)


@settings(deadline=None)
@given(titles=texts, descriptions=texts)
def test_words_are_counted_once_an_item(titles, descriptions):
    items = [
        {"title": title, "description": description}
        for title, description in zip(titles, descriptions, strict=False)
    ]

    counts = count_words(FEATURES, items)

    of_items = [
        {
            *scanned_words(item["title"], FEATURES)[0],
            *scanned_words(item["description"], FEATURES)[0],
        }
        for item in items
    ]
    known = set(scanned_words("boot hose größe 17", FEATURES)[0])
    assert counts.n_items == len(items)
    assert counts.n_words == sum(map(len, of_items))
    assert counts.n_known == sum(len(words & known) for words in of_items)
    unknown = set().union(*of_items) - known
    assert counts.unknown == {w: sum(w in words for words in of_items) for w in unknown}


def test_no_items_have_no_words():
    assert count_words(FEATURES, [])[:3] == (0, 0, 0)


def test_words_of_one_item_are_the_share_of_new_words():
    features = TextFeatures().fit([{"title": "a b"}, {"title": "a c"}, {"title": "a b d"}])

    # 7 words of three items; c and d are in one
    assert expected_words(features, no_names(features), 3) == pytest.approx((7 / 3, 2 / 7))


def test_names_count_as_no_items():
    items = [{"title": "a b"}, {"title": "a c"}, {"title": "a b d"}]
    features = TextFeatures().fit([*items, {"title": "c"}, {"title": "e"}])
    names = features.transform([{"title": "c"}, {"title": "e"}])

    # c is known by a name, e is of no item
    assert expected_words(features, names, 3) == pytest.approx((7 / 3, 1 / 7))


def test_new_words_are_as_many_as_expected():
    rng = np.random.default_rng(0)
    items = [{"title": " ".join(f"w{n}" for n in rng.zipf(1.5, 8))} for _ in range(4000)]
    features = TextFeatures().fit(items[:2000])

    counts = count_words(features, items[2000:])
    expected = expected_words(features, no_names(features), 2000)

    assert counts.n_words / counts.n_items == pytest.approx(expected.per_item, rel=0.02)
    share = 1 - counts.n_known / counts.n_words
    assert share > 0.05
    assert share == pytest.approx(expected.unknown_share, rel=0.1)
