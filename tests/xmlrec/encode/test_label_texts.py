import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.encode.label_texts import (
    LabelTextWeights,
    choose_weights,
    encode_variants,
    example_sums,
    label_texts,
    label_vectors,
    nearest_labels,
    scale_rows,
    training_text,
)

NAMES = ["Tools", "Hammers", "Saws"]
PATHS = ["Tools", "Tools Hammers", "Tools Saws"]


def unit_rows(seed, shape):
    return scale_rows(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def note_and_encode(noted):
    def encode(texts):
        noted.append(list(texts))
        return unit_rows(len(texts), (len(texts), 4))

    return encode


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("Hammers", "Tools Hammers", "Hammers. Tools Hammers"),
        ("Tools", "Tools", "Tools"),
        ("Use tools.", "Work Use tools.", "Use tools. Work Use tools."),
        ("Hammers", "", "Hammers"),
        ("", "Tools", "Tools"),
    ],
)
def test_training_text_has_the_name_first(name, path, text):
    assert training_text(name, path) == text


def test_every_text_is_encoded_once():
    noted = []
    texts = label_texts(NAMES, PATHS, ["", "They hit.", "They cut."], [["Hammers"], ["Mauls"], []])
    variants = encode_variants(texts, note_and_encode(noted))

    assert len(noted) == 1
    assert len(noted[0]) == len(set(noted[0])) == 10
    np.testing.assert_array_equal(variants["aliases"][0], variants["name"][1])
    np.testing.assert_array_equal(variants["name"][0], variants["path"][0])


def test_a_label_without_a_text_of_a_kind_has_zeros():
    texts = label_texts(NAMES, PATHS, ["", "They hit.", " "], [[], ["Mauls"], [""]])
    variants = encode_variants(texts, note_and_encode([]))

    assert not variants["definition"][[0, 2]].any()
    assert not variants["aliases"][[0, 2]].any()
    assert variants["definition"][1].any()


def test_aliases_count_as_their_mean_scaled_to_unit_length():
    texts = label_texts(["a"], ["a"], aliases=[["b", "c", "b"]])
    vectors = dict(zip(texts.texts, np.eye(3, dtype=np.float32), strict=True))
    variants = encode_variants(texts, lambda wanted: np.array([vectors[text] for text in wanted]))

    np.testing.assert_allclose(variants["aliases"], [[0, 0.5**0.5, 0.5**0.5]], rtol=1e-6)


@pytest.mark.parametrize(
    ("definitions", "aliases"), [(["one"], None), (None, [[]]), (["a", "b", "c"], [[]])]
)
def test_texts_of_other_labels_are_refused(definitions, aliases):
    with pytest.raises(ValueError, match="3 labels have"):
        label_texts(NAMES, PATHS, definitions, aliases)


def test_a_path_for_each_name():
    with pytest.raises(ValueError, match="shorter"):
        label_texts(NAMES, PATHS[:2])


def test_vectors_are_weighted_means_shrunk_toward_by_kappa():
    variants = {"name": unit_rows(0, (3, 4)), "definition": unit_rows(1, (3, 4))}
    variants["definition"][2] = 0
    X = unit_rows(2, (5, 4))
    Y = sp.csr_array(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]], dtype=float))
    weights = LabelTextWeights(name=2, definition=0.5, kappa=3)

    vectors = label_vectors(variants, weights, sums=example_sums(X, Y))

    for label, rows in enumerate([[0, 1, 3], [2, 3], []]):
        t = 2 * variants["name"][label] + 0.5 * variants["definition"][label]
        t /= np.linalg.norm(t)
        n = len(rows)
        c = (n * (X[rows].mean(axis=0) if n else 0) + 3 * t) / (n + 3)
        np.testing.assert_allclose(vectors[label], c / np.linalg.norm(c), rtol=1e-5)
    assert vectors.dtype == np.float32


def test_without_examples_the_text_stands_alone():
    variants = {"name": unit_rows(0, (3, 4))}
    none = np.zeros((3, 4), dtype=np.float32)

    alone = label_vectors(variants, LabelTextWeights())
    np.testing.assert_allclose(alone, variants["name"], rtol=1e-6)
    np.testing.assert_allclose(
        label_vectors(variants, LabelTextWeights(), sums=none), alone, rtol=1e-6
    )


def test_a_label_without_text_and_examples_says_nothing():
    variants = {"name": np.zeros((2, 4), dtype=np.float32)}

    assert not label_vectors(variants, LabelTextWeights()).any()


@pytest.mark.parametrize("values", [{"name": -1}, {"kappa": np.inf}, {"path": np.nan}])
def test_weights_are_finite_and_not_negative(values):
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be 0 or more"):
        LabelTextWeights(**values)


def test_nearest_labels_leave_out_labels_that_say_nothing():
    vectors = np.eye(4, dtype=np.float32)
    vectors[1] = 0
    vectors[3] = vectors[0]
    X = np.array([[1, 0, 0, 0], [0, 0, 1, 0]], dtype=np.float32)

    found = nearest_labels(X, vectors, 4)

    np.testing.assert_array_equal(found, [[0, 3, 2, -1], [2, 0, 3, -1]])
    assert found.dtype == np.int32


def rows_that_only_definitions_tell(n_labels=30, dim=16):
    """Return variants and labelled rows: a row is near its label's definition."""
    rng = np.random.default_rng(0)
    variants = {kind: unit_rows(seed, (n_labels, dim)) for seed, kind in enumerate(
        ["name", "path", "name_path", "definition"]
    )}  # fmt: skip
    labels = rng.integers(n_labels, size=200)
    X = scale_rows(variants["definition"][labels] + 0.4 * unit_rows(9, (200, dim)))
    Y = sp.csr_array((np.ones(200), (np.arange(200), labels)), shape=(200, n_labels))
    return variants, X, Y


def test_the_text_that_tells_gets_the_weight():
    variants, X, Y = rows_that_only_definitions_tell()

    weights = choose_weights(variants, X, Y)

    ranked = nearest_labels(X, label_vectors(variants, weights), 1)[:, 0]
    assert (Y[np.arange(200), ranked] > 0).mean() > 0.95
    assert weights.definition > max(weights.name, weights.path, weights.name_path)
    assert weights == choose_weights(variants, X, Y)
    assert weights.kappa == LabelTextWeights().kappa


def test_examples_that_mislead_get_little_weight():
    variants, X, Y = rows_that_only_definitions_tell()
    sums = 8 * unit_rows(7, (30, 16))
    start = LabelTextWeights(name=0, path=0, name_path=0)

    assert choose_weights(variants, X, Y, sums=sums, start=start).kappa > start.kappa


def test_weights_that_cannot_be_improved_stay():
    variants, X, Y = rows_that_only_definitions_tell()
    X = variants["definition"][Y.indices]
    start = LabelTextWeights(name=0, path=0, name_path=0, aliases=0.25)

    assert choose_weights(variants, X, Y, start=start) == start
