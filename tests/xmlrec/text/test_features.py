import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.oracles.text import fit_reference, transform_reference
from xmlrec.errors import TrainingError
from xmlrec.text import FAST_BLOCKS, MAX_CHARS, NgramBlock, TextFeatures, vocabulary
from xmlrec.text.kernels import transform_rows

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # hashes

FIELDS = ("title", "description", "brand")

tricky_text = st.text(
    alphabet="aaB1 -_<>&é日本のกำ\u0301\u00ad\u200b\ufe0f\0\ufffd😀ß㍿İ한", max_size=30
)
texts = st.one_of(tricky_text, st.text(max_size=20), st.sampled_from(["", "a b a b", "&amp;"]))
items = st.one_of(texts, st.dictionaries(st.sampled_from(FIELDS), texts))


@st.composite
def blocks(draw):
    sizes = sorted(draw(st.tuples(st.integers(1, 5), st.integers(1, 5))))
    fields = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True))
    return {
        "fields": tuple(fields),
        "field_weights": tuple(draw(st.sampled_from((0.3, 1.0, 2.5))) for _ in fields),
        "unit": draw(st.sampled_from(("word", "char"))),
        "n_min": sizes[0],
        "n_max": sizes[1],
        "weight": draw(st.sampled_from((0.5, 1.0))),
        "min_df": draw(st.integers(1, 2)),
    }


def some_items(n, seed=0):
    """Titles and descriptions of Zipf-distributed words of few letters, some not ASCII."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdeé日"))
    words = ["".join(rng.choice(letters, size=rng.integers(1, 6))) for _ in range(500)]
    picks = np.minimum(rng.zipf(1.3, size=(n, 12)), 500) - 1
    return [
        {
            "title": " ".join(words[i] for i in row[:4]),
            "description": ", ".join(words[i] for i in row[4:]),
        }
        for row in picks
    ]


def as_bytes(X):
    return X.indptr.tobytes(), X.indices.tobytes(), X.data.tobytes()


@settings(deadline=None)
@given(
    training=st.lists(items, min_size=1, max_size=6),
    others=st.lists(items, max_size=3),
    settings_=st.lists(blocks(), min_size=1, max_size=3),
)
def test_features_match_the_definition(training, others, settings_):
    chosen = [NgramBlock(name=f"block {i}", **block) for i, block in enumerate(settings_)]
    expected = fit_reference(training, chosen)
    if not any(expected):
        with pytest.raises(TrainingError, match="no text"):
            TextFeatures(chosen).fit(training)
        return

    features = TextFeatures(chosen).fit(training)
    X = features.transform(training + others)

    names = features.feature_names()
    assert sorted(names) == sorted(
        f"{block.name}|{gram}" for block, idf in zip(chosen, expected, strict=True) for gram in idf
    )
    column = {name: i for i, name in enumerate(names)}
    for row, item in enumerate(training + others):
        values = transform_reference(item, expected, chosen)
        here = slice(X.indptr[row], X.indptr[row + 1])
        assert X.indices[here].tolist() == sorted(column[name] for name in values)
        np.testing.assert_allclose(
            X.data[here], [values[names[i]] for i in X.indices[here]], rtol=1e-5
        )


@pytest.mark.parametrize(
    ("unit", "n_min", "n_max", "sklearn_settings"),
    [
        ("word", 1, 2, {"token_pattern": "[^ ]+"}),
        ("char", 2, 5, {"analyzer": "char_wb"}),
        ("char", 1, 1, {"analyzer": "char_wb"}),
        ("char", 6, 8, {"analyzer": "char_wb"}),
    ],
)
def test_ascii_features_equal_those_of_scikit_learn(unit, n_min, n_max, sklearn_settings):
    rng = np.random.default_rng(1)
    characters = np.array(list("abcDEF12  ,.-_'"))
    titles = ["".join(rng.choice(characters, size=rng.integers(0, 60))) for _ in range(300)]
    block = NgramBlock(name="t", fields=("title",), unit=unit, n_min=n_min, n_max=n_max)
    theirs = TfidfVectorizer(
        preprocessor=lambda title: re.sub(r"[\W_]+", " ", title.lower()),
        ngram_range=(n_min, n_max),
        sublinear_tf=True,
        **{"token_pattern": None} | sklearn_settings,
    )
    ours = TextFeatures([block]).fit(titles)

    expected = theirs.fit_transform(titles)

    names = [name.removeprefix("t|") for name in ours.feature_names()]
    assert sorted(names) == sorted(theirs.vocabulary_)
    order = [theirs.vocabulary_[name] for name in names]
    difference = ours.transform(titles) - sp.csr_array(expected)[:, order]
    assert np.abs(difference).max() < 1e-5


def test_hand_worked_row_of_two_blocks():
    blocks = [
        NgramBlock(
            name="w",
            fields=("title", "brand"),
            field_weights=(1.0, 0.5),
            unit="word",
            n_min=1,
            n_max=1,
        ),
        NgramBlock(name="p", fields=("title",), unit="word", n_min=2, n_max=2, weight=0.5),
    ]
    features = TextFeatures(blocks).fit(["red shoe", "red hat"])

    row = features.transform([{"title": "red red shoe", "brand": "hat"}]).toarray()[0]

    red = (1 + np.log(2)) * (np.log(3 / 3) + 1)
    shoe = 1 * (np.log(3 / 2) + 1)
    hat = 0.5 * (np.log(3 / 2) + 1)
    norm = np.sqrt(red**2 + shoe**2 + hat**2)
    value = dict(zip(features.feature_names(), row * np.sqrt(1**2 + 0.5**2), strict=True))
    assert value == pytest.approx(
        {
            "w|red": red / norm,
            "w|shoe": shoe / norm,
            "w|hat": hat / norm,
            "p|red shoe": 0.5,
            "p|red hat": 0.0,
        }
    )


def test_features_of_a_block_are_numbered_from_the_most_frequent():
    features = TextFeatures().fit(some_items(300))

    starts, idf = features.vocabulary_.block_starts, features.vocabulary_.idf
    for start, stop in zip(starts, starts[1:], strict=False):
        assert np.all(np.diff(idf[start:stop]) >= 0)
    owners = [name.rpartition("|")[0] for name in features.feature_names()]
    assert owners == [
        b.name for b, n in zip(FAST_BLOCKS, np.diff(starts), strict=True) for _ in range(n)
    ]


def test_rows_have_unit_norm_and_sorted_int32_indices():
    X = TextFeatures().fit_transform(some_items(100) + [""])

    assert (X.data.dtype, X.indices.dtype, X.shape[0]) == (np.float32, np.int32, 101)
    norms = np.sqrt(X.multiply(X).sum(axis=1))
    np.testing.assert_allclose(norms[:100], 1, rtol=1e-5)
    assert norms[100] == 0
    unsorted = sp.csr_array((X.data, X.indices, X.indptr), shape=X.shape)
    assert unsorted.has_canonical_format


def test_training_in_any_order_and_number_of_threads_gives_the_same_arrays():
    items = some_items(1100)

    expected = TextFeatures().fit(items, n_threads=1).to_arrays()

    for other in (
        TextFeatures().fit(items, n_threads=2),
        TextFeatures().fit(items, n_threads=3),
        TextFeatures().fit(items[::-1], n_threads=1),
    ):
        for name, array in other.to_arrays().items():
            assert array.tobytes() == expected[name].tobytes(), name


def test_a_row_is_the_same_for_any_batch_order_and_number_of_threads():
    items = some_items(1100)
    features = TextFeatures().fit(items[:300])

    X = features.transform(items, n_threads=1)

    assert as_bytes(features.transform(items, n_threads=3)) == as_bytes(X)
    assert as_bytes(features.transform(items[::-1], n_threads=2)) == as_bytes(X[::-1])
    for row in (0, 5, 1099):
        assert as_bytes(features.transform([items[row]])) == as_bytes(X[[row]])


def test_several_callers_at_once_get_the_same_rows():
    items = some_items(60)
    features = TextFeatures().fit(items)
    expected = as_bytes(features.transform(items, n_threads=1))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: as_bytes(features.transform(items)), range(8)))

    assert answers == [expected] * 8


def test_a_growing_table_counts_as_a_large_one_does(monkeypatch):
    items = some_items(200)
    expected = TextFeatures().fit(items).to_arrays()
    monkeypatch.setattr(vocabulary, "MIN_SLOTS", 2)

    grown = TextFeatures().fit(items).to_arrays()

    for name, array in grown.items():
        assert array.tobytes() == expected[name].tobytes(), name


def test_features_over_mapped_files_are_the_same_and_compile_nothing(tmp_path):
    items = some_items(50)
    features = TextFeatures().fit(items)
    expected = as_bytes(features.transform(items))
    n_versions = len(getattr(transform_rows, "signatures", ()))
    for name, array in features.to_arrays().items():
        np.save(tmp_path / f"{name}.npy", array)

    loaded = TextFeatures.from_arrays(
        json.loads(json.dumps(features.settings)),
        {path.stem: np.load(path, mmap_mode="r") for path in tmp_path.iterdir()},
    )

    assert as_bytes(loaded.transform(items)) == expected
    assert len(getattr(transform_rows, "signatures", ())) == n_versions
    assert loaded.feature_names() == features.feature_names()
    assert loaded.settings == features.settings
    for name, array in loaded.to_arrays().items():
        assert array.tobytes() == features.to_arrays()[name].tobytes(), name


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("table", lambda array: array[:-1]),
        ("table", lambda array: array[: len(array) // 4]),
        ("table", lambda array: array.astype(np.int64)),
        ("idf", lambda array: array[1:]),
        ("block_starts", lambda array: array[:-1]),
        ("name_bytes", lambda array: array[1:]),
        ("name_offsets", lambda array: array[1:]),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(name, damage):
    features = TextFeatures().fit(some_items(5))
    arrays = features.to_arrays()

    with pytest.raises(ValueError, match="do not fit together"):
        TextFeatures.from_arrays(features.settings, arrays | {name: damage(arrays[name])})


def test_some_feature_names_are_those_of_all():
    features = TextFeatures().fit(["日本語 Gaming-mouse", "gaming chair"])
    names = features.feature_names()

    assert features.feature_names([3, 0]) == [names[3], names[0]]
    assert features.n_features == len(names)
    assert {"title+description|word|gaming", "title+description|pair|日 本"} <= set(names)
    assert "title+description|pair|語 gaming" in names
    assert {"title|char| 日本語 ", "title|char|gami", "title|char| m"} <= set(names)


def test_different_ngrams_have_different_keys():
    letters = "abcdefghijklmnopqrstuvwxyz"
    titles = [f"{a}{b}{c}" for a in letters for b in letters for c in letters[:6]]
    block = NgramBlock(name="w", fields=("title",), unit="word", n_min=1, n_max=2)

    features = TextFeatures([block]).fit([" ".join(titles)])

    assert features.n_features == 2 * len(titles) - 1


def test_huge_texts_are_read_up_to_the_limit():
    block = NgramBlock(name="c", fields=("title",), unit="char", n_min=2, n_max=5)
    huge = TextFeatures([block]).fit(["ab" * MAX_CHARS, "日" * (MAX_CHARS - 1) + "本語"])
    short = TextFeatures([block]).fit(["ab" * 9, "日日日日日本"])

    assert sorted(huge.feature_names()) == sorted(short.feature_names())


def test_a_string_is_the_first_field():
    blocks = [
        NgramBlock(name="w", fields=("name", "title"), unit="word", n_min=1, n_max=1),
    ]
    features = TextFeatures(blocks).fit(["red"])

    assert features.transform([{"name": "red"}]).nnz == features.transform(["red"]).nnz == 1


def test_missing_fields_are_empty_and_no_items_give_no_rows():
    features = TextFeatures().fit(["red shoe"])

    assert features.transform([{}, {"title": None}, {"size": "red"}]).nnz == 0
    assert features.transform([]).shape == (0, features.n_features)


def test_a_field_that_is_not_text_is_refused():
    with pytest.raises(TypeError, match="field 'title' of an item holds int, not text"):
        TextFeatures().fit([{"title": 5}])


def test_items_without_text_cannot_be_learned_from():
    with pytest.raises(TrainingError, match="title, description of 2 items"):
        TextFeatures().fit(["", "--"])
    with pytest.raises(TrainingError, match="of 0 items"):
        TextFeatures().fit([])


def test_blocks_need_names_of_their_own():
    with pytest.raises(ValueError, match="names of their own"):
        TextFeatures([FAST_BLOCKS[0], FAST_BLOCKS[0]]).fit(["red"])
    with pytest.raises(ValueError, match="names of their own"):
        TextFeatures([]).fit(["red"])


def test_unfitted_features_say_so():
    with pytest.raises(NotFittedError, match="call fit first"):
        TextFeatures().transform(["red"])


def test_threads_below_one_are_refused():
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        TextFeatures().fit(["red"], n_threads=0)
